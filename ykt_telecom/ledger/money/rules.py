"""What moves money on a card, and why the books may not be able to follow."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from ..taps.rules import Tap, TapKind


class Kind(StrEnum):
    """What happened on the card."""

    LOAD = "LOAD"  #: money came onto the purse
    PURCHASE = "PURCHASE"
    UNDO = "UNDO"  #: the card's last purchase, taken back at the same terminal


class DisputeReason(StrEnum):
    """Why a transaction is kept and not booked. The waiting ones are booked when what they wait for is uploaded."""

    SHORT = "SHORT"  #: spends more than the purse holds: waits for its load
    UNDO_WAITS = "UNDO_WAITS"  #: what the card did before this undo is not known yet
    UNDO_UNFOUNDED = "UNDO_UNFOUNDED"  #: the card's last money record is no such purchase, or is undone already
    EXPIRED = "EXPIRED"  #: spends after the balance expired


WAITING = (DisputeReason.SHORT, DisputeReason.UNDO_WAITS)


@dataclass(frozen=True, slots=True)
class CardTransaction:
    """One reported transaction. `counter` is the card's offline counter after it; `card_balance_fen` its balance."""

    iccid: str = field(repr=False)
    enterprise_id: int
    kind: Kind
    amount_fen: int
    counter: int
    terminal: str
    occurred_at: datetime
    card_balance_fen: int | None = None
    tac: bytes | None = None

    def tap(self) -> Tap:
        """As the rule book of taps knows it."""
        return Tap(
            self.iccid,
            self.enterprise_id,
            TapKind(self.kind.value),
            self.counter,
            self.terminal,
            self.occurred_at,
            self.amount_fen,
            self.card_balance_fen,
            self.tac,
        )
