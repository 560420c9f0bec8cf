"""The key sets of a card: those it was born with, and what PUT KEY made of them (TS 102 226 §8.2.1.5).

A set is replaced in one write, so a loss of power leaves the old keys or the new ones. Counters are not kept here:
they belong to the index of a set and go on when its keys change, so nothing that was heard once is heard again.
"""

from __future__ import annotations

from collections.abc import Mapping

from telecom_codecs.crypto.secret_key import KeySet, SecretKey

from .memory import NonVolatile
from .profile import KeyEntry, KeyKind

KEY_SET_OCTETS = 128  #: what a set that PUT KEY added takes of the non-volatile memory
_KINDS = (KeyKind.DES, KeyKind.AES)
_GONE = b""


class KeyStore:
    """Key sets by index (SCP80: 1..15)."""

    __slots__ = ("_born", "_memory")

    def __init__(self, born: Mapping[int, KeyEntry], memory: NonVolatile) -> None:
        self._born = born
        self._memory = memory

    def get(self, index: int) -> KeyEntry | None:
        name = _name(index)
        if name not in self._memory:
            return self._born.get(index)
        octets = self._memory.read(name)
        return _decoded(index, octets) if octets else None

    def entries(self) -> tuple[KeyEntry, ...]:
        """All sets, by index."""
        put = {int(name.split("/")[1]) for name in self._memory.names("key/") if name.endswith("/set")}
        found = (self.get(index) for index in sorted({*self._born, *put}))
        return tuple(entry for entry in found if entry is not None)

    @property
    def added_octets(self) -> int:
        """What the sets that the card was not born with take."""
        return KEY_SET_OCTETS * sum(entry.index not in self._born for entry in self.entries())

    def put(self, entry: KeyEntry, *, replaced: int = 0) -> None:
        """Store a set; the one of another index that it replaces goes in the same transaction."""
        self._memory.write(_name(entry.index), _encoded(entry))
        if replaced not in (0, entry.index):
            self._memory.write(_name(replaced), _GONE)


def _name(index: int) -> str:
    return f"key/{index}/set"


def _encoded(entry: KeyEntry) -> bytes:
    keys = [entry.keys.ciphering, entry.keys.check, entry.keys.key_encryption]
    octets = (b"" if key is None else key.octets() for key in keys)
    return bytes([_KINDS.index(entry.kind)]) + b"".join(bytes([len(key)]) + key for key in octets)


def _decoded(index: int, octets: bytes) -> KeyEntry:
    keys: list[SecretKey | None] = []
    at = 1
    while at < len(octets):
        end = at + 1 + octets[at]
        keys.append(SecretKey(octets[at + 1 : end]) if octets[at] else None)
        at = end
    ciphering, check, key_encryption = keys
    assert ciphering is not None
    assert check is not None
    return KeyEntry.of(index, KeySet(ciphering, check, key_encryption), _KINDS[octets[0]])
