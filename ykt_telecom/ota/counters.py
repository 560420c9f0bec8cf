"""The counter of a card's MT key set: reserved before use, durable with the packet, never used twice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection, select

from telecom_codecs.ota.secured_packet import COUNTER_MAX

from ..storage.sql import Statement, in_list, upsert
from .tables import counter_mark

_M = counter_mark.c
_FIND = Statement(select(_M.iccid, _M.key_index, _M.generation, _M.high_water).where(in_list(_M.iccid, "iccids")))
#: Only ever upwards: a mark that somebody else has raised meanwhile is not lowered, and the packet is refused by the
#: unique index of counters.
_RAISE = upsert(counter_mark, ("iccid", "key_index", "generation"), ("high_water",))


class CounterExhausted(RuntimeError):
    """The 40-bit counter of this card is used up. Replace the key set by PUT KEY."""


@dataclass(frozen=True, slots=True)
class CounterKey:
    """One counter: a card's key set of one generation."""

    iccid: str = field(repr=False)
    key_index: int
    generation: int


def reserve_many(conn: Connection, keys: Sequence[CounterKey], step: int = 1) -> Mapping[CounterKey, int | None]:
    """Raise each high-water mark by `step` and return it; None where the counter is used up.

    Gaps are fine, repeats never happen.
    """
    found = {
        CounterKey(iccid, key_index, generation): high_water
        for iccid, key_index, generation, high_water in _FIND.rows(conn, iccids=sorted({key.iccid for key in keys}))
    }
    raised: dict[CounterKey, int | None] = {}
    for key in dict.fromkeys(keys):
        after = found.get(key, 0) + step
        raised[key] = after if after < COUNTER_MAX else None
    _RAISE.many(
        conn,
        [
            {"iccid": key.iccid, "key_index": key.key_index, "generation": key.generation, "high_water": mark}
            for key, mark in raised.items()
            if mark is not None
        ],
    )
    return raised


def reserve(conn: Connection, iccid: str, key_index: int, generation: int, *, step: int = 1) -> int:
    """Raise one high-water mark and return it; raises :class:`CounterExhausted`."""
    key = CounterKey(iccid, key_index, generation)
    raised = reserve_many(conn, [key], step)[key]
    if raised is None:
        raise CounterExhausted(f"card …{iccid[-6:]}: the counter of key set {key_index} is used up; PUT KEY is due")
    return raised
