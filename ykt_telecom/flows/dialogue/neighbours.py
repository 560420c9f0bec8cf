"""What a dialogue needs from its neighbours, as callables, and the facts they hand in.

`join.py` fills these with the platform's own steps; tests fill them with ones that record.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy import Connection

from telecom_codecs.onecard.password import ServicePassword

from ...ota.outcome import JobKind
from ...storage.context import StepContext


class Request(Protocol):
    """An authentic MO packet: `request_octets` is its secured data in clear, `iccid` the card its key belongs to."""

    @property
    def iccid(self) -> str: ...
    @property
    def counter(self) -> int: ...
    @property
    def request_octets(self) -> bytes: ...
    @property
    def inbox_id(self) -> int: ...
    @property
    def digest(self) -> str: ...
    @property
    def is_repeat(self) -> bool: ...


class OrderJob(Protocol):
    """Order a job over the air within this transaction; its id. Raises `Refused`."""

    def __call__(
        self,
        connection: Connection,
        context: StepContext,
        *,
        kind: JobKind,
        iccid: str,
        enterprise_id: int | None,
        payload: Mapping[str, Any],
        origin_id: int,
    ) -> int: ...


class SendText(Protocol):
    """Put a signed short message into the outbox within this transaction; its id."""

    def __call__(
        self,
        connection: Connection,
        context: StepContext,
        *,
        msisdn: str,
        text: str,
        message_class: str,
        origin_id: int,
    ) -> int: ...


class Record(Protocol):
    """Write an audit row within this transaction."""

    def __call__(
        self, connection: Connection, *, action: str, subject: str, facts: Mapping[str, Any], now: datetime
    ) -> None: ...


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
    """Everything a dialogue step may call."""

    order_job: OrderJob
    send_text: SendText
    record: Record
    #: effect after commit: judge, then come back with a verdict at the deadline
    verify: Callable[[VerifyOrder], object]
    #: keep a candidate ciphered until its verdict is stored, so that a restart can judge it
    cover: Cover
