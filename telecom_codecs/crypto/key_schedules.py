"""Ready-made cipher objects per key, so that a packet pays for arithmetic and not for key schedules.

A CBC object of a library goes on where the last call ended. Instead of a new object per message, the
running chain is cancelled: encryption XORs the last ciphertext block into the first plaintext block,
decryption sends the IV ahead as if it were ciphertext. Objects are taken from a pool and given back,
so two threads never share one. The number of keys held is bounded; the oldest go first.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Generic, Protocol, TypeVar

from ..errors import LocalError
from .secret_key import BlockCipher, Mode, SecretKey

Update = Callable[[bytes], bytes]
T = TypeVar("T")

KEYS_HELD: Final = 2048


class _Encryption:
    """A running CBC encryption and the last block it gave."""

    __slots__ = ("last", "update")

    def __init__(self, update: Update) -> None:
        self.update = update
        self.last = 0


class CbcSchedule:
    """CBC under one key; `encryption` and `decryption` make a new library object with IV zero."""

    __slots__ = ("_block", "_decryption", "_decryptions", "_encryption", "_encryptions")

    def __init__(self, block: int, encryption: Callable[[], Update], decryption: Callable[[], Update]) -> None:
        self._block = block
        self._encryption = encryption
        self._decryption = decryption
        self._encryptions: list[_Encryption] = []
        self._decryptions: list[Update] = []

    def encrypt(self, iv: bytes, data: bytes) -> bytes:
        """`data` is whole blocks, `iv` one block."""
        if not data:
            return b""
        block = self._block
        try:
            running = self._encryptions.pop()
        except IndexError:
            running = _Encryption(self._encryption())
        first = int.from_bytes(data[:block], "big") ^ int.from_bytes(iv, "big") ^ running.last
        result = running.update(first.to_bytes(block, "big") + data[block:])
        running.last = int.from_bytes(result[-block:], "big")
        self._encryptions.append(running)
        return result

    def decrypt(self, iv: bytes, data: bytes) -> bytes:
        """`data` is whole blocks, `iv` one block."""
        try:
            update = self._decryptions.pop()
        except IndexError:
            update = self._decryption()
        result = update(iv + data)[self._block :]
        self._decryptions.append(update)
        return result


class KeyedPool(Generic[T]):
    """What was made for the last `KEYS_HELD` keys, by algorithm; never grows beyond that."""

    __slots__ = ("_made", "_make")

    def __init__(self, make: Callable[[BlockCipher, SecretKey], T]) -> None:
        self._make = make
        self._made: tuple[dict[SecretKey, T], ...] = tuple({} for _ in BlockCipher)

    def get(self, algorithm: BlockCipher, key: SecretKey) -> T:
        made = self._made[algorithm.slot]
        found = made.get(key)
        if found is None:
            found = self._make(algorithm, key)
            while len(made) >= KEYS_HELD:
                made.pop(next(iter(made)), None)
            made[key] = found
        return found

    def __repr__(self) -> str:
        return f"KeyedPool(<{sum(map(len, self._made))} keys>)"


class BlockMode(Protocol):
    """A block cipher without chaining."""

    def encrypt(self, data: bytes) -> bytes: ...

    def decrypt(self, data: bytes) -> bytes: ...


class PooledProvider:
    """A `CryptoProvider` over three makers; the library comes in with them.

    `make_cmac` gives a function from octets to their CMAC; it must be usable by several threads.
    """

    __slots__ = ("_cbc", "_cmac", "_ecb")

    def __init__(
        self,
        make_cbc: Callable[[BlockCipher, SecretKey], CbcSchedule],
        make_ecb: Callable[[BlockCipher, SecretKey], BlockMode],
        make_cmac: Callable[[BlockCipher, SecretKey], Update],
    ) -> None:
        self._cbc = KeyedPool(make_cbc)
        self._ecb = KeyedPool(make_ecb)
        self._cmac = KeyedPool(make_cmac)

    def encrypt(self, algorithm: BlockCipher, mode: Mode, key: SecretKey, iv: bytes, data: bytes) -> bytes:
        """See :class:`telecom_codecs.crypto.secret_key.CryptoProvider`."""
        _check_blocks(algorithm, mode, iv, data)
        if mode == "cbc":
            return self._cbc.get(algorithm, key).encrypt(iv, data)
        return self._ecb.get(algorithm, key).encrypt(data)

    def decrypt(self, algorithm: BlockCipher, mode: Mode, key: SecretKey, iv: bytes, data: bytes) -> bytes:
        """See :class:`telecom_codecs.crypto.secret_key.CryptoProvider`."""
        _check_blocks(algorithm, mode, iv, data)
        if mode == "cbc":
            return self._cbc.get(algorithm, key).decrypt(iv, data)
        return self._ecb.get(algorithm, key).decrypt(data)

    def cbc_mac(self, algorithm: BlockCipher, key: SecretKey, data: bytes) -> bytes:
        """See :class:`telecom_codecs.crypto.secret_key.CryptoProvider`; no data at all counts as one block of zeros."""
        block = algorithm.block
        padded = data + bytes(-len(data) % block) or bytes(block)
        return self._cbc.get(algorithm, key).encrypt(bytes(block), padded)[-block:]

    def cmac(self, key: SecretKey, data: bytes) -> bytes:
        """See :class:`telecom_codecs.crypto.secret_key.CryptoProvider`."""
        return self._cmac.get(BlockCipher.AES, key)(data)


def _check_blocks(algorithm: BlockCipher, mode: Mode, iv: bytes, data: bytes) -> None:
    if len(data) % algorithm.block:
        raise LocalError(f"{len(data)} octets are not whole blocks of {algorithm.value}")
    if mode == "cbc" and len(iv) != algorithm.block:
        raise LocalError(f"an IV of {len(iv)} octets for {algorithm.value}")


def key_octets(algorithm: BlockCipher, key: SecretKey) -> bytes:
    """The octets of `key`, if it has a length that `algorithm` takes; else `LocalError`."""
    if key.length not in algorithm.key_lengths:
        raise LocalError(f"{algorithm.value} takes a key of {algorithm.key_lengths} octets, not {key.length}")
    return key.octets()
