"""An installation of version 1 with rows in every table, made by the statements that version 1 is."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import Connection, MetaData, insert

from ykt_telecom.storage.migrations.moving import frozen, run

ICCID = "89860012345678901234"
AT = 1_770_000_000_000_000
#: 5-octet headers of a text in two segments (IEI 00), and of a packet in two (IEI 00 and 70).
TEXT_HEADER, FIRST, NEXT = (
    bytes.fromhex("0500032a0201"),
    bytes.fromhex("070003110201" + "7000"),
    bytes.fromhex("050003110202"),
)
ALONE = bytes.fromhex("027000")
OCTETS = bytes(range(200))
SHORT = "spends more than the purse holds"


def _card(number: int) -> str:
    return f"{int(ICCID) + number}"


def _job(name: str, number: int, state: str, **more: Any) -> dict[str, Any]:
    return {
        "id": name, "kind": "QUERY", "iccid": _card(number), "enterprise_id": 1001, "application_id": f"app-{number}",
        "payload": {"a": 1}, "origin": "cli", "origin_id": None, "priority": 50, "reference": number + 1,
        "state": state, "purpose": "SCRIPT", "attempts": 1, "resyncs": 0, "deadline": AT + 10**12,
        "created_at": AT + number, "updated_at": AT + number, **more,
    }  # fmt: skip


def _attempt(job: str, number: int, **more: Any) -> dict[str, Any]:
    return {
        "id": f"att-{job}", "job_id": job, "number": 1, "purpose": "SCRIPT", "iccid": _card(number), "key_index": 1,
        "generation": 1, "counter": 17, "tar": "b00001", "spi": "1639", "kic": 18, "kid": 18,
        "challenge": "0102030405060708", "digest": "0" * 64, "segments": 1, "may_be_sent": True, "fenced": False,
        "built_at": AT, **more,
    }  # fmt: skip


def _segment(of: str, kind: str, state: str, **more: Any) -> dict[str, Any]:
    return {
        "outbox_id": of, "segment": 1, "segments": 1, "kind": kind, "msisdn": "8613800000001", "pid": 0, "dcs": 8,
        "udhi": kind == "PACKET", "user_data": OCTETS[:20], "message_class": "OTA", "receipt_wanted": True,
        "priority": 5, "origin": "attempt" if kind == "PACKET" else "test", "origin_id": of, "state": state, "tries": 1,
        "possible_duplicate": False, "queued_at": AT, **more,
    }  # fmt: skip


def _tap(number: int, counter: int, kind: str, **more: Any) -> dict[str, Any]:
    return {
        "iccid": _card(number), "enterprise_id": 1001, "application_id": f"app-{number}", "kind": kind,
        "counter": counter, "terminal": "T1", "occurred_at": AT + counter, "accepted_at": AT + counter, "origin": "f",
        **more,
    }  # fmt: skip


def rows() -> dict[str, list[dict[str, Any]]]:
    """By table, parents first."""
    cards = range(7)
    names = {"state": "ACTIVE", "created_at": AT}
    states = ("APPLIED", "ACCEPTED", "BUILT", "RETRY_WAIT", "QUEUED", "INDETERMINATE")
    run = {
        "enterprise_id": 1001,
        "kind": "CONSUMPTION",
        "revision": 0,
        "state": "SENT",
        "members_up_to": 1,
        "opened_at": AT,
    }
    entry = {"posting_id": 1, "enterprise_id": 1001}
    asked = {"origin": "dialogue", "origin_id": "1", "udhi": True}
    return {
        "schema_version": [{"version": 1, "applied_at": AT}],
        "enterprise": [
            {"id": 1001, "code": "ACME", "name": "红岩", "signature": "红岩", "load_cap_fen": 100_000, **names}
        ],
        "member": [{"id": 7, "enterprise_id": 1001, "msisdn": "8613800000001", "name": "张三", **names}],
        "card": [
            {
                "iccid": _card(n), "msisdn": f"861380000000{n}", "profile": "test", "mt_kic": 18, "mt_kid": 18,
                "mo_kic": 82, "mo_kid": 82, "key_generation": 1, "updated_at": AT, **names,
            }
            for n in cards
        ],
        "card_key": [
            {"iccid": ICCID, "usage": "MT_KIC", "generation": 1, "row_version": 1, "wrapped": b"\x01", "kcv": "010203"}
        ],
        "mother_key": [
            {
                "enterprise_id": 1001, "version": 1, "row_version": 1, "wrapped": b"\x01", "kcv": "010203",
                "created_at": AT,
            }
        ],
        "card_application": [
            {
                "id": f"app-{n}", "iccid": _card(n), "enterprise_id": 1001, "slot": 1, "aid": "F0", "name": "应用",
                "rights": 7, "key_version": 1, "updated_at": AT, **names, "created_at": AT + n,
            }
            for n in cards
        ],
        "counter_mark": [{"iccid": ICCID, "key_index": 1, "generation": 1, "high_water": 4711}],
        "mo_window": [{"iccid": ICCID, "key_index": 5, "generation": 1, "highest": 9, "seen": "1ff"}],
        "service_password": [{"iccid": ICCID, "verifier": "v", "tries": 1, "wrong": 1, "set_at": AT}],
        "purse": [{"iccid": ICCID, "enterprise_id": 1001, "balance_fen": 4000, "opened_at": AT}],
        "imported_file": [{"digest": "0" * 64, "kind": "taps", "rows": 3, "imported_at": AT}],
        "shift": [{"enterprise_id": 1001, "starts_minute": 540, "ends_minute": 1080}],
        "leave_day": [{"member_id": 7, "day": date(2026, 3, 2)}],
        "statement_schedule": [
            {
                "enterprise_id": 1001, "kind": "CONSUMPTION", "day": 4, "hour": 9, "minute": 0, "enabled": True,
                "since": "2026-01",
            }
        ],
        "statement_opt_out": [{"member_id": 7, "kind": "ATTENDANCE", "at": AT}],
        "card_transaction": [
            _tap(0, 1, "LOAD", id=1, amount_fen=5000, state="POSTED", card_balance_fen=5000, tac=b"\x01\x02"),
            _tap(0, 2, "PURCHASE", id=2, amount_fen=1000, state="POSTED"),
            _tap(0, 3, "PURCHASE", id=3, amount_fen=90_000, state="DISPUTED", reason=SHORT),
            _tap(0, 4, "UNDO", id=4, amount_fen=1000, state="POSTED"),
            _tap(0, 5, "UNDO", id=5, amount_fen=1000, state="POSTED"),
        ],
        "posting": [{"id": 1, "enterprise_id": 1001, "transaction_id": 1, "posted_at": AT}],
        "ledger_entry": [
            {**entry, "line": 1, "account": "FLOAT", "debit_fen": 5000, "credit_fen": 0},
            {**entry, "line": 2, "account": "PURSE:1", "debit_fen": 0, "credit_fen": 5000},
        ],
        "attendance_event": [_tap(0, 5, "PUNCH", id=1), _tap(1, 1, "DOOR", id=2)],
        "job": [_job(f"job-{n}", n, state) for n, state in enumerate(states)]
        + [_job("job-6", 6, "QUEUED", origin="dialogue", origin_id="1", attempts=0)],
        "attempt": [
            _attempt("job-0", 0, status=0, answered_at=AT + 9),
            _attempt("job-1", 1, segments=2),
            _attempt("job-2", 2, segments=2),
            _attempt("job-3", 3),
            _attempt("job-5", 5),
        ],
        "job_history": [{"job_id": "job-0", "at": AT, "event": "ORDER", "state": "QUEUED"}],
        "outbox": [
            _segment("att-job-0", "PACKET", "ACCEPTED", message_id="A0", receipt="DELIVRD", handed_at=AT),
            _segment("att-job-1", "PACKET", "ACCEPTED", segments=2, message_id="A1", handed_at=AT + 1),
            _segment("att-job-1", "PACKET", "ACCEPTED", segment=2, segments=2, message_id="A2", handed_at=AT + 2),
            _segment("att-job-2", "PACKET", "QUEUED", segments=2, user_data=FIRST + OCTETS[:132], tries=0),
            _segment("att-job-2", "PACKET", "QUEUED", segment=2, segments=2, user_data=NEXT + OCTETS[132:], tries=0),
            _segment("att-job-3", "PACKET", "QUEUED", user_data=ALONE + OCTETS[:60], not_before=AT, status=88),
            _segment("att-job-5", "PACKET", "UNKNOWN", handed_at=AT),
            _segment("text-1", "TEXT", "ACCEPTED", origin="statement", origin_id="st-1", message_id="B1"),
            _segment("text-2", "TEXT", "QUEUED", segments=2, user_data=TEXT_HEADER + b"x", **asked),
            _segment("text-2", "TEXT", "QUEUED", segment=2, segments=2, user_data=TEXT_HEADER + b"y", **asked),
        ],
        "parked_receipt": [{"message_id": "C1", "msisdn": "8613800000001", "state": "DELIVRD", "received_at": AT}],
        "inbox": [
            {
                "id": "in-1", "source": "8613800000001", "destination": "106572000", "kind": "MO", "state": "DONE",
                "pid": 0, "dcs": 246, "udhi": True, "digest": "0" * 64, "received_at": AT,
            }
        ],
        "dialogue": [
            {
                "id": 1, "iccid": ICCID, "counter": 9, "digest": "0" * 64, "inbox_id": "in-1", "language": 0,
                "state": "DONE", "evaluates": False, "job_id": "job-6", "outbox_id": "text-2",
                "possible_duplicate": False, "received_at": AT, "updated_at": AT,
            }
        ],
        "statement_run": [
            {**run, "id": "run-b", "period": "2026-02", "cutoff_id": 4, "earlier_cutoff_id": 2, "members_up_to": 1},
            {**run, "id": "run-a", "period": "2026-01", "cutoff_id": 3, "earlier_cutoff_id": 3, "members_up_to": 1},
        ],
        "statement": [
            {
                "id": "st-1", "run_id": "run-a", "member_id": 7, "enterprise_id": 1001, "kind": "CONSUMPTION",
                "period": "2026-01", "revision": 0, "state": "DELIVERED", "text": "…", "segments": 1,
                "outbox_id": "text-1", "delivered": 1, "possible_duplicate": False, "created_at": AT, "updated_at": AT,
            }
        ],
        "audit_row": [{"at": AT, "actor": "cli", "action": "card.add", "subject": "card", "facts": {"n": 1}}],
        "audit_head": [{"id": 1, "seq": 1, "seal": "0" * 64, "proof": "0" * 64}],
    }  # fmt: skip


def install(connection: Connection) -> None:
    """Make version 1 in an empty database, and fill it."""
    run(connection, frozen("0001", connection))
    metadata = MetaData()
    metadata.reflect(connection)
    for table, entries in rows().items():
        for entry in entries:
            connection.execute(insert(metadata.tables[table]).values(**entry))
