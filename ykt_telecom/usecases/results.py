"""What comes of an order: it is done, it waits for a second person, or it is refused. All three are values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeAlias, TypeVar

from ..registry.audit.subject import Subject
from ..texts.refusals import Refused

__all__ = ["Done", "Refused", "Result", "Waits"]

R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Done(Generic[R_co]):
    """It is done. `subject` and `facts` are for the audit row; without a subject nothing was changed."""

    value: R_co
    subject: Subject | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Waits:
    """Nothing has happened yet: the approval of this number has to be given by somebody else."""

    approval: int


Result: TypeAlias = Done[R] | Waits | Refused
