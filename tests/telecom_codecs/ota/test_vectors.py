"""The OTA vectors of other programs: opened to what they state, and sealed to the same octets again."""

from __future__ import annotations

from typing import Any

import pytest

from telecom_codecs.card.identities import Tar
from telecom_codecs.crypto.crc import crc16, crc32
from telecom_codecs.crypto.key_derivation import emv, kdf3, visa2
from telecom_codecs.crypto.openssl import OpenSslProvider
from telecom_codecs.crypto.pycryptodome import PycryptodomeProvider
from telecom_codecs.errors import CheckFailed
from telecom_codecs.globalplatform.commands import (
    InstallParameters,
    KeyComponent,
    KeyInformation,
    KeyType,
    MenuEntry,
    encode_key_template,
    kcv,
    key_information,
    wrap_key,
)
from telecom_codecs.ota.packet_security import (
    BlockCipher,
    CryptoProvider,
    KeySet,
    SecretKey,
    open_command,
    open_response,
    seal_command,
    seal_response,
)
from telecom_codecs.ota.secured_packet import CommandHeader, CommandPacket, ResponseHeader, ResponsePacket, Spi
from tests.vectors import curated, foreign, needs_vectors

PROVIDERS: tuple[CryptoProvider, ...] = (OpenSslProvider(), PycryptodomeProvider())


@pytest.fixture(params=PROVIDERS, ids=lambda provider: type(provider).__name__)
def provider(request: pytest.FixtureRequest) -> CryptoProvider:
    """Each crypto library in turn: both must agree with the vector and so with each other."""
    chosen: CryptoProvider = request.param
    return chosen


def octets(row: dict[str, Any], name: str) -> bytes:
    return bytes.fromhex(row[name] or "")


def rows(*kinds: str) -> list[Any]:
    """The foreign vectors of these kinds, each under its own name."""
    return [pytest.param(row, id=row["name"]) for row in foreign("ota") if row["kind"] in kinds]


def curated_rows(kind: str) -> list[Any]:
    """Our own sourced selection: there in every clone."""
    return [pytest.param(row, id=row["name"]) for row in curated("ota") if row["kind"] == kind]


def keys_of(row: dict[str, Any]) -> KeySet | None:
    """The key set of a vector; None when it has no keys."""
    if not row.get("kic_key") and not row.get("kid_key"):
        return None
    check = octets(row, "kid_key")
    return KeySet(SecretKey(bytes.fromhex(row.get("kic_key") or "") or check), SecretKey(check))


def is_weak(row: dict[str, Any]) -> bool:
    """Whether the vector uses single DES somewhere, or a 3DES key that is worth no more."""
    keys = keys_of(row)
    single = {1, 0xD} & {int(row["kic"], 16) & 15, int(row["kid"], 16) & 15}
    return bool(single) or (keys is not None and (keys.ciphering.is_degenerate or keys.check.is_degenerate))


def command_of(row: dict[str, Any]) -> CommandPacket:
    spi = Spi.decode(bytes.fromhex(row["spi1"] + row["spi2"]))
    return CommandPacket(
        spi,
        int(row["kic"], 16),
        int(row["kid"], 16),
        Tar(octets(row, "tar")),
        int(row["cntr"], 16),
        octets(row, "plaintext"),
    )


def check_command(row: dict[str, Any], provider: CryptoProvider) -> None:
    """Open the packet to the stated meaning, then seal that meaning to the same octets."""
    packet, keys, weak = octets(row, "packet"), keys_of(row), is_weak(row)
    opened = open_command(packet, keys, provider, weak_algorithms=weak)
    assert opened.packet == command_of(row)
    assert not opened.chl_start
    sealed = seal_command(command_of(row), keys, provider, mac_length=opened.check_length or 8, weak_algorithms=weak)
    assert sealed == packet


@needs_vectors
@pytest.mark.parametrize("row", rows("command"))
def test_command_packets_of_strangers_open_and_seal_to_the_same_octets(
    row: dict[str, Any], provider: CryptoProvider
) -> None:
    """What pySim, gsm0348 and the cards' makers write, we read; and we write it just like that."""
    check_command(row, provider)
    opened = open_command(octets(row, "packet"), keys_of(row), provider, weak_algorithms=True)
    assert opened.check_length == len(octets(row, "rc_cc_ds"))
    meaning, spi = row["spi"], opened.packet.spi
    assert (spi.ciphered, spi.por_ciphered) == (meaning["ciphering"], meaning["por_ciphered"])
    assert spi.check.name.lower() == meaning["rc_cc_ds"].replace("dds", "ds")
    assert spi.por_in_submit == (meaning["por_via"] == "sms_submit")


@needs_vectors
@pytest.mark.parametrize("row", rows("command"))
def test_a_packet_without_cpl_is_read_unless_it_is_ciphered(row: dict[str, Any], provider: CryptoProvider) -> None:
    """pySim leaves CPL out of unciphered packets: same meaning, and the value is sealed with CPL again."""
    short = octets(row, "packet")[2:]
    if Spi.decode(bytes.fromhex(row["spi1"] + row["spi2"])).ciphered:
        with pytest.raises(ValueError):
            CommandHeader.peek(short)
        return
    opened = open_command(short, keys_of(row), provider, weak_algorithms=is_weak(row))
    assert opened.chl_start
    assert opened.packet == command_of(row)


def check_response(row: dict[str, Any], provider: CryptoProvider) -> None:
    """Open the response to the stated meaning, then seal that meaning to the same octets."""
    spi = Spi.decode(b"\x00" + octets(row, "spi2"))
    kic, kid, keys, weak = int(row["kic"], 16), int(row["kid"], 16), keys_of(row), is_weak(row)
    stated = ResponsePacket(
        Tar(octets(row, "tar")), int(row["cntr"], 16), int(row["status_code"], 16), octets(row, "response_data")
    )
    packet = octets(row, "packet")
    opened = open_response(packet, spi, kic, kid, keys, provider, weak_algorithms=weak)
    assert opened.packet == stated
    assert opened.authentic == (bool(row["rc_cc_ds"]) and spi.por_check.name == "CC")
    secured = packet[2] != 0x0A or spi.por_check.value == 0
    length = len(octets(row, "rc_cc_ds")) or 8
    assert packet == seal_response(
        stated, spi, kic, kid, keys, provider, secured=secured, mac_length=length, weak_algorithms=weak
    )


@needs_vectors
@pytest.mark.parametrize("row", rows("response"))
def test_responses_of_real_cards_open_and_seal_to_the_same_octets(
    row: dict[str, Any], provider: CryptoProvider
) -> None:
    """A proof of receipt from another maker's card is believed exactly when its CC is good."""
    check_response(row, provider)


@pytest.mark.parametrize("row", curated_rows("command"))
def test_a_selection_of_foreign_commands_agrees_in_every_clone(row: dict[str, Any], provider: CryptoProvider) -> None:
    """The path is proved without any further download."""
    check_command(row, provider)


@pytest.mark.parametrize("row", curated_rows("response"))
def test_a_selection_of_foreign_responses_agrees_in_every_clone(row: dict[str, Any], provider: CryptoProvider) -> None:
    """The path is proved without any further download."""
    check_response(row, provider)


@needs_vectors
@pytest.mark.parametrize("row", rows("response_negative"))
def test_a_response_with_a_wrong_cc_is_refused(row: dict[str, Any], provider: CryptoProvider) -> None:
    """A proof of receipt that somebody touched proves nothing."""
    spi = Spi.decode(b"\x02" + octets(row, "spi2"))
    with pytest.raises(CheckFailed):
        open_response(
            octets(row, "packet_with_udh")[3:], spi, int(row["kic"], 16), int(row["kid"], 16), keys_of(row), provider
        )


@needs_vectors
@pytest.mark.parametrize("row", rows("concat_command"))
def test_long_commands_are_sealed_before_they_are_cut(row: dict[str, Any], provider: CryptoProvider) -> None:
    """The packet of a long message is one packet; cutting it into segments is the user data header's affair."""
    base = next((other for other in foreign("ota") if other["name"] == row.get("base")), row)
    check_command(base, provider)
    first, *others = (bytes.fromhex(segment) for segment in row["user_data_segments"])
    assert first[8:] + b"".join(segment[6:] for segment in others) == octets(base, "packet")


@needs_vectors
@pytest.mark.parametrize("row", rows("concat_response"))
def test_a_long_response_without_key_has_a_readable_header(row: dict[str, Any]) -> None:
    """Structure only: the vector names no key."""
    first, *others = (bytes.fromhex(segment) for segment in row["user_data_segments"])
    packet = octets(row, "packet")
    assert first[8:] + b"".join(segment[6:] for segment in others) == packet
    assert ResponseHeader.peek(packet).tar == Tar(bytes.fromhex("b00011"))


@needs_vectors
@pytest.mark.parametrize("row", rows("crc"))
def test_redundancy_checks_agree(row: dict[str, Any]) -> None:
    """CRC-16 and CRC-32 as the cards compute them."""
    check = crc16 if "16" in row["name"] else crc32
    assert check(octets(row, "data")) == octets(row, "result")


CIPHERS = {"aes": BlockCipher.AES, "3des": BlockCipher.DES3}


@needs_vectors
@pytest.mark.parametrize("row", rows("kcv"))
def test_key_check_values_agree(row: dict[str, Any], provider: CryptoProvider) -> None:
    """The three octets two officers compare on the telephone."""
    algorithm = CIPHERS[row["alg"].split()[0]]
    assert kcv(SecretKey(octets(row, "key")), algorithm, provider).hex() == row["kcv"]


@needs_vectors
@pytest.mark.parametrize("row", rows("key_diversification"))
def test_diversified_keys_agree(row: dict[str, Any], provider: CryptoProvider) -> None:
    """Cards of other issuers come with keys derived in these ways."""
    scheme = {"emv": emv, "visa2": visa2, "kdf3": kdf3}[
        row["name"].split("-")[1] if "kdf3" not in row["name"] else "kdf3"
    ]
    keys = scheme(SecretKey(octets(row, "master")), octets(row, "kdd"), provider)
    algorithm = BlockCipher.AES if scheme is kdf3 else BlockCipher.DES3
    for name in ("enc", "mac", "dek"):
        key: SecretKey = getattr(keys, name)
        assert key.octets().hex() == row["derived"][name]
        assert kcv(key, algorithm, provider).hex() == row["kcv"][name]


@needs_vectors
@pytest.mark.parametrize("row", rows("put_key"))
def test_a_key_is_wrapped_as_other_tools_wrap_it(row: dict[str, Any], provider: CryptoProvider) -> None:
    """The DEK of the session is the one the same source states for the same sequence number."""
    (session,) = (other for other in foreign("ota") if other["kind"] == "scp02_session" and other["seq"] == row["seq"])
    dek = SecretKey(bytes.fromhex(session["session"]["s_dek"]))
    assert wrap_key(SecretKey(octets(row, "plain")), dek, BlockCipher.DES3, provider).hex() == row["encrypted"]


@needs_vectors
@pytest.mark.parametrize("row", rows("key_information"))
def test_what_a_card_says_of_its_keys_is_understood(row: dict[str, Any]) -> None:
    """Which key versions are on a card, before and after PUT KEY."""
    whole, stated = octets(row, "hex"), row["decoded"]
    keys = key_information(whole)
    if "number_of_keys" in stated:
        assert len(keys) == stated["number_of_keys"]
        assert encode_key_template(keys) == whole
        return
    types = {"des": KeyType.DES, "aes": KeyType.AES}
    components = tuple(KeyComponent(types[part["type"]], part["length"]) for part in stated["key_types"])
    assert keys == (KeyInformation(stated["key_identifier"], stated["key_version_number"], components),)
    assert keys[0].encode() == whole


@needs_vectors
@pytest.mark.parametrize("row", rows("install_parameters"))
def test_install_parameters_agree(row: dict[str, Any]) -> None:
    """Read to the quotas and toolkit resources that were asked for, and written as another tool writes them."""
    parameters = InstallParameters.decode(octets(row, "hex"))
    assert parameters.encode(checked=False) == octets(row, "hex")
    if "args" not in row:
        assert parameters == InstallParameters()
        return
    args = row["args"]
    assert (parameters.non_volatile, parameters.volatile) == (args["non_volatile"], args["volatile"])
    toolkit = parameters.sim_toolkit
    assert toolkit is not None
    assert toolkit.encode().hex() == args["stk"]
    assert (toolkit.access_domain, toolkit.toolkit.priority, toolkit.toolkit.text_length) == (b"\x00", 1, 0x15)
    assert toolkit.toolkit.menu == (MenuEntry(),) * 5


def test_every_vector_of_our_formats_is_tried() -> None:
    """No vector is left out in silence: the kinds that are not ours are named here."""
    ours = {
        "command", "response", "response_negative", "concat_command", "concat_response", "crc", "kcv",
        "key_diversification", "put_key", "key_information", "install_parameters",
    }  # fmt: skip
    elsewhere = {
        "udh",
        "sms_address",
        "sms_tpdu",
        "envelope_sms_pp",
        "sms_concat",
        "scp02",
        "scp02_session",
        "scp03",
        "scp81",
    }
    assert {row["kind"] for row in foreign("ota")} <= ours | elsewhere
