"""The packets as something outgoing, and the cards' messages as something received: how messaging meets the jobs."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from ..messaging.inbox import Incoming, Taken
from ..messaging.outgoing import Answer, GotReceipt, Handed
from ..storage.context import StepContext
from .handover import hand_over
from .means import OtaMeans
from .proofs import take_proofs
from .requests import take_requests
from .submissions import note_answers, note_receipts, settle


class PacketsOut:
    """Packets for jobs: claimed by building them."""

    def __init__(self, means: OtaMeans) -> None:
        self._means = means

    def claim(self, conn: Connection, context: StepContext, room: int, least: int) -> list[Handed]:
        return hand_over(conn, context, self._means, room, least)

    def note_answers(self, conn: Connection, context: StepContext, answers: Sequence[Answer]) -> Sequence[None]:
        return note_answers(conn, context, self._means, answers)

    def note_receipts(self, conn: Connection, context: StepContext, items: Sequence[GotReceipt]) -> Sequence[bool]:
        return note_receipts(conn, context, self._means, items)

    def settle(self, conn: Connection, context: StepContext) -> int:
        return settle(conn, context, self._means)


class CardsIn:
    """What cards send: response packets, and requests of their menus."""

    def __init__(self, means: OtaMeans) -> None:
        self._means = means

    def proofs(self, conn: Connection, context: StepContext, items: Sequence[Incoming]) -> Sequence[Taken]:
        return take_proofs(conn, context, self._means, items)

    def requests(self, conn: Connection, context: StepContext, items: Sequence[Incoming]) -> Sequence[Taken]:
        return take_requests(conn, context, self._means, items)
