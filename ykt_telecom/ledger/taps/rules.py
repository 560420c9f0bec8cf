"""What a tap is, and what can be true of one: docs/wire/card-application.md §6.

Purchases, top-ups, undos, attendance and door taps share the application's offline counter, two octets on the card. It
grows by one with each tap: a tap is (application, counter), once, whatever it was.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

LARGEST_COUNTER = 0xFFFF
LONGEST_TERMINAL = 20
LARGEST_AMOUNT_FEN = 10_000_000


class TapKind(StrEnum):
    """What the card was held to a terminal for."""

    LOAD = "LOAD"
    PURCHASE = "PURCHASE"
    UNDO = "UNDO"
    PUNCH = "PUNCH"
    DOOR = "DOOR"

    @property
    def moves_money(self) -> bool:
        return self in MONEY_KINDS


#: Kinds with an amount; the card's balance changes with each of them and with nothing else.
MONEY_KINDS = (TapKind.LOAD, TapKind.PURCHASE, TapKind.UNDO)


@dataclass(frozen=True, slots=True)
class Tap:
    """One tap as a terminal or a file reports it. `counter` and `card_balance_fen` are those after it."""

    iccid: str = field(repr=False)
    enterprise_id: int
    kind: TapKind
    counter: int
    terminal: str
    occurred_at: datetime
    amount_fen: int | None = None
    card_balance_fen: int | None = None
    tac: bytes | None = None


class Taken(StrEnum):
    """What became of a reported tap."""

    POSTED = "POSTED"
    DISPUTED = "DISPUTED"
    DUPLICATE = "DUPLICATE"


class Fault(StrEnum):
    """Why a report is not taken at all."""

    COUNTER = "COUNTER"  #: no card counts like this
    TERMINAL = "TERMINAL"  #: a terminal has no such name
    AMOUNT = "AMOUNT"  #: nobody pays this
    NO_APPLICATION = "NO_APPLICATION"  #: the card never had an application of this enterprise
    CONFLICT = "CONFLICT"  #: the counter is taken by another tap: a cloned card, or a broken terminal


@dataclass(frozen=True, slots=True)
class NotTaken:
    """In the place of a result: the report is not stored. Correct the upload, then send it again."""

    fault: Fault
    words: str

    def __str__(self) -> str:
        return self.words


def fault_of(tap: Tap) -> NotTaken | None:
    """What cannot be true of the report, whoever it is about."""
    if not 0 < tap.counter <= LARGEST_COUNTER:
        return NotTaken(Fault.COUNTER, f"counter {tap.counter}: a card counts from 1 to {LARGEST_COUNTER}")
    if not 0 < len(tap.terminal) <= LONGEST_TERMINAL:
        return NotTaken(Fault.TERMINAL, f"a terminal's name has 1 to {LONGEST_TERMINAL} characters")
    if tap.kind.moves_money and not 0 < (tap.amount_fen or 0) <= LARGEST_AMOUNT_FEN:
        return NotTaken(Fault.AMOUNT, f"amount of {tap.amount_fen} fen: 1 to {LARGEST_AMOUNT_FEN} are taken")
    return None
