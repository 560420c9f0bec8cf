"""What use cases work with besides the database: keys, ciphers, the seals of passwords and tokens. Made once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from telecom_codecs.crypto.openssl import OpenSslProvider
from telecom_codecs.crypto.secret_key import CryptoProvider

from ..flows.dialogue.password import PasswordSeal, password_seal
from ..registry.audit.anchor import Anchor
from ..registry.audit.chain import KEY_PURPOSE
from ..registry.keys.wrapping import KeyRing
from ..runtime.settings import Settings
from ..runtime.tokens import Tokens
from ..storage.context import StepContext

#: Tells how far a long order has come: items done, items in all.
Progress = Callable[[int, int], object]

_TOKEN_KEY = "access token"  # noqa: S105 - what the key is derived for


@dataclass(frozen=True, slots=True)
class Means:
    """An installation's keys, ciphers and chance."""

    ring: KeyRing
    provider: CryptoProvider
    seal: PasswordSeal
    anchor: Anchor
    tokens: Tokens
    weak_algorithms: bool = False

    @property
    def token_key(self) -> bytes:
        """The key of the tokens' hashes; it is stored nowhere."""
        return self.ring.derive(_TOKEN_KEY)

    @property
    def chain_key(self) -> bytes:
        """The key of the audit chain."""
        return self.ring.derive(KEY_PURPOSE)


def means_of(settings: Settings, ring: KeyRing, tokens: Tokens, *, cheap: bool = False) -> Means:
    """The means of an installation. `cheap` passwords are for simulations."""
    return Means(
        ring,
        OpenSslProvider(),
        password_seal(ring, cheap=cheap),
        Anchor(settings.anchor_path),
        tokens,
        settings.ota.weak_algorithms,
    )


def silent(_done: int, _all: int) -> None:
    """Nobody wants to know how far it is."""


@dataclass(frozen=True, slots=True)
class Context:
    """What a use case's step may use: the transaction's own, the installation's means, a word on how far it is."""

    step: StepContext
    means: Means
    progress: Progress = silent

    @property
    def now(self) -> datetime:
        return self.step.now
