"""Tables of the money: purses, what happened on cards, and the double-entry books. Amounts are integer fen."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    String,
    Table,
    text,
)

from ...storage.schema import BigKey, Instant, metadata

#: The platform's balance of an application on a card: the sum of its purse account, kept beside it.
purse = Table(
    "purse",
    metadata,
    Column("iccid", String(20), ForeignKey("card.iccid"), primary_key=True),
    Column("enterprise_id", BigInteger, ForeignKey("enterprise.id"), primary_key=True),
    Column("balance_fen", BigInteger, nullable=False),
    Column("valid_until", Date),
    Column("opened_at", Instant, nullable=False),
    CheckConstraint("balance_fen >= 0", name="balance_not_negative"),
)

_DISPUTED = text("state IN ('DISPUTED')")
_IS_UNDO = text("undoes IS NOT NULL")

#: What a card did with money; all else that was reported of it stands in `tap`. `booking` grows in the order in which
#: rows are booked, which is not that of their ids: a disputed one is booked later, or never (NULL). Cut-offs of
#: statements are such numbers. `undoes` is the counter of the purchase that an undo took back: each once.
card_transaction = Table(
    "card_transaction",
    metadata,
    Column("id", BigKey, primary_key=True, autoincrement=False),
    Column("iccid", String(20), ForeignKey("card.iccid"), nullable=False),
    Column("enterprise_id", BigInteger, ForeignKey("enterprise.id"), nullable=False),
    Column("application_id", BigInteger, nullable=False),
    Column("counter", Integer, nullable=False),
    Column("kind", String(8), nullable=False),
    Column("amount_fen", BigInteger, nullable=False),
    Column("occurred_at", Instant, nullable=False),
    Column("state", String(8), nullable=False),
    Column("reason", String(16)),
    Column("booking", BigInteger),
    Column("undoes", Integer),
    ForeignKeyConstraint(["application_id", "counter"], ["tap.application_id", "tap.counter"]),
    CheckConstraint("amount_fen > 0", name="amount_positive"),
    Index("uq_card_transaction_counter", "application_id", "counter", unique=True),
    Index(
        "uq_card_transaction_undoes",
        "application_id",
        "undoes",
        unique=True,
        sqlite_where=_IS_UNDO,
        postgresql_where=_IS_UNDO,
    ),
    # a statement adds up what was booked on a purse since the last one, by kind, without a look at the rows themselves
    Index("ix_card_transaction_purse", "iccid", "enterprise_id", "kind", "booking", "occurred_at", "amount_fen"),
    # what waits for a load or for the taps before an undo
    Index("ix_card_transaction_disputed", "iccid", sqlite_where=_DISPUTED, postgresql_where=_DISPUTED),
)

#: One booking of a transaction; its entries add up to zero.
posting = Table(
    "posting",
    metadata,
    Column("id", BigKey, primary_key=True, autoincrement=False),
    Column("enterprise_id", BigInteger, ForeignKey("enterprise.id"), nullable=False),
    Column("transaction_id", BigInteger, ForeignKey("card_transaction.id"), nullable=False, unique=True),
    Column("posted_at", Instant, nullable=False),
)

#: `account` is FLOAT (money taken in), SALES (money spent) or PURSE:<iccid>; exactly one side is not zero.
ledger_entry = Table(
    "ledger_entry",
    metadata,
    Column("posting_id", BigInteger, ForeignKey("posting.id"), primary_key=True),
    Column("line", Integer, primary_key=True),
    Column("enterprise_id", BigInteger, nullable=False),
    Column("account", String(32), nullable=False),
    Column("debit_fen", BigInteger, nullable=False),
    Column("credit_fen", BigInteger, nullable=False),
    CheckConstraint("(debit_fen > 0 and credit_fen = 0) or (debit_fen = 0 and credit_fen > 0)", name="one_side"),
    Index("ix_ledger_entry_account", "enterprise_id", "account"),
)
