"""How the service password is kept and judged (T07, T14).

Kept as Argon2id(HMAC-SHA-256(pepper, digits)): a bare hash of a million values falls in minutes. Deriving takes some
20 ms of one core and 19 MiB: never in the event loop or the writer thread. What is stored is bound to its card by a
tag: copied to another card's row it opens nothing. Nothing here counts tries; see `password_steps.py`.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import Protocol

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from telecom_codecs.crypto.secret_key import SecretKey
from telecom_codecs.onecard.password import ServicePassword

from ...registry.keys.wrapping import KeyRing

WRONG_TRIES_TO_LOCK = 3
SALT_OCTETS = 16
PEPPER = "password pepper"  #: what the pepper is derived for
NONCE_OCTETS = 12
#: One lane; with the pepper outside the database, more passes would slow us down and nobody else.
_MEMORY_KIB, _CHEAP_KIB = 19 * 1024, 8
#: Between a verifier and the tag that binds it.
_MARK = "~"
_TAG_DIGITS = 32


class Secret(Protocol):
    """Secret octets that do not print, as `telecom_codecs.ota.packet_security.SecretKey`."""

    def octets(self) -> bytes:
        """The octets themselves; whoever asks must not keep or print them."""


class PasswordSeal:
    """Turns a password into its verifier and compares. `cheap` costs are for simulations only."""

    def __init__(self, pepper: Secret, *, cheap: bool = False) -> None:
        self._pepper = pepper
        self._argon = PasswordHasher(time_cost=1, memory_cost=_CHEAP_KIB if cheap else _MEMORY_KIB, parallelism=1)

    def __repr__(self) -> str:
        return "PasswordSeal(<pepper>)"

    def seal(self, password: ServicePassword, salt: bytes) -> str:
        """The verifier; :meth:`bind` it to store it. `salt` is 16 unpredictable octets."""
        if len(salt) != SALT_OCTETS:
            raise ValueError(f"salt of {len(salt)} octets: {SALT_OCTETS} are wanted")
        return self._argon.hash(self._peppered(password), salt=salt)

    def bind(self, verifier: str, iccid: str) -> str:
        """The verifier as it is stored in the row of this card, and counts there only."""
        return f"{verifier}{_MARK}{self._tag(verifier, iccid)}"

    def matches(self, bound: str, password: ServicePassword, iccid: str) -> bool:
        """True for the right password of this card; False for a wrong one, and for what cannot be read or is moved."""
        verifier, _, tag = bound.rpartition(_MARK)
        if not hmac.compare_digest(tag.encode(), self._tag(verifier, iccid).encode()):
            return False
        try:
            return self._argon.verify(verifier, self._peppered(password))
        except (VerifyMismatchError, VerificationError, InvalidHashError):
            return False

    def cover(self, password: ServicePassword, *, binding: bytes, nonce: bytes) -> bytes:
        """The password under AES-256-GCM with a key of the pepper, bound to `binding`; `nonce` is 12 fresh octets."""
        return nonce + AESGCM(self._cover_key()).encrypt(nonce, password.octets(), binding)

    def uncover(self, octets: bytes, *, binding: bytes) -> ServicePassword | None:
        """The password again; None when it was covered for something else, under another pepper, or is damaged."""
        try:
            return ServicePassword(
                AESGCM(self._cover_key()).decrypt(octets[:NONCE_OCTETS], octets[NONCE_OCTETS:], binding)
            )
        except (InvalidTag, ValueError):
            return None

    def _tag(self, verifier: str, iccid: str) -> str:
        told = f"verifier|{iccid}|{verifier}".encode()
        return hmac.new(self._pepper.octets(), told, hashlib.sha256).hexdigest()[:_TAG_DIGITS]

    def _cover_key(self) -> bytes:
        return hmac.new(self._pepper.octets(), b"candidate under judgement", hashlib.sha256).digest()

    def _peppered(self, password: ServicePassword) -> bytes:
        return hmac.new(self._pepper.octets(), password.octets(), hashlib.sha256).digest()


def password_seal(ring: KeyRing, *, cheap: bool = False) -> PasswordSeal:
    """The seal of an installation; its pepper is derived from the KEK and stored nowhere."""
    return PasswordSeal(SecretKey(ring.derive(PEPPER)), cheap=cheap)
