"""MILENAGE: the authentication functions f1 to f5* over AES-128 — 3GPP TS 35.206 §4, annex 3.

Octets in, octets out; the key K and the operator's OPc are opaque. Sequence numbers and verdicts are
authentication.py's.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from telecom_codecs.crypto.secret_key import BlockCipher, CryptoProvider, SecretKey

_BLOCK = 16
#: r1 to r5 in octets and c1 to c5, TS 35.206 §4.1
_ROTATION = (8, 0, 4, 8, 12)
_CONSTANT = (0, 1, 2, 4, 8)


@dataclass(frozen=True, slots=True)
class SubscriberKey:
    """K and OPc of one USIM."""

    k: SecretKey = field(repr=False)
    opc: SecretKey = field(repr=False)


@dataclass(frozen=True, slots=True)
class Vector:
    """What a random challenge leads to: f2, f3, f4 and f5."""

    res: bytes = field(repr=False)
    ck: bytes = field(repr=False)
    ik: bytes = field(repr=False)
    ak: bytes = field(repr=False)


class Milenage:
    """The functions for one subscriber."""

    __slots__ = ("_key", "_opc", "_provider")

    def __init__(self, key: SubscriberKey, provider: CryptoProvider) -> None:
        self._key = key.k
        self._opc = key.opc.octets()
        self._provider = provider

    def vector(self, rand: bytes) -> Vector:
        """RES 8, CK 16, IK 16, AK 6 for a challenge of 16 octets."""
        temp = self._cipher(_xor(rand, self._opc))
        second = self._out(temp, 1)
        return Vector(second[8:], self._out(temp, 2), self._out(temp, 3), second[:6])

    def macs(self, rand: bytes, sqn: bytes, amf: bytes) -> tuple[bytes, bytes]:
        """MAC-A (f1) and MAC-S (f1*), 8 octets each, over SQN 6 and AMF 2."""
        temp = self._cipher(_xor(rand, self._opc))
        block = (sqn + amf) * 2
        turned = _turned(_xor(block, self._opc), _ROTATION[0])
        out = _xor(self._cipher(_xor(temp, turned)), self._opc)
        return out[:8], out[8:]

    def resynchronisation_key(self, rand: bytes) -> bytes:
        """AK of f5*, 6 octets: hides the card's SQN in AUTS."""
        return self._out(self._cipher(_xor(rand, self._opc)), 4)[:6]

    def _out(self, temp: bytes, number: int) -> bytes:
        turned = bytearray(_turned(_xor(temp, self._opc), _ROTATION[number]))
        turned[-1] ^= _CONSTANT[number]
        return _xor(self._cipher(bytes(turned)), self._opc)

    def _cipher(self, block: bytes) -> bytes:
        return self._provider.encrypt(BlockCipher.AES, "ecb", self._key, b"", block)


def _turned(block: bytes, octets: int) -> bytes:
    """Rotated to the left."""
    return block[octets:] + block[:octets]


def _xor(left: bytes, right: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(left, right, strict=True))
