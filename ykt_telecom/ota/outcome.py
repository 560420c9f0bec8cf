"""What can be ordered from a card, and what is told when a job has come to its end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from telecom_codecs.onecard.enterprise_answer import EnterpriseAnswer

from .states import JobState


class JobKind(StrEnum):
    """A kind of order, with the payload it takes (JSON)."""

    ISSUE = "ISSUE"  #: {"name": str ≤ 8 characters, "rights": int, "cap_fen": int, "slot": int (optional)}
    CLOSE = "CLOSE"  #: {}
    REOPEN = "REOPEN"  #: {}
    DELETE = "DELETE"  #: {}
    QUERY = "QUERY"  #: {}
    ANSWER = "ANSWER"  #: {"kind": int, "request": int, "serial": hex 6 octets, "text": str}


#: Kinds whose script may simply be sent again under a new counter; the others are audited first.
REPEATABLE = frozenset({JobKind.CLOSE, JobKind.REOPEN, JobKind.DELETE, JobKind.QUERY, JobKind.ANSWER})


@dataclass(frozen=True, slots=True)
class JobOutcome:
    """The end of a job. `state` is terminal.

    `status` is the last PoR status, `status_word` the last SW inside it. `answer` is the card's signed word for CLOSE,
    REOPEN and QUERY (its TAC was good), `answer_status` the menu applet's octet for ANSWER (0 queued, 1 replaced an
    older text, 2 unknown request). `reason` is a short sentence for people.
    """

    job_id: int
    kind: JobKind
    iccid: str = field(repr=False)
    enterprise_id: int | None
    application_id: int | None
    state: JobState
    status: int | None
    status_word: int | None
    answer: EnterpriseAnswer | None
    answer_status: int | None
    reason: str | None
    origin: str
    origin_id: int | None
    payload: Mapping[str, Any] = field(repr=False)
