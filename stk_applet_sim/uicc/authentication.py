"""AUTHENTICATE of a USIM: 3G and GSM context, sequence numbers — 3GPP TS 31.102 §7.1.2, TS 33.102 §6.3 and annex C.

SQN is SEQ (43 bits) and IND (5 bits): the card remembers the highest SEQ of each IND and takes a challenge whose SEQ
is higher than the one it has for that IND (annex C.2.2). The optional limit on jumps and on age is not used: a test
network may begin anywhere. A SEQ is durable before the answer leaves.
"""

from __future__ import annotations

import hmac
from typing import Final

from telecom_codecs.crypto.secret_key import CryptoProvider
from telecom_codecs.octets import Cursor

from .memory import NonVolatile
from .milenage import Milenage, SubscriberKey
from .status import AUTHENTICATION_MAC_WRONG, WRONG_LENGTH, WRONG_P1_P2, Refused

GSM_CONTEXT, UMTS_CONTEXT = 0x80, 0x81  #: P2
RAND_OCTETS: Final = 16
SUCCESS, SYNCHRONISATION_FAILURE = 0xDB, 0xDC  #: first octet of the answer in the 3G context
_SQN_OCTETS, _INDICES, _IND_BITS = 6, 32, 5
_NAME = "authentication/sqn"
_RESYNCHRONISATION_AMF = bytes(2)


class Authentication:
    """One subscriber's secret and what of the sequence numbers has been seen."""

    __slots__ = ("_functions", "_memory")

    def __init__(self, key: SubscriberKey, memory: NonVolatile, provider: CryptoProvider) -> None:
        self._functions = Milenage(key, provider)
        self._memory = memory

    def authenticate(self, context: int, octets: bytes) -> bytes:
        """The data of AUTHENTICATE in the context of P2; the answer. Refused 9862 (MAC), 6A86 (context), 6700."""
        if context not in (GSM_CONTEXT, UMTS_CONTEXT):
            raise Refused(WRONG_P1_P2)
        cursor = Cursor(octets)
        rand = _field(cursor)
        autn = _field(cursor) if context == UMTS_CONTEXT else b""
        cursor.expect_end("challenge")
        return self.umts(rand, autn) if autn else b"".join(map(_sized, self.gsm(rand)))

    def gsm(self, rand: bytes) -> tuple[bytes, bytes]:
        """SRES 4 and Kc 8: RES, CK and IK folded by c2 and c3 of TS 33.102 §6.8.1.2."""
        vector = self._functions.vector(rand)
        return _folded(vector.res, 4), _folded(vector.ck + vector.ik, 8)

    def umts(self, rand: bytes, autn: bytes) -> bytes:
        """DB with RES, CK, IK and Kc; DC with AUTS when SQN was seen before. Refused 9862: not from our network."""
        vector = self._functions.vector(rand)
        sqn, amf, mac = _xor(autn[:6], vector.ak), autn[6:8], autn[8:]
        expected, _ = self._functions.macs(rand, sqn, amf)
        if not hmac.compare_digest(expected, mac):
            raise Refused(AUTHENTICATION_MAC_WRONG)
        if not self._accepts(int.from_bytes(sqn, "big")):
            return bytes([SYNCHRONISATION_FAILURE]) + _sized(self._auts(rand))
        kc = _folded(vector.ck + vector.ik, 8)
        return bytes([SUCCESS]) + b"".join(map(_sized, (vector.res, vector.ck, vector.ik, kc)))

    def _accepts(self, sqn: int) -> bool:
        """Fresh: then remembered (annex C.2.2)."""
        seen = self._seen()
        index, sequence = sqn & (_INDICES - 1), sqn >> _IND_BITS
        if sequence <= seen[index]:
            return False
        seen[index] = sequence
        self._memory.write(_NAME, b"".join(value.to_bytes(_SQN_OCTETS, "big") for value in seen))
        return True

    def _auts(self, rand: bytes) -> bytes:
        """The highest SQN accepted, hidden, with MAC-S: the network goes on from there (TS 33.102 §6.3.3)."""
        seen = self._seen()
        sequence = max(seen)
        sqn = (sequence << _IND_BITS | seen.index(sequence)).to_bytes(_SQN_OCTETS, "big")
        _, mac = self._functions.macs(rand, sqn, _RESYNCHRONISATION_AMF)
        return _xor(sqn, self._functions.resynchronisation_key(rand)) + mac

    def _seen(self) -> list[int]:
        octets = self._memory.read(_NAME, bytes(_SQN_OCTETS * _INDICES))
        return [int.from_bytes(octets[at : at + _SQN_OCTETS], "big") for at in range(0, len(octets), _SQN_OCTETS)]


def _field(cursor: Cursor) -> bytes:
    """RAND or AUTN: a length octet, always 16, and the octets."""
    if cursor.u8("length") != RAND_OCTETS:
        raise Refused(WRONG_LENGTH)
    return cursor.take(RAND_OCTETS, "challenge")


def _sized(octets: bytes) -> bytes:
    return bytes([len(octets)]) + octets


def _folded(octets: bytes, size: int) -> bytes:
    """All pieces of `size` octets added by XOR."""
    folded = bytes(size)
    for at in range(0, len(octets), size):
        folded = _xor(folded, octets[at : at + size])
    return folded


def _xor(left: bytes, right: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(left, right, strict=True))
