"""Tables of cards, the enterprise applications on them, and their wrapped keys."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, LargeBinary, String, Table, func, text

from ...storage.schema import BigKey, Instant, metadata
from .states import APPLICATION, CARD, ENDED_APPLICATION_STATES, LIVE_CARD_STATES

_LIVE_CARD = text(f"{CARD.among(LIVE_CARD_STATES)} AND msisdn IS NOT NULL")
_LIVE_APPLICATION = text(APPLICATION.outside(ENDED_APPLICATION_STATES))

#: A card. `mt_kic`, `mt_kid`, `mo_kic`, `mo_kid` are the octets of TS 102 225 §5.1.2/3 (algorithm and key index).
card = Table(
    "card",
    metadata,
    Column("iccid", String(20), primary_key=True),
    Column("imsi", String(15)),
    Column("msisdn", String(15)),
    Column("profile", String(32), nullable=False),
    Column("state", String(12), nullable=False),
    Column("mt_kic", Integer, nullable=False),
    Column("mt_kid", Integer, nullable=False),
    Column("mo_kic", Integer, nullable=False),
    Column("mo_kid", Integer, nullable=False),
    Column("key_generation", Integer, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Index("ix_card_msisdn", "msisdn"),
    Index("uq_card_live_msisdn", "msisdn", unique=True, sqlite_where=_LIVE_CARD, postgresql_where=_LIVE_CARD),
)

#: People name a card by the last six digits of its ICCID.
Index("ix_card_tail", func.substr(card.c.iccid, func.length(card.c.iccid) - 5))

#: An enterprise application on a card; `card_*` is what the card itself last said under a PoR.
card_application = Table(
    "card_application",
    metadata,
    Column("id", BigKey, primary_key=True, autoincrement=False),
    Column("iccid", String(20), ForeignKey("card.iccid"), nullable=False),
    Column("enterprise_id", BigInteger, ForeignKey("enterprise.id"), nullable=False),
    Column("slot", Integer, nullable=False),
    Column("aid", String(32), nullable=False),
    Column("name", String(16), nullable=False),
    Column("rights", Integer, nullable=False),
    Column("key_version", Integer, nullable=False),
    Column("state", String(16), nullable=False),
    Column("card_status", Integer),
    Column("card_balance_fen", BigInteger),
    Column("card_rsn", BigInteger),
    Column("card_offline_counter", Integer),
    Column("card_answered_at", Instant),
    Column("card_counter", BigInteger),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Index(
        "uq_card_application_live_enterprise",
        "iccid",
        "enterprise_id",
        unique=True,
        sqlite_where=_LIVE_APPLICATION,
        postgresql_where=_LIVE_APPLICATION,
    ),
    Index(
        "uq_card_application_live_slot",
        "iccid",
        "slot",
        unique=True,
        sqlite_where=_LIVE_APPLICATION,
        postgresql_where=_LIVE_APPLICATION,
    ),
)

#: A card's key, wrapped under the KEK; the AAD binds it to this very row (see keys/wrapping.py).
card_key = Table(
    "card_key",
    metadata,
    Column("iccid", String(20), ForeignKey("card.iccid"), primary_key=True),
    Column("usage", String(8), primary_key=True),
    Column("generation", Integer, primary_key=True),
    Column("row_version", Integer, nullable=False),
    Column("wrapped", LargeBinary, nullable=False),
    Column("kcv", String(6), nullable=False),
)
