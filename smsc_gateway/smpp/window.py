"""Our requests on their way: sequence numbers, the window, and each request's deadline — SMPP 3.4 §2.6, §3.2."""

from __future__ import annotations

from typing import Any

from .errors import NotAllowed, WindowFull

LAST_SEQUENCE = 0x7FFFFFFF
_OVERDUE = 1024  #: timed-out requests whose late answer is still told apart from a stray


class Window:
    """At most `size` unanswered requests; all share one timeout, so the oldest is the first due."""

    __slots__ = ("_next", "_open", "_overdue", "_timeout", "size")

    def __init__(self, size: int, timeout: float, first_sequence: int = 1) -> None:
        self.size = size
        self._timeout = timeout
        self._next = first_sequence
        self._open: dict[int, tuple[float, Any]] = {}
        self._overdue: dict[int, Any] = {}

    def __len__(self) -> int:
        return len(self._open)

    @property
    def next_deadline(self) -> float | None:
        """When the oldest request times out."""
        for deadline, _ in self._open.values():
            return deadline
        return None

    def sequence(self) -> int:
        """The next number, 1..0x7FFFFFFF, that no open or overdue request has."""
        for _ in range(len(self._open) + len(self._overdue) + 1):
            number = self._next
            self._next = 1 if number >= LAST_SEQUENCE else number + 1
            if number not in self._open and number not in self._overdue:
                return number
        raise NotAllowed("no sequence number is free")

    def expect_room(self) -> None:
        """WindowFull unless another request fits."""
        if len(self._open) >= self.size:
            raise WindowFull(f"{self.size} requests are unanswered")

    def sent(self, sequence: int, now: float, token: Any) -> None:
        """A request went out."""
        self._open[sequence] = (now + self._timeout, token)

    def answered(self, sequence: int) -> tuple[float, Any] | None:
        """Forget an open request: its deadline and token, or None when there is none."""
        return self._open.pop(sequence, None)

    def answered_late(self, sequence: int) -> tuple[Any] | None:
        """Forget a timed-out request: its token in a tuple, or None when there is none."""
        return (self._overdue.pop(sequence),) if sequence in self._overdue else None

    def expire(self, now: float) -> list[Any]:
        """The tokens of the requests whose time is up, oldest first; their late answers are still known."""
        due: list[Any] = []
        while self._open:
            sequence, (deadline, token) = next(iter(self._open.items()))
            if deadline > now:
                break
            del self._open[sequence]
            self._overdue[sequence] = token
            if len(self._overdue) > _OVERDUE:
                del self._overdue[next(iter(self._overdue))]
            due.append(token)
        return due

    def clear(self) -> list[Any]:
        """Forget everything: the tokens of what was open."""
        tokens = [token for _, token in self._open.values()]
        self._open.clear()
        return tokens
