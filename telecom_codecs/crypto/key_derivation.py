"""Keys from keys: one mother key, a key of its own for every card.

CMAC-KDF (NIST SP 800-108 in counter mode) for AES cards; PBOC/EMV option A and the GlobalPlatform
schemes VISA2, EMV and KDF3 for cards that came with them. Whoever holds a mother key derives; cards
hold derived keys only.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from ..card.identities import Aid, Iccid
from ..errors import LocalError
from .secret_key import BlockCipher, CryptoProvider, KeySet, SecretKey

_KEY_BITS: Final = (128, 192, 256)


def cmac_kdf(master: SecretKey, label: bytes, context: bytes, bits: int, provider: CryptoProvider) -> SecretKey:
    """SP 800-108 §4.1: K(i) = CMAC(master, i | label | 00 | context | bits), i in one octet, bits in two."""
    if bits not in _KEY_BITS:
        raise LocalError(f"a derived key of {bits} bits: 128, 192 or 256", clause="SP 800-108 §4.1")
    return _counter_mode(master, label + b"\x00" + context + bits.to_bytes(2, "big"), bits // 8, provider)


def _counter_mode(master: SecretKey, fixed: bytes, octets: int, provider: CryptoProvider) -> SecretKey:
    blocks = -(-octets // 16)
    stream = b"".join(provider.cmac(master, bytes((i,)) + fixed) for i in range(1, blocks + 1))
    return SecretKey(stream[:octets])


class KeyUsage(IntEnum):
    """What an enterprise's derived key is for — docs/wire/card-application.md §2."""

    LOAD = 0x01
    TAC = 0x02
    PURCHASE = 0x03
    ATTENDANCE = 0x04
    DOOR = 0x05


def derive_application_key(  # noqa: PLR0917 - what the key is bound to, in the order of the derivation
    mother: SecretKey, usage: int, version: int, iccid: Iccid, aid: Aid, provider: CryptoProvider
) -> SecretKey:
    """The AES-128 key of one application on one card: label usage | version, context ICCID (10) | AID (16)."""
    if len(aid.octets) != 16:
        raise LocalError(f"the AID of an enterprise application has 16 octets, not {len(aid.octets)}")
    if not (0 <= usage <= 0xFF and 0 <= version <= 0xFF):
        raise LocalError("key usage and version are one octet each")
    return cmac_kdf(mother, bytes((usage, version)), iccid.octets() + aid.octets, 128, provider)


def iccid_diversifier(iccid: Iccid) -> bytes:
    """The eight octets D of a card: the last sixteen digits of its ICCID, one per half octet."""
    return bytes.fromhex(iccid.digits[-16:])


def pbocs(master: SecretKey, diversifier: bytes, provider: CryptoProvider, *, odd_parity: bool = True) -> SecretKey:
    """PBOC / EMV option A: left half 3DES(master, D), right half 3DES(master, not D).

    D is eight octets. Apply it again for a further level (root, enterprise, card). `odd_parity` sets
    the parity bits, as keys are kept; False leaves the raw ciphertext.
    """
    if len(diversifier) != 8:
        raise LocalError(f"the diversifier has 8 octets, not {len(diversifier)}", clause="EMV Book 2 A1.4.1")
    blocks = diversifier + bytes(octet ^ 0xFF for octet in diversifier)
    raw = _des3_ecb(master, blocks, provider)
    return SecretKey(with_odd_parity(raw) if odd_parity else raw)


def with_odd_parity(octets: bytes) -> bytes:
    """DES key octets with bit 1 set so that every octet has an odd number of ones."""
    return bytes((octet & 0xFE) | ((octet >> 1).bit_count() + 1 & 1) for octet in octets)


@dataclass(frozen=True, slots=True)
class DomainKeys:
    """Key set of a security domain: ENC (1), MAC (2), DEK (3)."""

    enc: SecretKey
    mac: SecretKey
    dek: SecretKey

    def key_set(self) -> KeySet:
        """The same three as KIc, KID and KIK."""
        return KeySet(self.enc, self.mac, self.dek)


def visa2(master: SecretKey, kdd: bytes, provider: CryptoProvider) -> DomainKeys:
    """VISA2 from the ten octets of key diversification data: octets 1-2 and 5-8 of them."""
    _check_kdd(kdd)
    return _two_halves(master, kdd[:2] + kdd[4:8], provider)


def emv(master: SecretKey, kdd: bytes, provider: CryptoProvider) -> DomainKeys:
    """EMV CPS 1.1 from the ten octets of key diversification data: the last six of them."""
    _check_kdd(kdd)
    return _two_halves(master, kdd[4:10], provider)


def kdf3(master: SecretKey, kdd: bytes, provider: CryptoProvider) -> DomainKeys:
    """KDF3: CMAC(master, i | 00 00 00 k | 00 | KDD), k = 1, 2, 3; as many bits as the master key has."""
    _check_kdd(kdd)
    enc, mac, dek = (
        _counter_mode(master, bytes((0, 0, 0, number, 0)) + kdd, master.length, provider) for number in (1, 2, 3)
    )
    return DomainKeys(enc, mac, dek)


def _two_halves(master: SecretKey, six: bytes, provider: CryptoProvider) -> DomainKeys:
    """Key k is 3DES(master, six F0 k | six 0F k)."""
    enc, mac, dek = (
        SecretKey(_des3_ecb(master, six + bytes((0xF0, number)) + six + bytes((0x0F, number)), provider))
        for number in (1, 2, 3)
    )
    return DomainKeys(enc, mac, dek)


def _des3_ecb(master: SecretKey, blocks: bytes, provider: CryptoProvider) -> bytes:
    if master.length not in BlockCipher.DES3.key_lengths:
        raise LocalError(f"a 3DES mother key has 16 or 24 octets, not {master.length}")
    return provider.encrypt(BlockCipher.DES3, "ecb", master, b"", blocks)


def _check_kdd(kdd: bytes) -> None:
    if len(kdd) != 10:
        raise LocalError(f"key diversification data has 10 octets, not {len(kdd)}", clause="GlobalPlatform §E.5.1.3")
