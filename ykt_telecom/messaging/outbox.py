"""Steps of the outbox: what is to be sent is saved first, in the transaction that decides it.

A message is one or more rows, one per segment, in the order of `seq`. `pump.py` sends them.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, bindparam, insert, select, update

from telecom_codecs.sms.concat import split_text
from telecom_codecs.sms.dcs import DCS_OTA, PID_DATA_DOWNLOAD

from ..storage.marks import OUTBOX, mark
from .facts import OutboxState
from .tables import outbox

#: Smaller goes first: answers a member waits for, then jobs, then bills.
PRIORITY_DIALOGUE = 10
PRIORITY_JOB = 50
PRIORITY_BULK = 90

# statements of the hot path are built once: building costs more than SQLite does
_INSERT = insert(outbox)
_STATES = select(outbox.c.state).where(outbox.c.outbox_id == bindparam("id")).order_by(outbox.c.segment)
_WITHDRAW = update(outbox).where(outbox.c.outbox_id == bindparam("id"), outbox.c.state == bindparam("before"))

TEXT, PACKET = "TEXT", "PACKET"

#: The handset hands PID 7F with class 2 to the card (TS 23.040 §9.2.3.9, TS 31.115).


def enqueue_text(
    conn: Connection,
    *,
    outbox_id: str,
    msisdn: str,
    text: str,
    message_class: str,
    origin: str,
    origin_id: str | None,
    now: datetime,
    priority: int = PRIORITY_BULK,
    reference: int | None = None,
) -> int:
    """Save a text to send; returns how many segments it takes. A receipt is asked for on every segment.

    `message_class` names why it is sent ("NOTICE", "STATEMENT"…) for quotas and listings. The concatenation reference
    is taken from the id unless given, so the same message sent again joins up with what the phone already holds.
    """
    if reference is None:
        reference = int(outbox_id[-2:], 16) if _is_hex(outbox_id[-2:]) else sum(outbox_id.encode()) & 0xFF
    segments = split_text(text, reference=reference)
    rows = [(segment.dcs, segment.udhi, segment.user_data) for segment in segments]
    _insert(
        conn,
        [_row(0, dcs, udhi, user_data) for dcs, udhi, user_data in rows],
        kind=TEXT,
        outbox_id=outbox_id,
        msisdn=msisdn,
        message_class=message_class,
        receipt_wanted=True,
        priority=priority,
        origin=origin,
        origin_id=origin_id,
        now=now,
    )
    return len(rows)


def enqueue_packet(
    conn: Connection,
    *,
    outbox_id: str,
    msisdn: str,
    segments: Sequence[bytes],
    origin: str,
    origin_id: str | None,
    now: datetime,
    priority: int = PRIORITY_JOB,
) -> int:
    """Save the segments of a command packet (complete TP-UD with UDH); a receipt is asked for on the last one."""
    _insert(
        conn,
        [_row(PID_DATA_DOWNLOAD, DCS_OTA, True, user_data) for user_data in segments],
        kind=PACKET,
        outbox_id=outbox_id,
        msisdn=msisdn,
        message_class="OTA",
        receipt_wanted=False,
        priority=priority,
        origin=origin,
        origin_id=origin_id,
        now=now,
    )
    return len(segments)


def withdraw(conn: Connection, outbox_id: str) -> int:
    """Make sure that segments which have not left never leave; how many there were."""
    change = {"id": outbox_id, "before": OutboxState.QUEUED, "state": OutboxState.WITHDRAWN}
    return conn.execute(_WITHDRAW, change).rowcount


def states(conn: Connection, outbox_id: str) -> list[OutboxState]:
    """The state of each segment, in order."""
    rows = conn.execute(_STATES, {"id": outbox_id})
    return [OutboxState(row.state) for row in rows]


def _is_hex(text: str) -> bool:
    return len(text) == 2 and all(digit in "0123456789abcdefABCDEF" for digit in text)


def _row(pid: int, dcs: int, udhi: bool, user_data: bytes) -> dict[str, object]:
    return {"pid": pid, "dcs": dcs, "udhi": udhi, "user_data": user_data}


def _insert(
    conn: Connection,
    rows: list[dict[str, object]],
    *,
    kind: str,
    outbox_id: str,
    msisdn: str,
    message_class: str,
    receipt_wanted: bool,
    priority: int,
    origin: str,
    origin_id: str | None,
    now: datetime,
) -> None:
    shared = {
        "outbox_id": outbox_id,
        "segments": len(rows),
        "kind": kind,
        "msisdn": msisdn,
        "message_class": message_class,
        "priority": priority,
        "origin": origin,
        "origin_id": origin_id,
        "state": OutboxState.QUEUED,
        "tries": 0,
        "possible_duplicate": False,
        "queued_at": now,
    }
    conn.execute(
        _INSERT,
        [
            {**shared, **row, "segment": number, "receipt_wanted": receipt_wanted or number == len(rows)}
            for number, row in enumerate(rows, start=1)
        ],
    )
    mark(conn, OUTBOX)
