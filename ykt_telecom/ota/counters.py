"""The counter of a card's MT key set: reserved before use, durable with the packet, never used twice."""

from __future__ import annotations

from sqlalchemy import Connection, bindparam, insert, select, update

from telecom_codecs.ota.secured_packet import COUNTER_MAX

from .tables import counter_mark

_HERE = (
    (counter_mark.c.iccid == bindparam("card"))
    & (counter_mark.c.key_index == bindparam("index"))
    & (counter_mark.c.generation == bindparam("of"))
)
_FIND = select(counter_mark.c.high_water).where(_HERE)
_RAISE = (
    update(counter_mark)
    .where(_HERE, counter_mark.c.high_water < bindparam("room"))
    .values(high_water=counter_mark.c.high_water + bindparam("step"))
    .returning(counter_mark.c.high_water)
)
_INSERT = insert(counter_mark)


class CounterExhausted(RuntimeError):
    """The 40-bit counter of this card is used up. Replace the key set by PUT KEY."""


def reserve(conn: Connection, iccid: str, key_index: int, generation: int, *, step: int = 1) -> int:
    """Raise the high-water mark and return it. Gaps are fine, repeats never happen."""
    here = {"card": iccid, "index": key_index, "of": generation}
    raised = conn.execute(_RAISE, {**here, "step": step, "room": COUNTER_MAX - step}).scalar()
    if raised is not None:
        return int(raised)
    if conn.execute(_FIND, here).first() is not None or step >= COUNTER_MAX:
        raise CounterExhausted(f"card …{iccid[-6:]}: the counter of key set {key_index} is used up; PUT KEY is due")
    row = {"iccid": iccid, "key_index": key_index, "generation": generation, "high_water": step}
    conn.execute(_INSERT, row)
    return step
