"""Keys at rest: AES-256-GCM under the KEK, bound to the row they stand in.

The AAD names tenant, ICCID, usage, version and row version: a ciphertext moved to another row does not open.
Octets: version 01 | nonce 12 | ciphertext and tag.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from telecom_codecs.crypto.secret_key import SecretKey

from ...runtime.errors import Misconfigured, Trouble

KEK_LENGTH = 32
_FORMAT = b"\x01"


class KekRefused(Misconfigured, RuntimeError):
    """The KEK file is missing, readable by others, malformed or in the wrong place. The message says what to do."""


class BindingMismatch(Trouble, RuntimeError):
    """A wrapped key does not open in this row: other KEK, or moved there from another row. Restore the row."""


@dataclass(frozen=True, slots=True)
class KeyBinding:
    """The row a wrapped key belongs to. `tenant` 0 is the operator."""

    tenant: int
    iccid: str = field(repr=False)
    usage: str
    version: int
    row_version: int = 1

    def octets(self) -> bytes:
        return f"{self.tenant}|{self.iccid}|{self.usage}|{self.version}|{self.row_version}".encode()


class KeyRing:
    """Holds the KEK. Opens and wraps rows, and derives keys for single purposes."""

    __slots__ = ("_aead", "_kek")

    def __init__(self, kek: SecretKey) -> None:
        if kek.length != KEK_LENGTH:
            raise KekRefused(f"the KEK has {kek.length} octets, not {KEK_LENGTH}; make a new one with `ykt init`")
        self._kek = kek
        self._aead = AESGCM(kek.octets())

    def wrap(self, key: SecretKey, binding: KeyBinding, nonce: bytes) -> bytes:
        """The wrapped key; `nonce` is 12 fresh random octets."""
        return _FORMAT + nonce + self._aead.encrypt(nonce, key.octets(), binding.octets())

    def unwrap(self, wrapped: bytes, binding: KeyBinding) -> SecretKey:
        """The key; raises :class:`BindingMismatch`."""
        if wrapped[:1] != _FORMAT or len(wrapped) < 13:
            raise BindingMismatch(f"a wrapped {binding.usage} key has an unknown form")
        try:
            return SecretKey(self._aead.decrypt(wrapped[1:13], wrapped[13:], binding.octets()))
        except InvalidTag:
            raise BindingMismatch(
                f"key.binding_mismatch: the {binding.usage} key of tenant {binding.tenant} does not belong to this row"
            ) from None

    def derive(self, purpose: str) -> bytes:
        """32 octets for one purpose (audit chain, password pepper), never stored."""
        return HKDF(SHA256(), 32, salt=None, info=f"ykt {purpose}".encode()).derive(self._kek.octets())

    def __repr__(self) -> str:
        return "KeyRing(…)"


def create_kek(path: Path, octets: bytes) -> None:
    """Write a new KEK (32 random octets) to a file 0600 that must not exist yet."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(octets.hex() + "\n")
        file.flush()
        os.fsync(file.fileno())


def open_key_ring(path: Path, database: Path) -> KeyRing:
    """The key ring of a KEK file, checked by the rules for installations without an HSM.

    Raises :class:`KekRefused` when the file is missing, readable by others, malformed, or beside the database.
    """
    if database.parent.resolve() in path.resolve().parents:
        raise KekRefused(
            f"keys.kek_file: {path} lies in the database's folder, a copy of which would open every key; move it"
        )
    try:
        mode = path.stat().st_mode
    except OSError:
        raise KekRefused(
            f"keys.kek_file: no KEK at {path}: restore it from its safe place, or run `ykt init` for a new one"
        ) from None
    if stat.S_IMODE(mode) & 0o077:
        raise KekRefused(f"keys.kek_file: {path} can be read by others: `chmod 600 {path}`")
    try:
        octets = bytes.fromhex(path.read_text(encoding="ascii").strip())
    except OSError as error:
        raise KekRefused(f"keys.kek_file: {path}: {error.strerror}") from None
    except ValueError:
        raise KekRefused(f"keys.kek_file: {path} is not 64 hexadecimal digits: restore it") from None
    if len(octets) != KEK_LENGTH:
        raise KekRefused(f"keys.kek_file: {path} is not 64 hexadecimal digits: restore it")
    return KeyRing(SecretKey(octets))
