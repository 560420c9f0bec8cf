"""Which application a tap belongs to, and whether all of its taps have been uploaded.

Purchases, top-ups, attendance and door taps share the application's offline counter, which grows by one with each tap.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, func, select, union

from ...registry.cards.tables import card_application
from ..attendance.tables import attendance_event
from ..money.tables import card_transaction


def application_at(connection: Connection, iccid: str, enterprise_id: int, moment: datetime) -> int | None:
    """The application on the card at that moment: one that was deleted and issued again counts from 1 again.

    The youngest that existed then, else the oldest there is; None when this card never had one of this enterprise.
    """
    rows = connection.execute(
        select(card_application.c.id, card_application.c.created_at)
        .where(card_application.c.iccid == iccid, card_application.c.enterprise_id == enterprise_id)
        .order_by(card_application.c.created_at)
    ).all()
    if not rows:
        return None
    existing = [row for row in rows if row.created_at <= moment]
    found: int = (existing or rows[:1])[-1].id
    return found


def is_complete(connection: Connection, application_id: int, offline_counter: int) -> bool:
    """Every tap up to the card's own counter has been uploaded; a counter that was told twice is one tap."""
    taken = union(
        *(
            select(table.c.counter).where(
                table.c.application_id == application_id, table.c.counter.between(1, offline_counter)
            )
            for table in (card_transaction, attendance_event)
        )
    ).subquery()
    return connection.execute(select(func.count()).select_from(taken)).scalar_one() >= offline_counter
