"""Tables of the taps: each counter of each application once, and the files that were read."""

from __future__ import annotations

from sqlalchemy import BigInteger, CheckConstraint, Column, ForeignKey, Integer, LargeBinary, String, Table

from ...storage.schema import Instant, metadata
from .rules import LARGEST_COUNTER

#: All that was reported of a tap; purchases and punches hang on it by (application, counter).
tap = Table(
    "tap",
    metadata,
    Column("application_id", BigInteger, ForeignKey("card_application.id"), primary_key=True),
    Column("counter", Integer, primary_key=True, autoincrement=False),
    Column("kind", String(8), nullable=False),
    Column("terminal", String(20), nullable=False),
    Column("amount_fen", BigInteger),
    Column("card_balance_fen", BigInteger),
    Column("tac", LargeBinary),
    Column("occurred_at", Instant, nullable=False),
    Column("accepted_at", Instant, nullable=False),
    Column("origin", String(72), nullable=False),
    CheckConstraint(f"counter > 0 and counter <= {LARGEST_COUNTER}", name="counter_as_on_the_card"),
    sqlite_with_rowid=False,
)

#: A file that was imported; the same octets again change nothing.
imported_file = Table(
    "imported_file",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("rows", Integer, nullable=False),
    Column("imported_at", Instant, nullable=False),
)
