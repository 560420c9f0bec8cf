"""Version 2: integer ids, one row for a packet, bookings that are numbered, people with tokens.

Every table is made anew and filled from the old one. Ids that were texts become numbers in the order of their rows;
all that the new program gives are greater. What an attempt and its segments were stands in one packet; one that still
waits keeps its octets, put together from its segments, so that it leaves as it was sealed.
"""

from __future__ import annotations

from typing import Any

from alembic import op
from sqlalchemy import Connection, text

from ykt_telecom.storage.migrations.moving import (
    before,
    copy,
    drop_before,
    frozen,
    go_on_counting,
    number,
    octet,
    run,
    same,
    set_aside,
)

revision = "0002"
down_revision = "0001"

_KEPT = frozenset({"schema_version", "alembic_version"})

#: Tables without anything new but the numbers of the rows they refer to, parents first.
_AS_THEY_WERE = (
    "enterprise", "member", "card", "card_key", "mother_key", "counter_mark", "mo_window", "service_password",
    "statement_schedule", "statement_opt_out", "shift", "leave_day", "imported_file", "purse", "audit_row",
    "audit_head",
)  # fmt: skip

_STATE = """CASE old.state WHEN 'BUILT' THEN 'RETRY_WAIT' WHEN 'ACCEPTED' THEN 'SUBMITTED'
    WHEN 'DELIVERED' THEN 'SUBMITTED' WHEN 'RESYNC' THEN 'INDETERMINATE' WHEN 'POR_OK' THEN 'INDETERMINATE'
    ELSE old.state END"""
#: When time moves a job: what is on its way has until then; what waits for its lane or for the SMSC, until its end.
_DUE = """CASE WHEN old.state IN ('SUBMITTED', 'ACCEPTED', 'DELIVERED', 'RESYNC', 'POR_OK')
    THEN coalesce(old.due_at, old.updated_at)
    WHEN old.state IN ('QUEUED', 'AUDIT', 'INDETERMINATE') AND old.due_at < old.deadline THEN old.due_at
    ELSE old.deadline END"""
_BOOKING = "CASE WHEN old.state = 'POSTED' THEN old.id END"
_REASON = """CASE WHEN old.reason IS NULL THEN NULL WHEN old.reason LIKE 'spends more%%' THEN 'SHORT'
    WHEN old.reason LIKE 'spends after%%' THEN 'EXPIRED' ELSE 'UNDO_UNFOUNDED' END"""

_OF_MONEY = ("amount_fen", "card_balance_fen")
_TAP = ("counter", "kind", "terminal", "tac", "occurred_at", "accepted_at", "origin", *_OF_MONEY)

_PAGE = 1000


def upgrade() -> None:
    """Make the new tables, fill them, forget the old ones."""
    connection = op.get_bind()
    tables = set_aside(connection, _KEPT)
    run(connection, frozen(revision, connection))
    for table in _AS_THEY_WERE:
        copy(connection, table, same(connection, table), f"{before(connection, table)} old")
    applications = number(connection, "card_application", "created_at, id")
    jobs = number(connection, "job", "created_at, id")
    inboxes = number(connection, "inbox", "received_at, id")
    runs = number(connection, "statement_run", "opened_at, id")
    statements = number(connection, "statement", "created_at, id")
    _own_numbers(connection, "card_application", applications)
    _own_numbers(connection, "inbox", inboxes)
    _money(connection, applications)
    _statement_runs(connection, runs)
    _messages(connection, statements)
    _statements(connection, runs, statements)
    _jobs(connection, jobs, applications)
    _packets(connection, jobs)
    _dialogues(connection, jobs, inboxes)
    go_on_counting(connection)
    drop_before(connection, tables)
    for name in (applications, jobs, inboxes, runs, statements, "ykt_number_message"):
        connection.exec_driver_sql(f"DROP TABLE {name}")


def _joined(connection: Connection, table: str, **numbers: str) -> str:
    """The old table with the numbers of what its columns name."""
    joins = (f"LEFT JOIN {of} n_{column} ON n_{column}.old_id = old.{column}" for column, of in numbers.items())
    return f"{before(connection, table)} old {' '.join(joins)}"


def _own_numbers(connection: Connection, table: str, numbers: str) -> None:
    copy(connection, table, same(connection, table, id="n_id.new_id"), _joined(connection, table, id=numbers))


def _money(connection: Connection, applications: str) -> None:
    """A transaction that was posted is booked under its own number: those were what the cut-offs were made of."""
    numbers = {"application_id": "n_application_id.new_id"}
    for table in ("card_transaction", "attendance_event"):  # where both have a counter, the money is what it was
        joined = _joined(connection, table, application_id=applications)
        known = "SELECT 1 FROM tap WHERE application_id = n_application_id.new_id AND counter = old.counter"
        columns = {
            **{name: f"old.{name}" for name in _TAP if table == "card_transaction" or name not in _OF_MONEY},
            **numbers,
        }
        copy(connection, "tap", columns, f"{joined} WHERE NOT EXISTS ({known})")
        changed = numbers if table == "attendance_event" else {**numbers, "booking": _BOOKING, "reason": _REASON}
        copy(connection, table, same(connection, table, **changed), joined)
    _undoes(connection)
    for table in ("posting", "ledger_entry"):
        copy(connection, table, same(connection, table), f"{before(connection, table)} old")


def _undoes(connection: Connection) -> None:
    """A posted undo takes back the last purchase before it at its terminal; each purchase is undone once."""
    found = connection.exec_driver_sql(
        """SELECT u.id, u.application_id, (
            SELECT max(p.counter) FROM card_transaction p
            JOIN tap pt ON pt.application_id = p.application_id AND pt.counter = p.counter
            WHERE p.application_id = u.application_id AND p.kind = 'PURCHASE' AND p.state = 'POSTED'
            AND p.counter < u.counter AND pt.terminal = ut.terminal)
        FROM card_transaction u JOIN tap ut ON ut.application_id = u.application_id AND ut.counter = u.counter
        WHERE u.kind = 'UNDO' AND u.state = 'POSTED' ORDER BY u.application_id, u.counter"""
    )
    taken: set[tuple[int, int]] = set()
    for undo, application, purchase in found.all():
        if purchase is not None and (application, purchase) not in taken:
            taken.add((application, purchase))
            change = text("UPDATE card_transaction SET undoes = :purchase WHERE id = :id")
            connection.execute(change, {"purchase": purchase, "id": undo})


def _statement_runs(connection: Connection, runs: str) -> None:
    """Oldest period first: a run names the one before it. A cut-off is no greater than the last booking."""
    booked = "SELECT max(booking) FROM card_transaction WHERE booking <= old.cutoff_id"
    earlier = f"""SELECT n.new_id FROM {before(connection, "statement_run")} r JOIN {runs} n ON n.old_id = r.id
        WHERE r.enterprise_id = old.enterprise_id AND r.kind = old.kind AND r.period < old.period
        ORDER BY r.period DESC, r.revision DESC LIMIT 1"""  # noqa: S608 - names of tables
    columns = same(
        connection,
        "statement_run",
        id="n_id.new_id",
        cutoff=f"CASE WHEN old.kind = 'CONSUMPTION' THEN coalesce(({booked}), 0) ELSE old.cutoff_id END",
        earlier_run_id=f"({earlier})",
    )
    copy(connection, "statement_run", columns, _joined(connection, "statement_run", id=runs) + " ORDER BY old.period")


def _messages(connection: Connection, statements: str) -> None:
    """Texts keep the numbers of their segments; the first of them is the message's."""
    connection.exec_driver_sql(
        "CREATE TEMPORARY TABLE ykt_number_message (old_id VARCHAR(64) PRIMARY KEY, new_id BIGINT)"
    )
    firsts = f"SELECT outbox_id, min(seq) FROM {before(connection, 'outbox')} GROUP BY outbox_id"  # noqa: S608 - names
    connection.exec_driver_sql(f"INSERT INTO ykt_number_message {firsts}")
    long = f"CASE WHEN old.udhi AND old.segments > 1 THEN {octet(connection, 'old.user_data', 3)} ELSE 0 END"
    joined = _joined(connection, "outbox", outbox_id="ykt_number_message", origin_id=statements)
    columns = same(
        connection,
        "outbox",
        id="old.seq",
        message="n_outbox_id.new_id",
        reference=long,
        origin_id=_origin("n_origin_id.new_id"),
        refusals="old.tries",
    )
    copy(connection, "outbox", columns, f"{joined} WHERE old.kind = 'TEXT'")
    columns = same(connection, "parked_receipt", id="old.seq")
    copy(connection, "parked_receipt", columns, f"{before(connection, 'parked_receipt')} old")


def _origin(statement: str) -> str:
    return f"""CASE old.origin WHEN 'dialogue' THEN CAST(old.origin_id AS BIGINT)
        WHEN 'statement' THEN {statement} END"""


def _statements(connection: Connection, runs: str, statements: str) -> None:
    columns = same(connection, "statement", id="n_id.new_id", run_id="n_run_id.new_id", message="n_outbox_id.new_id")
    joined = _joined(connection, "statement", id=statements, run_id=runs, outbox_id="ykt_number_message")
    copy(connection, "statement", columns, joined)


def _jobs(connection: Connection, jobs: str, applications: str) -> None:
    columns = same(
        connection,
        "job",
        id="n_id.new_id",
        application_id="n_application_id.new_id",
        payload="CAST(old.payload AS TEXT)",
        answer="CAST(old.answer AS TEXT)",
        origin_id="CASE WHEN old.origin = 'dialogue' THEN CAST(old.origin_id AS BIGINT) END",
        state=_STATE,
        due_at=_DUE,
    )
    copy(connection, "job", columns, _joined(connection, "job", id=jobs, application_id=applications))
    history = before(connection, "job_history")
    columns = {"id": "old.seq", "job_id": "n.new_id"} | {
        name: f"old.{name}" for name in ("at", "event", "state", "reason")
    }
    copy(connection, "job_event", columns, f"{history} old JOIN {jobs} n ON n.old_id = old.job_id")


def _dialogues(connection: Connection, jobs: str, inboxes: str) -> None:
    numbers = {"inbox_id": inboxes, "job_id": jobs, "outbox_id": "ykt_number_message"}
    columns = same(connection, "dialogue", **{name: f"n_{name}.new_id" for name in numbers})
    copy(connection, "dialogue", columns, _joined(connection, "dialogue", **numbers))


def _packets(connection: Connection, jobs: str) -> None:
    """An attempt with its segments is one packet; its number is that of its first segment, which no text has."""
    old, segment = before(connection, "attempt"), before(connection, "outbox")
    states = ("HANDED", "UNKNOWN", "QUEUED", "REFUSED", "WITHDRAWN", "ACCEPTED")
    counts = ", ".join(f"sum(CASE WHEN state = '{state}' THEN 1 ELSE 0 END) AS n_{state.lower()}" for state in states)
    last = ", ".join(
        f"max(CASE WHEN segment = segments THEN {name} END) AS {name}"
        for name in ("message_id", "receipt", "receipt_error")
    )
    segments = f"""SELECT outbox_id, min(seq) AS id, max(msisdn) AS msisdn, max(tries) AS refusals, {counts},
        max(not_before) AS not_before, max(status) AS status, min(handed_at) AS handed_at,
        max(answered_at) AS answered_at, max(receipt_at) AS receipt_at, {last}
        FROM {segment} WHERE kind = 'PACKET' GROUP BY outbox_id"""  # noqa: S608 - names of tables and columns
    found = connection.exec_driver_sql(
        f"""SELECT o.id, n.new_id AS job_id, a.number, a.purpose, a.iccid, o.msisdn, j.priority, a.key_index,
            a.generation, a.counter, a.tar, a.spi, a.kic, a.kid, a.challenge, j.kind, a.segments,
            o.n_handed, o.n_unknown, o.n_queued, o.n_refused, o.n_withdrawn, o.n_accepted, a.fenced, o.refusals,
            o.not_before, o.status, o.message_id, o.receipt, o.receipt_error, a.status AS por_status,
            coalesce(o.handed_at, a.built_at) AS handed_at, o.answered_at, o.receipt_at, a.answered_at AS por_at,
            a.id AS attempt_id
            FROM {old} a JOIN {jobs} n ON n.old_id = a.job_id JOIN {before(connection, "job")} j ON j.id = a.job_id
            JOIN ({segments}) o ON o.outbox_id = a.id"""  # noqa: S608 - names of tables and columns
    )
    while rows := found.mappings().fetchmany(_PAGE):
        packets = [_packet(connection, segment, dict(row)) for row in rows]
        columns = ", ".join(f'"{name}"' for name in packets[0])
        values = ", ".join(f":{name}" for name in packets[0])
        connection.execute(text(f"INSERT INTO packet ({columns}) VALUES ({values})"), packets)  # noqa: S608 - names


def _packet(connection: Connection, segment: str, row: dict[str, Any]) -> dict[str, Any]:
    counts = {name: row.pop(f"n_{name.lower()}") for name in ("HANDED", "UNKNOWN", "QUEUED", "REFUSED", "WITHDRAWN")}
    state = next((name for name, count in counts.items() if count), "ACCEPTED")
    kind, attempt_id, challenge = row.pop("kind"), row.pop("attempt_id"), row["challenge"]
    accepted = row.pop("n_accepted")
    return {
        **row,
        "tar": int(row["tar"], 16),
        "spi": int(row["spi"], 16),
        "challenge": bytes.fromhex(challenge) if kind == "QUERY" and challenge else None,
        "commands": _commands(kind, row["purpose"]),
        "accepted": (1 << accepted) - 1,  # version 1 sent segments one after the other: a bit for each of the first
        "state": state,
        "fenced": int(row["fenced"]),
        "octets": _octets(connection, segment, attempt_id) if state == "QUEUED" else None,
    }


def _commands(kind: str, purpose: str) -> int:
    """C-APDUs of the scripts that version 1 made."""
    if purpose == "AUDIT":
        return 2
    if kind == "ISSUE":
        return 2 if purpose == "PERSON" else 3
    return 1 if kind in ("DELETE", "ANSWER") else 2


def _octets(connection: Connection, segment: str, attempt_id: str) -> bytes:
    """The packet without the headers of its segments."""
    query = text(f"SELECT user_data FROM {segment} WHERE outbox_id = :id ORDER BY segment")  # noqa: S608 - a name
    parts = [bytes(part) for part in connection.execute(query, {"id": attempt_id}).scalars()]
    return b"".join(part[1 + part[0] :] for part in parts)
