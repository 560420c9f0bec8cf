"""Keys stay secret, and the two crypto libraries give the same octets."""

from __future__ import annotations

import copy
import logging
import pickle
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telecom_codecs.crypto.key_schedules import KEYS_HELD, KeyedPool
from telecom_codecs.crypto.openssl import OpenSslProvider
from telecom_codecs.crypto.pycryptodome import PycryptodomeProvider
from telecom_codecs.crypto.secret_key import BlockCipher, CryptoProvider, KeySet, Mode, SecretKey
from telecom_codecs.errors import LocalError

OCTETS = bytes.fromhex("C21DD66ACAC13CB3BC8B331B24AFB57B")
FIRST, SECOND = OpenSslProvider(), PycryptodomeProvider()
BOTH: tuple[CryptoProvider, ...] = (FIRST, SECOND)


def test_a_key_is_never_printed(caplog: pytest.LogCaptureFixture) -> None:
    """Not by repr, str, format, a key set, a log line or an error."""
    key = SecretKey(OCTETS)
    logging.getLogger("test").warning("key %s %r", key, KeySet(key, key, key))
    with pytest.raises(LocalError) as error:
        FIRST.encrypt(BlockCipher.DES, "ecb", key, b"", bytes(8))
    FIRST.cmac(key, b"")
    texts = [repr(key), str(key), f"{key}", f"{key:>40}", f"{key!r}", caplog.text, str(error.value)]
    texts += [repr(KeySet(key, key)), repr(FIRST), repr(FIRST._cmac)]
    for text in texts:
        assert OCTETS.hex() not in text.lower()
        assert repr(OCTETS)[2:-1] not in text
        assert str(key._hash) not in text
    assert repr(key) == "SecretKey(<16 octets>)"


def test_a_key_is_not_pickled_but_copied_as_itself() -> None:
    """It must not reach a queue or a file by accident."""
    key = SecretKey(OCTETS)
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        with pytest.raises(TypeError, match="not pickled"):
            pickle.dumps(key, protocol)
    assert copy.copy(key) is copy.deepcopy(key) is key
    assert not hasattr(key, "__dict__")


def test_keys_are_compared_by_their_octets() -> None:
    """So that a key set found twice is one."""
    assert SecretKey(OCTETS) == SecretKey(OCTETS)
    assert SecretKey(OCTETS) != SecretKey(bytes(16))
    assert SecretKey(OCTETS) != OCTETS
    assert len({SecretKey(OCTETS), SecretKey(OCTETS)}) == 1
    assert SecretKey(OCTETS).octets() == OCTETS


def test_only_lengths_of_block_cipher_keys_are_keys() -> None:
    """A key of 15 octets is a mistake in the key file."""
    for length in (0, 1, 7, 15, 17, 31, 33):
        with pytest.raises(LocalError):
            SecretKey(bytes(length))


@pytest.mark.parametrize(
    ("octets", "degenerate"),
    [
        ("0123456789ABCDEF0123456789ABCDEF", True),
        ("0123456789ABCDEF0022446688AACCEE", True),  # parity bits apart
        ("0123456789ABCDEFFEDCBA9876543210", False),
        ("0123456789ABCDEFFEDCBA98765432100123456789ABCDEF", False),  # two-key 3DES
        ("0123456789ABCDEFFEDCBA9876543210FEDCBA9876543210", True),
        ("0123456789ABCDEF0123456789ABCDEFFEDCBA9876543210", True),
        ("0123456789ABCDEF", False),  # single DES is weak by its algorithm
    ],
)
def test_3des_keys_that_are_worth_a_single_des_key_are_known(octets: str, degenerate: bool) -> None:
    """Equal neighbours cancel each other."""
    key = SecretKey(bytes.fromhex(octets))
    assert key.is_degenerate == degenerate
    if key.length > 8:
        block = bytes.fromhex("0011223344556677")
        results = {provider.encrypt(BlockCipher.DES3, "cbc", key, bytes(8), block) for provider in BOTH}
        assert len(results) == 1


@given(st.sampled_from(list(BlockCipher)), st.data())
def test_both_libraries_agree_in_every_mode(algorithm: BlockCipher, data: st.DataObject) -> None:
    """Ciphertext, plaintext, MAC: message after message under kept keys, in any order."""
    length = data.draw(st.sampled_from(algorithm.key_lengths))
    key = SecretKey(data.draw(st.binary(min_size=length, max_size=length)))
    iv = data.draw(st.binary(min_size=algorithm.block, max_size=algorithm.block))
    message = data.draw(st.binary(max_size=100))
    blocks = message + bytes(-len(message) % algorithm.block)
    for mode in get_args(Mode):
        ciphertext = FIRST.encrypt(algorithm, mode, key, iv, blocks)
        assert ciphertext == SECOND.encrypt(algorithm, mode, key, iv, blocks)
        assert FIRST.decrypt(algorithm, mode, key, iv, ciphertext) == blocks
        assert SECOND.decrypt(algorithm, mode, key, iv, ciphertext) == blocks
    mac = FIRST.cbc_mac(algorithm, key, message)
    assert mac == SECOND.cbc_mac(algorithm, key, message)
    padded = blocks or bytes(algorithm.block)
    assert mac == FIRST.encrypt(algorithm, "cbc", key, bytes(algorithm.block), padded)[-algorithm.block :]
    if algorithm is BlockCipher.AES:
        assert FIRST.cmac(key, message) == SECOND.cmac(key, message)


@pytest.mark.parametrize("provider", BOTH, ids=lambda provider: type(provider).__name__)
def test_cmac_agrees_with_rfc_4493(provider: CryptoProvider) -> None:
    """RFC 4493 §4, examples 1 to 3."""
    key = SecretKey(bytes.fromhex("2b7e151628aed2a6abf7158809cf4f3c"))
    message = bytes.fromhex("6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e5130c81c46a35ce411")
    assert provider.cmac(key, b"").hex() == "bb1d6929e95937287fa37d129b756746"
    assert provider.cmac(key, message[:16]).hex() == "070a16b46b4d4144f79bdd9dd04a287c"
    assert provider.cmac(key, message).hex() == "dfa66747de9ae63030ca32611497c827"


@pytest.mark.parametrize("provider", BOTH, ids=lambda provider: type(provider).__name__)
def test_what_is_no_block_or_no_key_is_the_callers_fault(provider: CryptoProvider) -> None:
    """Providers raise nothing of their library's own."""
    key = SecretKey(OCTETS)
    for algorithm, mode, chosen, iv, octets in (
        (BlockCipher.AES, "cbc", key, bytes(16), bytes(15)),
        (BlockCipher.AES, "cbc", key, bytes(8), bytes(16)),
        (BlockCipher.AES, "ecb", SecretKey(bytes(8)), b"", bytes(16)),
        (BlockCipher.DES, "ecb", key, b"", bytes(8)),
    ):
        with pytest.raises(LocalError):
            provider.encrypt(algorithm, mode, chosen, iv, octets)  # type: ignore[arg-type]
        with pytest.raises(LocalError):
            provider.decrypt(algorithm, mode, chosen, iv, octets)  # type: ignore[arg-type]
    with pytest.raises(LocalError):
        provider.cmac(SecretKey(bytes(8)), b"")


def test_the_number_of_kept_keys_is_bounded() -> None:
    """A million cards do not fill the memory with key schedules."""
    pool = KeyedPool(lambda algorithm, key: object())
    first = SecretKey(bytes(16))
    kept = pool.get(BlockCipher.AES, first)
    assert pool.get(BlockCipher.AES, first) is kept
    for number in range(1, KEYS_HELD + 10):
        pool.get(BlockCipher.AES, SecretKey(number.to_bytes(16, "big")))
    assert repr(pool) == f"KeyedPool(<{KEYS_HELD} keys>)"
    assert pool.get(BlockCipher.AES, first) is not kept
