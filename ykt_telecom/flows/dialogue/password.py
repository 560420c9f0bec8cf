"""How the service password is kept and judged (T07, T14).

Kept as Argon2id(HMAC-SHA-256(pepper, digits)): a bare hash of a million values falls in minutes. Deriving takes tens of
milliseconds and tens of megabytes: never in the event loop or the writer thread. Nothing here counts tries; see
`password_steps.py`.
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


class Secret(Protocol):
    """Secret octets that do not print, as `telecom_codecs.ota.packet_security.SecretKey`."""

    def octets(self) -> bytes:
        """The octets themselves; whoever asks must not keep or print them."""


class PasswordSeal:
    """Turns a password into its verifier and compares. `cheap` costs are for simulations only."""

    def __init__(self, pepper: Secret, *, cheap: bool = False) -> None:
        self._pepper = pepper
        self._argon = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1) if cheap else PasswordHasher()

    def __repr__(self) -> str:
        return "PasswordSeal(<pepper>)"

    def seal(self, password: ServicePassword, salt: bytes) -> str:
        """The verifier to store. `salt` is 16 unpredictable octets."""
        if len(salt) != SALT_OCTETS:
            raise ValueError(f"salt of {len(salt)} octets: {SALT_OCTETS} are wanted")
        return self._argon.hash(self._peppered(password), salt=salt)

    def matches(self, verifier: str, password: ServicePassword) -> bool:
        """True for the right password; False for a wrong one and for a verifier that cannot be read."""
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

    def _cover_key(self) -> bytes:
        return hmac.new(self._pepper.octets(), b"candidate under judgement", hashlib.sha256).digest()

    def _peppered(self, password: ServicePassword) -> bytes:
        return hmac.new(self._pepper.octets(), password.octets(), hashlib.sha256).digest()


def password_seal(ring: KeyRing, *, cheap: bool = False) -> PasswordSeal:
    """The seal of an installation; its pepper is derived from the KEK and stored nowhere."""
    return PasswordSeal(SecretKey(ring.derive(PEPPER)), cheap=cheap)
