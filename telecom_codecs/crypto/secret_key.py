"""Secret keys as opaque values, and what is asked of a crypto provider.

A key never shows its octets unless :meth:`SecretKey.octets` is called by name. Providers (floor 2 by
exception, :mod:`telecom_codecs.providers`) do the arithmetic; no key, message or error of theirs
leaves this protocol.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from enum import Enum
from itertools import pairwise
from typing import Final, Literal, NoReturn, Protocol, Self

from ..errors import LocalError

Mode = Literal["cbc", "ecb"]


class BlockCipher(Enum):
    """A block cipher; the key length tells two- from three-key 3DES and AES-128, 192 and 256."""

    DES = "DES"
    DES3 = "3DES"
    AES = "AES"

    slot: int  #: 0, 1, 2: for tables that must not pay for hashing an enum
    block: int  #: octets of a block
    key_lengths: tuple[int, ...]  #: octets a key may have

    def __init__(self, title: str) -> None:
        self.slot = ("DES", "3DES", "AES").index(title)
        self.block = 16 if title == "AES" else 8
        self.key_lengths = {"DES": (8,), "3DES": (16, 24), "AES": (16, 24, 32)}[title]


_KEY_LENGTHS: Final = (8, 16, 24, 32)


class SecretKey:
    """The octets of a key, opaque: not printed, not formatted, not pickled, compared in constant time.

    >>> SecretKey(bytes(16))
    SecretKey(<16 octets>)
    """

    __slots__ = ("_degenerate", "_hash", "_octets", "length")

    length: int  #: octets

    def __init__(self, octets: bytes) -> None:
        if len(octets) not in _KEY_LENGTHS:
            raise LocalError(f"a key has 8, 16, 24 or 32 octets, not {len(octets)}")
        self._octets = bytes(octets)
        self._hash = hash(self._octets)
        self._degenerate: bool | None = None
        self.length = len(octets)

    def octets(self) -> bytes:
        """The key itself; for providers and key wrapping only."""
        return self._octets

    @property
    def is_degenerate(self) -> bool:
        """As a 3DES key it is worth no more than single DES: K1 = K2 or K2 = K3, parity bits apart."""
        if self._degenerate is None:
            parts = [bytes(octet & 0xFE for octet in self._octets[i : i + 8]) for i in range(0, self.length, 8)]
            self._degenerate = self.length in (16, 24) and any(a == b for a, b in pairwise(parts))
        return self._degenerate

    def kcv(self, provider: CryptoProvider, algorithm: BlockCipher = BlockCipher.AES) -> bytes:
        """Key check value, 3 octets: AES over sixteen 01 (GP Amd D §4.1.4), DES and 3DES over zeros (GP §B.5)."""
        block = b"\x01" * 16 if algorithm is BlockCipher.AES else bytes(8)
        return provider.encrypt(algorithm, "ecb", self, b"", block)[:3]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, SecretKey):
            return NotImplemented
        return self is other or hmac.compare_digest(self._octets, other._octets)

    def __hash__(self) -> int:
        return self._hash

    def __repr__(self) -> str:
        return f"SecretKey(<{self.length} octets>)"

    __str__ = __repr__

    def __format__(self, specification: str) -> str:
        return repr(self)

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: object) -> Self:
        return self

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a SecretKey is not pickled: wrap it under a key-encryption key instead")


@dataclass(frozen=True, slots=True)
class KeySet:
    """The keys behind one key set index: KIc, KID and, if known, the key-encryption key (KIK, DEK)."""

    ciphering: SecretKey
    check: SecretKey
    key_encryption: SecretKey | None = None


class CryptoProvider(Protocol):
    """Block cipher arithmetic. Data is whole blocks, `iv` one block for "cbc" and ignored for "ecb".

    A key that does not fit the algorithm and data that is not whole blocks are `LocalError`: callers
    check what came from elsewhere first.
    """

    def encrypt(self, algorithm: BlockCipher, mode: Mode, key: SecretKey, iv: bytes, data: bytes) -> bytes: ...

    def decrypt(self, algorithm: BlockCipher, mode: Mode, key: SecretKey, iv: bytes, data: bytes) -> bytes: ...

    def cbc_mac(self, algorithm: BlockCipher, key: SecretKey, data: bytes) -> bytes:
        """Last block of CBC over zero-padded data, IV zero — ISO 9797-1 algorithm 1, padding 1."""
        ...

    def cmac(self, key: SecretKey, data: bytes) -> bytes:
        """AES-CMAC, 16 octets — NIST SP 800-38B."""
        ...
