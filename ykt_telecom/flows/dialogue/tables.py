"""Tables of the STK dialogues and of the service passwords."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Integer, LargeBinary, String, Table, text

from ...storage.schema import BigKey, Instant, metadata
from .machine import DIALOGUE, OPEN_STATES

_OPEN = text(DIALOGUE.among(OPEN_STATES))

#: One row per authentic MO packet. `id` is the serial that screen and SMS show. `covered` is a candidate under the
#: pepper's cipher, there from its acceptance to its verdict only.
dialogue = Table(
    "dialogue",
    metadata,
    Column("id", BigKey, primary_key=True, autoincrement=True),
    Column("iccid", String(20), nullable=False),
    Column("counter", BigInteger, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("inbox_id", BigInteger),
    Column("operation", Integer),
    Column("request_number", BigInteger),
    Column("enterprise_id", BigInteger),
    Column("language", Integer, nullable=False),
    Column("msisdn", String(15)),
    Column("state", String(10), nullable=False),
    Column("reason", String(120)),
    #: a candidate was let in and waits for its verdict
    Column("evaluates", Boolean, nullable=False),
    Column("covered", LargeBinary),
    Column("refusal", String(4)),
    Column("refusal_code", String(8)),
    Column("amount_fen", BigInteger),
    Column("job_id", BigInteger),
    Column("answer_text", String(85)),
    Column("sms_text", String(320)),
    Column("notice", String(6)),
    Column("outbox_id", BigInteger),
    Column("possible_duplicate", Boolean, nullable=False),
    Column("received_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Index("uq_dialogue_counter", "iccid", "counter", unique=True),
    # what a card still waits for; a card's history is longer every day
    Index("ix_dialogue_open", "iccid", "operation", sqlite_where=_OPEN, postgresql_where=_OPEN),
    sqlite_autoincrement=True,
)

#: One row: the serial given last. Serials are small and have no gaps, because people read them out.
dialogue_serial = Table(
    "dialogue_serial",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("last", BigInteger, nullable=False),
)

#: The service password of a card's holder. Since the last right one: `tries` were let in, `wrong` of them judged wrong.
service_password = Table(
    "service_password",
    metadata,
    Column("iccid", String(20), ForeignKey("card.iccid"), primary_key=True),
    Column("verifier", String(160), nullable=False),
    Column("tries", Integer, nullable=False),
    Column("wrong", Integer, nullable=False),
    Column("locked_at", Instant),
    Column("set_at", Instant, nullable=False),
)
