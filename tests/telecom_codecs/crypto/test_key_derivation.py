"""Keys of cards from mother keys."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.kdf.kbkdf import KBKDFCMAC, CounterLocation, Mode

from telecom_codecs.card.identities import Aid, Iccid
from telecom_codecs.crypto.key_derivation import (
    DomainKeys,
    KeyUsage,
    cmac_kdf,
    derive_application_key,
    emv,
    iccid_diversifier,
    kdf3,
    pbocs,
    visa2,
    with_odd_parity,
)
from telecom_codecs.crypto.openssl import OpenSslProvider
from telecom_codecs.crypto.pycryptodome import PycryptodomeProvider
from telecom_codecs.errors import LocalError
from telecom_codecs.ota.packet_security import BlockCipher, CryptoProvider, KeySet, SecretKey
from tests.vectors import curated

PROVIDERS: tuple[CryptoProvider, ...] = (OpenSslProvider(), PycryptodomeProvider())
MOTHER = SecretKey(bytes(range(16)))
ICCID = Iccid("89860012345678901234")
AID = Aid(bytes.fromhex("F0594B543100020000002A594B010000"))


@pytest.fixture(params=PROVIDERS, ids=lambda provider: type(provider).__name__)
def provider(request: pytest.FixtureRequest) -> CryptoProvider:
    chosen: CryptoProvider = request.param
    return chosen


@pytest.mark.parametrize("row", [pytest.param(r, id=r["name"]) for r in curated("ota") if r["kind"] == "pboc"])
def test_pboc_keys_agree_with_the_known_answer(row: dict[str, str], provider: CryptoProvider) -> None:
    """The key of a PBOC card, raw, with parity, and its check value."""
    master, diversifier = SecretKey(bytes.fromhex(row["master"])), bytes.fromhex(row["diversifier"])
    raw = pbocs(master, diversifier, provider, odd_parity=False)
    key = pbocs(master, diversifier, provider)
    assert (raw.octets().hex(), key.octets().hex()) == (row["raw"], row["odd_parity"])
    assert key.kcv(provider, BlockCipher.DES3).hex() == row["kcv"]


@pytest.mark.parametrize(
    "row", [pytest.param(r, id=r["name"]) for r in curated("ota") if r["kind"] == "diversification"]
)
def test_diversified_keys_agree(row: dict[str, str], provider: CryptoProvider) -> None:
    """One row of each GlobalPlatform scheme, so that a fresh clone proves them."""
    scheme = {"emv": emv, "visa2": visa2, "kdf3": kdf3}[row["scheme"]]
    keys = scheme(SecretKey(bytes.fromhex(row["master"])), bytes.fromhex(row["kdd"]), provider)
    assert [key.octets().hex() for key in (keys.enc, keys.mac, keys.dek)] == [row["enc"], row["mac"], row["dek"]]


@pytest.mark.parametrize("bits", [128, 192, 256])
@pytest.mark.parametrize("length", [16, 24, 32])
def test_the_cmac_kdf_is_the_one_of_sp_800_108(bits: int, length: int, provider: CryptoProvider) -> None:
    """A key management system with a standard KDF derives the same keys as we do."""
    master, label, context = bytes(range(length)), b"\x01\x07", bytes(26)
    standard = KBKDFCMAC(AES, Mode.CounterMode, bits // 8, 1, 2, CounterLocation.BeforeFixed, label, context, None)
    derived = cmac_kdf(SecretKey(master), label, context, bits, provider)
    assert derived.octets() == standard.derive(master)


def test_every_input_changes_the_application_key(provider: CryptoProvider) -> None:
    """A key belongs to one usage, version, card and application; another of any gives another key."""
    keys = {
        derive_application_key(MOTHER, KeyUsage.LOAD, 1, ICCID, AID, provider),
        derive_application_key(MOTHER, KeyUsage.TAC, 1, ICCID, AID, provider),
        derive_application_key(MOTHER, KeyUsage.LOAD, 2, ICCID, AID, provider),
        derive_application_key(MOTHER, KeyUsage.LOAD, 1, Iccid("89860012345678901235"), AID, provider),
        derive_application_key(MOTHER, KeyUsage.LOAD, 1, ICCID, Aid(bytes(16)), provider),
        derive_application_key(SecretKey(bytes(16)), KeyUsage.LOAD, 1, ICCID, AID, provider),
    }
    assert len(keys) == 6
    assert {key.length for key in keys} == {16}


def test_the_application_key_is_bound_to_the_octets_of_the_specification() -> None:
    """Label usage | version, context ICCID as in EF.ICCID | AID."""
    derived = derive_application_key(MOTHER, KeyUsage.DOOR, 3, ICCID, AID, PROVIDERS[0])
    context = bytes.fromhex("98680021436587092143") + AID.octets
    assert derived == cmac_kdf(MOTHER, bytes((5, 3)), context, 128, PROVIDERS[0])


def test_the_diversifier_is_the_last_sixteen_digits() -> None:
    """19 and 20 digits alike."""
    assert iccid_diversifier(Iccid("89860012345678901234")).hex() == "0012345678901234"
    assert iccid_diversifier(Iccid("8986001234567890123")).hex() == "6001234567890123"


def test_odd_parity_is_odd_for_every_octet() -> None:
    """DES keys are kept with odd parity."""
    for octet in range(256):
        (result,) = with_odd_parity(bytes((octet,)))
        assert result.bit_count() % 2 == 1
        assert result >> 1 == octet >> 1


def test_domain_keys_serve_as_a_key_set() -> None:
    """ENC is KIc, MAC is KID, DEK is KIK."""
    keys = [SecretKey(bytes((number,)) * 16) for number in (1, 2, 3)]
    assert DomainKeys(*keys).key_set() == KeySet(*keys)


def test_inputs_of_the_wrong_size_are_the_callers_fault(provider: CryptoProvider) -> None:
    """Nothing is cut or filled in silence."""
    with pytest.raises(LocalError):
        cmac_kdf(MOTHER, b"", b"", 64, provider)
    with pytest.raises(LocalError):
        pbocs(MOTHER, bytes(7), provider)
    with pytest.raises(LocalError):
        pbocs(SecretKey(bytes(32)), bytes(8), provider)
    for scheme in (visa2, emv, kdf3):
        with pytest.raises(LocalError):
            scheme(MOTHER, bytes(9), provider)
    with pytest.raises(LocalError):
        derive_application_key(MOTHER, 1, 1, ICCID, Aid(bytes(15)), provider)
    with pytest.raises(LocalError):
        derive_application_key(MOTHER, 256, 1, ICCID, AID, provider)
