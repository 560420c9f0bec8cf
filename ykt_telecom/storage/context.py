"""What a database step may use besides its connection: the time, new ids, and effects for after the commit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from ..runtime.tokens import Tokens


@dataclass(slots=True)
class StepContext:
    """One step's `now`, its token source and the effects it wants.

    Effects run in the event loop, in order, after COMMIT and never if the step was rolled back. They must be
    quick (wake the pump, start a Task); a step that is run again starts with an empty list.
    """

    now: datetime
    tokens: Tokens
    effects: list[Callable[[], object]] = field(default_factory=list)

    def next_id(self) -> str:
        """A new id from the token source."""
        return self.tokens.next_id()

    def next_number(self) -> int:
        """A new number for a row: 63 bits, later ones are greater."""
        return self.tokens.next_number()
