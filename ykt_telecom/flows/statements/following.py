"""Follows the texts of statements: what the SMSC says of their segments moves the statements, by the state table.

Facts come in lists, in the order in which they happened. Each kind of fact is one statement over all of the list; only
where a list tells several things of one statement, it takes a round more.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import TypeVar

from sqlalchemy import Connection, bindparam, case, literal_column, true, update

from ...messaging.facts import OutboxState, TextReceipt, TextSent
from ...storage.context import StepContext
from ...storage.literal import among
from ...storage.sql import Statement, in_list, instant
from .states import STATEMENT, StatementEvent, StatementState
from .tables import statement
from .writing import ORIGIN

H = TypeVar("H", bound=Hashable)

_HEARD: Mapping[OutboxState, StatementEvent] = {
    OutboxState.ACCEPTED: StatementEvent.SEGMENT_ACCEPTED,
    OutboxState.REFUSED: StatementEvent.SEGMENT_REFUSED,
    OutboxState.UNKNOWN: StatementEvent.SEGMENT_UNANSWERED,
}


def _move(sources: Iterable[StatementState]) -> Statement:
    """Compare and set: only statements that the table lets go on."""
    return Statement(
        update(statement)
        .where(in_list(statement.c.id, "ids"), among(statement.c.state, sources))
        .values(state=bindparam("moved_to"), reason=bindparam("why"), updated_at=bindparam("now"))
    )


_MOVES: Mapping[StatementEvent, Sequence[tuple[StatementState, Statement]]] = {
    event: [(after, _move(sources)) for after, sources in STATEMENT.sources(event).items()] for event in StatementEvent
}
_DOUBT = Statement(
    update(statement)
    .where(in_list(statement.c.id, "ids"), statement.c.possible_duplicate.is_(False))
    .values(possible_duplicate=true(), updated_at=bindparam("now"))
)
_DELIVERED = statement.c.delivered.bitwise_or(bindparam("segment_bit"))
_IS_WHOLE = literal_column("1").bitwise_lshift(statement.c.segments) - literal_column("1") == _DELIVERED
_DELIVER = Statement(
    update(statement)
    .where(
        in_list(statement.c.id, "ids"),
        among(statement.c.state, STATEMENT.taking(StatementEvent.LAST_SEGMENT_DELIVERED)),
    )
    .values(
        delivered=_DELIVERED,
        state=case((_IS_WHOLE, literal_column(f"'{StatementState.DELIVERED}'")), else_=statement.c.state),
        updated_at=bindparam("now"),
    )
)


def on_sent(connection: Connection, context: StepContext, facts: Sequence[TextSent]) -> None:
    """The SMSC's answers to segments of statements, or that there were none."""
    now = instant(context.now)
    mine = [(fact.origin_id, fact) for fact in facts if fact.origin == ORIGIN and fact.origin_id is not None]
    doubted = {number for number, fact in mine if fact.possible_duplicate}
    if doubted:
        _DOUBT.run(connection, ids=doubted, now=now)
    heard = [(number, _HEARD[fact.state]) for number, fact in mine if fact.state in _HEARD]
    for told in _rounds(heard):
        for event, numbers in told.items():
            for after, move in _MOVES[event]:
                move.run(connection, ids=numbers, moved_to=after, why=None, now=now)


def on_receipts(connection: Connection, context: StepContext, facts: Sequence[TextReceipt]) -> None:
    """Delivery receipts for segments of statements. The first final word on a segment that failed stands."""
    now = instant(context.now)
    heard = [
        (fact.origin_id, (1 << (fact.segment - 1), "") if fact.is_delivered else (0, fact.state[:24]))
        for fact in facts
        if fact.origin == ORIGIN and fact.origin_id is not None and fact.is_final
    ]
    for told in _rounds(heard):
        for (segment_bit, why), numbers in told.items():
            if segment_bit:
                _DELIVER.run(connection, ids=numbers, segment_bit=segment_bit, now=now)
                continue
            for after, move in _MOVES[StatementEvent.SEGMENT_UNDELIVERED]:
                move.run(connection, ids=numbers, moved_to=after, why=why, now=now)


def _rounds(heard: Iterable[tuple[int, H]]) -> list[dict[H, list[int]]]:
    """The first thing told of each statement goes to the first round, the second to the second: their order stands."""
    rounds: list[dict[H, list[int]]] = []
    told: dict[int, int] = {}
    for number, what in heard:
        turn = told.get(number, 0)
        told[number] = turn + 1
        if turn == len(rounds):
            rounds.append({})
        rounds[turn].setdefault(what, []).append(number)
    return rounds
