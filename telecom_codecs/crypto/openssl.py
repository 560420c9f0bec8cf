"""The provider over OpenSSL, by way of `cryptography`: the fast one, used by default."""

from __future__ import annotations

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.cmac import CMAC

from .key_schedules import CbcSchedule, PooledProvider, Update, key_octets
from .secret_key import BlockCipher, SecretKey


def _algorithm(algorithm: BlockCipher, key: SecretKey) -> AES | TripleDES:
    """Shorter DES keys are written as the three-key 3DES that is the same permutation."""
    octets = key_octets(algorithm, key)
    return AES(octets) if algorithm is BlockCipher.AES else TripleDES((octets * 3)[:24])


def _make_cbc(algorithm: BlockCipher, key: SecretKey) -> CbcSchedule:
    cipher = Cipher(_algorithm(algorithm, key), modes.CBC(bytes(algorithm.block)))
    return CbcSchedule(algorithm.block, lambda: cipher.encryptor().update, lambda: cipher.decryptor().update)


class _Ecb:
    __slots__ = ("_cipher",)

    def __init__(self, algorithm: BlockCipher, key: SecretKey) -> None:
        self._cipher = Cipher(_algorithm(algorithm, key), modes.ECB())  # noqa: S305 - single blocks; GP key wrapping

    def encrypt(self, data: bytes) -> bytes:
        return self._cipher.encryptor().update(data)

    def decrypt(self, data: bytes) -> bytes:
        return self._cipher.decryptor().update(data)


def _make_cmac(algorithm: BlockCipher, key: SecretKey) -> Update:
    fresh = CMAC(_algorithm(algorithm, key))

    def cmac(data: bytes) -> bytes:
        running = fresh.copy()
        running.update(data)
        return running.finalize()

    return cmac


class OpenSslProvider(PooledProvider):
    """A `CryptoProvider` over `cryptography`; one may serve a whole process, threads included."""

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__(_make_cbc, _Ecb, _make_cmac)
