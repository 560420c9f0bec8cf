"""What lies outside of a dialogue's transaction: the judging of passwords, and the cipher of what waits for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from telecom_codecs.onecard.password import ServicePassword


class Cover(Protocol):
    """Ciphers a candidate for the time between two transactions; `PasswordSeal` is one."""

    def cover(self, password: ServicePassword, *, binding: bytes, nonce: bytes) -> bytes:
        """The candidate ciphered, bound to its dialogue."""

    def uncover(self, octets: bytes, *, binding: bytes) -> ServicePassword | None:
        """The candidate again; None when the octets belong to another dialogue, another key, or are damaged."""


@dataclass(frozen=True, slots=True)
class VerifyOrder:
    """A candidate to judge off the loop. Without a verifier nothing is evaluated; the reply waits just as long."""

    dialogue_id: int
    iccid: str = field(repr=False)
    verifier: str | None = field(default=None, repr=False)
    candidate: ServicePassword | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Verdict:
    """The judgement of one order; `matched` is None when nothing was evaluated."""

    dialogue_id: int
    matched: bool | None


@dataclass(frozen=True, slots=True)
class Neighbours:
    """Everything that a dialogue's step uses from outside of its transaction."""

    #: effect after commit: judge, then come back with a verdict at the deadline
    verify: Callable[[VerifyOrder], object]
    #: keep a candidate ciphered until its verdict is stored, so that a restart can judge it
    cover: Cover
