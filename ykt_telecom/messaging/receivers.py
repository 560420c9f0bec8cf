"""Where the business hangs in: functions called inside the transaction that stores what they are told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

from sqlalchemy import Connection

from ..ota.outcome import JobOutcome
from ..storage.context import StepContext
from .facts import MoRequest, ReceiptFact, SubmitFact, TextMo

OnJobOutcome: TypeAlias = Callable[[Connection, JobOutcome, StepContext], None]
OnMoRequest: TypeAlias = Callable[[Connection, MoRequest, StepContext], None]
OnTextMo: TypeAlias = Callable[[Connection, TextMo, StepContext], None]
OnReceipt: TypeAlias = Callable[[Connection, ReceiptFact, StepContext], None]
OnSubmit: TypeAlias = Callable[[Connection, SubmitFact, StepContext], None]


@dataclass(slots=True)
class Hooks:
    """Called in order, on the writer thread; what one raises rolls its step back (an MO is then offered again).

    `on_mo_request` and `on_text_mo` have one owner each; without one the message is stored and left alone.
    """

    on_job_outcome: list[OnJobOutcome] = field(default_factory=list)
    on_receipt: list[OnReceipt] = field(default_factory=list)
    on_submit: list[OnSubmit] = field(default_factory=list)
    on_mo_request: OnMoRequest | None = None
    on_text_mo: OnTextMo | None = None
