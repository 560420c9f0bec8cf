"""Our requests on their way: sequence numbers, the window, and each request's deadline — SMPP 3.4 §2.6, §3.2."""

from __future__ import annotations

from typing import Any

from .errors import NotAllowed

LAST_SEQUENCE = 0x7FFFFFFF
_OVERDUE = 1024  #: timed-out requests whose late answer is still told apart from a stray


class Window:
    """The unanswered requests, oldest first; all share one timeout, so the oldest is the first due."""

    __slots__ = ("_next", "_overdue", "_timeout", "open")

    def __init__(self, timeout: float, first_sequence: int = 1) -> None:
        self._timeout = timeout
        self._next = first_sequence
        self.open: dict[int, tuple[float, Any, int]] = {}  #: by sequence: deadline, token, command_id of the answer
        self._overdue: dict[int, tuple[Any, int]] = {}

    def __len__(self) -> int:
        return len(self.open)

    @property
    def next_deadline(self) -> float | None:
        """When the oldest request times out."""
        for deadline, _, _ in self.open.values():
            return deadline
        return None

    def sequence(self) -> int:
        """The next number, 1..0x7FFFFFFF, that no open or overdue request has."""
        number = self._next
        if number < LAST_SEQUENCE and number not in self.open and not self._overdue:
            self._next = number + 1
            return number
        for _ in range(len(self.open) + len(self._overdue) + 1):
            number = self._next
            self._next = 1 if number >= LAST_SEQUENCE else number + 1
            if number not in self.open and number not in self._overdue:
                return number
        raise NotAllowed("no sequence number is free")

    def sent(self, sequence: int, now: float, token: Any, answer: int) -> None:
        """A request went out; `answer` is the command_id of its response."""
        self.open[sequence] = (now + self._timeout, token, answer)

    def overdue(self, sequence: int) -> tuple[Any, int] | None:
        """The token of a timed-out request and the command_id of its response; None when there is none."""
        return self._overdue.get(sequence)

    def answered_late(self, sequence: int) -> None:
        """Forget a timed-out request."""
        self._overdue.pop(sequence, None)

    def expire(self, now: float) -> list[Any]:
        """The tokens of the requests whose time is up, oldest first; their late answers are still known."""
        due: list[Any] = []
        while self.open:
            sequence, (deadline, token, answer) = next(iter(self.open.items()))
            if deadline > now:
                break
            del self.open[sequence]
            self._overdue[sequence] = (token, answer)
            if len(self._overdue) > _OVERDUE:
                del self._overdue[next(iter(self._overdue))]
            due.append(token)
        return due

    def clear(self) -> list[Any]:
        """Forget everything: the tokens of what was open."""
        tokens = [token for _, token, _ in self.open.values()]
        self.open.clear()
        return tokens
