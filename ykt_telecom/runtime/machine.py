"""State machines as tables: a row for each state, and in each row every event with what follows, or `REFUSE`.

A table with a gap does not import: a new event has to be answered in every state, a transition cannot fall out unseen.
Everything else is made from the table: the SQL literals of partial indexes and the drawings in docs/states/.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import Final, Generic, TypeVar

S = TypeVar("S", bound=StrEnum)
E = TypeVar("E", bound=StrEnum)


class _Verdict(Enum):
    REFUSE = "refused on purpose"


#: In a row: the event is refused in this state, on purpose.
REFUSE: Final = _Verdict.REFUSE


class IncompleteTable(TypeError):
    """The table of a machine has a gap, or names what it must not. A mistake of the programmer, found at import."""


def refuse(*events: E) -> dict[E, _Verdict]:
    """Several events that a state refuses, to be spread into its row: `**refuse(E.CANCEL, E.EXPIRE)`."""
    return dict.fromkeys(events, REFUSE)


@dataclass(frozen=True, slots=True, eq=False)
class Machine(Generic[S, E]):
    """What an object can be and what moves it. `refusal` is raised by :meth:`follow`; `starts` are where it begins.

    >>> class Door(StrEnum):
    ...     OPEN, SHUT = "OPEN", "SHUT"
    >>> class Hand(StrEnum):
    ...     PUSH, PULL = "PUSH", "PULL"
    >>> door = Machine("door", (Door.OPEN,), ValueError, {
    ...     Door.OPEN: {Hand.PUSH: Door.SHUT, Hand.PULL: REFUSE},
    ...     Door.SHUT: {Hand.PUSH: REFUSE, Hand.PULL: Door.OPEN},
    ... })
    >>> door.follow("OPEN", Hand.PUSH)
    <Door.SHUT: 'SHUT'>
    >>> door.among(door.taking(Hand.PULL))
    "state IN ('SHUT')"
    """

    name: str
    starts: tuple[S, ...]
    refusal: type[Exception]
    rows: Mapping[S, Mapping[E, S | _Verdict]]

    def __post_init__(self) -> None:
        states, events = self._kinds()
        for state in states:
            if state not in self.rows:
                raise IncompleteTable(f"{self.name}: the state {state} has no row")
            if missing := [event for event in events if event not in self.rows[state]]:
                raise IncompleteTable(f"{self.name}: the row {state} does not say what {', '.join(missing)} do there")
        self._check_names(states, events)
        if lost := [state for state in states if state not in self._reached()]:
            raise IncompleteTable(f"{self.name}: nothing leads to {', '.join(lost)}")
        if dead := [event for event in events if not self.taking(event)]:
            raise IncompleteTable(f"{self.name}: {', '.join(dead)} are refused everywhere")

    def _kinds(self) -> tuple[tuple[S, ...], tuple[E, ...]]:
        """Every state and every event there is, in the order of their declaration."""
        if not self.starts:
            raise IncompleteTable(f"{self.name}: name a state in which it starts")
        if not (row := self.rows.get(self.starts[0])):
            raise IncompleteTable(f"{self.name}: the state {self.starts[0]} has no row")
        return tuple(type(self.starts[0])), tuple(type(next(iter(row))))

    def _check_names(self, states: tuple[S, ...], events: tuple[E, ...]) -> None:
        for state, row in self.rows.items():
            targets = [after for after in row.values() if not isinstance(after, _Verdict)]
            for name, known in (
                (state, states),
                *((event, events) for event in row),
                *((one, states) for one in targets),
            ):
                if type(name) is not type(known[0]):
                    raise IncompleteTable(f"{self.name}: {name!r} in the row {state} is none of its names")

    def _reached(self) -> set[S]:
        reached, waiting = set(self.starts), list(self.starts)
        while waiting:
            for after in self.rows[waiting.pop()].values():
                if not isinstance(after, _Verdict) and after not in reached:
                    reached.add(after)
                    waiting.append(after)
        return reached

    @property
    def states(self) -> tuple[S, ...]:
        """Every state, in the order of its declaration."""
        return self._kinds()[0]

    @property
    def events(self) -> tuple[E, ...]:
        """Every event, in the order of its declaration."""
        return self._kinds()[1]

    @property
    def ends(self) -> tuple[S, ...]:
        """The states that nothing leads out of."""
        return tuple(
            state
            for state in self.states
            if all(after is REFUSE or after is state for after in self.rows[state].values())
        )

    def follow(self, state: S | str, event: E) -> S:
        """The next state; raises the machine's refusal for an event that this state refuses."""
        after = self.after(state, event)
        if after is None:
            raise self.refusal(f"{event} does not fit the state {state}")
        return after

    def after(self, state: S | str, event: E) -> S | None:
        """As :meth:`follow`, with None for a refusal: for many objects at once, of which some may refuse."""
        after = self.rows[state][event]  # type: ignore[index]  # a stored state is equal to its member
        return None if isinstance(after, _Verdict) else after

    def taking(self, event: E) -> tuple[S, ...]:
        """The states that do not refuse the event."""
        return tuple(state for state in self.states if self.rows[state][event] is not REFUSE)

    def sources(self, event: E) -> dict[S, tuple[S, ...]]:
        """Where the event leads to, and from which states: one UPDATE a target moves any number of objects."""
        found: dict[S, tuple[S, ...]] = {}
        for state in self.taking(event):
            after = self.follow(state, event)
            found[after] = (*found.get(after, ()), state)
        return found

    def among(self, states: Iterable[S], column: str = "state") -> str:
        """`state IN ('A', 'B')`, for the condition of a partial index: spelled as `storage.literal.among` does."""
        return f"{column} IN ({self._quoted(states)})"

    def outside(self, states: Iterable[S], column: str = "state") -> str:
        """`state NOT IN ('A', 'B')`."""
        return f"{column} NOT IN ({self._quoted(states)})"

    def _quoted(self, states: Iterable[S]) -> str:
        return ", ".join(f"'{type(self.starts[0])(state)}'" for state in states)

    def drawing(self) -> str:
        """The page for docs/states/: a diagram of what happens, and a table of what is refused."""
        arrows: dict[tuple[S, S], list[str]] = {}
        for state in self.states:
            for event in self.events:
                after = self.rows[state][event]
                if not isinstance(after, _Verdict):
                    arrows.setdefault((state, after), []).append(event)
        lines = [
            f"# {self.name[0].upper()}{self.name[1:]}",
            "",
            "Made from the table by `make states`; a test says that it is current.",
            "",
        ]
        lines += ["```mermaid", "stateDiagram-v2", *(f"    [*] --> {state}" for state in self.starts)]
        lines += [f"    {before} --> {after}: {', '.join(events)}" for (before, after), events in arrows.items()]
        lines += [*(f"    {state} --> [*]" for state in self.ends), "```", "", "| State | refuses |", "|---|---|"]
        for state in self.states:
            refused = [event for event in self.events if self.rows[state][event] is REFUSE]
            lines.append(f"| {state} | {', '.join(refused) or 'nothing'} |")
        return "\n".join(lines) + "\n"
