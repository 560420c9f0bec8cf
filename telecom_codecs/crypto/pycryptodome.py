"""The provider over PyCryptodome: slower, and independent of OpenSSL, so that each checks the other."""

from __future__ import annotations

from typing import cast

from Crypto.Cipher import AES, DES, DES3
from Crypto.Hash import CMAC

from .key_schedules import BlockMode, CbcSchedule, PooledProvider, Update, key_octets
from .secret_key import BlockCipher, Mode, SecretKey


def _new(algorithm: BlockCipher, mode: Mode, key: SecretKey) -> BlockMode:
    """A cipher object with IV zero. DES3 of the library refuses degenerate keys; they are DES keys then."""
    octets = key_octets(algorithm, key)
    iv = () if mode == "ecb" else (bytes(algorithm.block),)
    if algorithm is BlockCipher.AES:
        return cast(BlockMode, AES.new(octets, AES.MODE_ECB if mode == "ecb" else AES.MODE_CBC, *iv))
    if algorithm is BlockCipher.DES or key.is_degenerate:
        des_mode = DES.MODE_ECB if mode == "ecb" else DES.MODE_CBC
        return cast(BlockMode, DES.new(_single_des_octets(octets), des_mode, *iv))  # noqa: S304 - policy refuses, not we
    return cast(BlockMode, DES3.new(octets, DES3.MODE_ECB if mode == "ecb" else DES3.MODE_CBC, *iv))


def _single_des_octets(octets: bytes) -> bytes:
    """The one DES key that a degenerate 3DES key is worth: K1 = K2 leaves K3, K2 = K3 leaves K1."""
    first, second = (bytes(octet & 0xFE for octet in octets[i : i + 8]) for i in (0, 8))
    return octets[16:24] if first == second and len(octets) == 24 else octets[:8]


def _make_cbc(algorithm: BlockCipher, key: SecretKey) -> CbcSchedule:
    return CbcSchedule(
        algorithm.block, lambda: _new(algorithm, "cbc", key).encrypt, lambda: _new(algorithm, "cbc", key).decrypt
    )


def _make_ecb(algorithm: BlockCipher, key: SecretKey) -> BlockMode:
    return _new(algorithm, "ecb", key)


def _make_cmac(algorithm: BlockCipher, key: SecretKey) -> Update:
    fresh = CMAC.new(key_octets(algorithm, key), ciphermod=AES)

    def cmac(data: bytes) -> bytes:
        running = fresh.copy()
        running.update(data)
        return running.digest()

    return cmac


class PycryptodomeProvider(PooledProvider):
    """A `CryptoProvider` over PyCryptodome; one may serve a whole process, threads included."""

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__(_make_cbc, _make_ecb, _make_cmac)
