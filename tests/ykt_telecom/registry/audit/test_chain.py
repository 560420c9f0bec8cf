"""The audit chain: whoever edits, drops, swaps or turns back rows is found, with the database alone in his hands."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, delete, insert, select, text, update

from tests.ykt_telecom.engines import POSTGRESQL, a_place
from ykt_telecom.registry.audit.anchor import Anchor
from ykt_telecom.registry.audit.chain import BROKEN, Chain, seal_audit, seal_rest
from ykt_telecom.registry.audit.steps import record, record_many
from ykt_telecom.registry.audit.subject import Subject
from ykt_telecom.registry.audit.tables import audit_head, audit_row
from ykt_telecom.registry.audit.verify import ChainVerdict, verify
from ykt_telecom.runtime.clock import BUSINESS_ZONE
from ykt_telecom.storage.database import Database, Location, create_all, open_database
from ykt_telecom.storage.faults import StorageUnavailable
from ykt_telecom.storage.later import transaction, write_with

KEY = bytes(range(32))
NOON = datetime(2026, 12, 1, 12, tzinfo=BUSINESS_ZONE)
ROWS = 8


class Log:
    """An audit log in a database, its anchor beside it, and a person who has the database alone."""

    def __init__(self, folder: Path, place: Location | None = None) -> None:
        self.path = folder / "db" / "ykt.db"
        self.place = place or self.path
        self.anchor = Anchor(folder / "secrets" / "audit.head")
        self.database = self._open()

    def _open(self) -> Database:
        database = open_database(self.place)
        create_all(database, NOON)
        self.chain: Chain = seal_audit(database, KEY, self.anchor)
        return database

    def restart(self) -> None:
        self.database.close()
        self.database = self._open()

    def write(self, *names: str) -> None:
        """One transaction that records something for each name."""
        with self.database.writing() as conn:
            for name in names:
                facts = {"name": "张三", "subject": name}
                record(conn, at=NOON, actor="test", action="tried", subject=name, facts=facts)

    def fill(self) -> None:
        for number in range(0, ROWS, 2):
            self.write(str(number + 1), str(number + 2))

    def check(self, key: bytes = KEY) -> ChainVerdict:
        with self.database.reading() as conn:
            return verify(conn, key, self.anchor)

    def tamper(self, *statements: Any) -> None:
        """Change the database without the key, as somebody who stole a copy of it can."""
        with self.database.engine.begin() as conn:
            for statement in statements:
                conn.execute(statement)


@pytest.fixture
def log(tmp_path: Path, place: Location) -> Iterator[Log]:
    made = Log(tmp_path, place)
    made.fill()
    yield made
    made.database.close()


def test_an_untouched_chain_fits(log: Log) -> None:
    """Every row is sealed by the commit that wrote it, and the anchor knows the last one."""
    assert log.check() == ChainVerdict(ROWS)
    anchored = log.anchor.last()
    assert anchored is not None
    assert anchored.seq == ROWS
    log.restart()
    log.write("after a restart")
    assert log.check() == ChainVerdict(ROWS + 1)


def test_a_transaction_that_is_rolled_back_leaves_no_gap(log: Log) -> None:
    """Neither row nor head nor anchor of it stay."""
    with contextlib.suppress(ZeroDivisionError), log.database.writing() as conn:
        record(conn, at=NOON, actor="test", action="tried", subject="never")
        raise ZeroDivisionError
    log.write("next")
    assert log.check() == ChainVerdict(ROWS + 1)


@pytest.mark.parametrize(
    "change",
    [
        {"actor": "nobody"},
        {"action": "untold"},
        {"subject": "else"},
        {"at": NOON + timedelta(microseconds=1)},
        {"facts": {"name": "李四", "subject": "4"}},
        {"facts": {}},
        {"seal": None},
        {"seal": "0" * 64},
    ],
)
def test_an_edited_row_is_named(log: Log, change: dict[str, Any]) -> None:
    """Any column, the facts included."""
    log.tamper(update(audit_row).where(audit_row.c.seq == 4).values(change))
    assert log.check().bad == 4


def test_a_dropped_row_is_missed(log: Log) -> None:
    """The row after the gap does not fit."""
    log.tamper(delete(audit_row).where(audit_row.c.seq == 3))
    assert log.check().bad == 4


def test_two_rows_that_change_places_are_named(log: Log) -> None:
    """Each is genuine, and stands where it does not belong."""
    log.tamper(text("update audit_row set seq = -3 where seq = 3"), text("update audit_row set seq = 3 where seq = 4"))
    log.tamper(text("update audit_row set seq = 4 where seq = -3"))
    assert log.check().bad == 3


def test_a_tail_that_was_cut_off_is_missed(log: Log) -> None:
    """Drop the last three rows: the first of them is named, and stays so after the service went on."""
    log.tamper(delete(audit_row).where(audit_row.c.seq > ROWS - 3))
    assert log.check().bad == ROWS - 2
    log.write("new")
    assert log.check().bad == ROWS + 1


def test_seals_and_head_taken_away_are_not_put_on_again(log: Log) -> None:
    """The service must not seal a forgery: rows edited, seals set null, head deleted, service started."""
    log.tamper(
        update(audit_row).values(seal=None), update(audit_row).where(audit_row.c.seq == 4).values(actor="nobody")
    )
    log.tamper(delete(audit_head))
    assert not log.check().holds
    log.restart()
    log.write("new")
    verdict = log.check()
    assert verdict.bad == 1
    assert not verdict.holds


def test_an_emptied_log_is_a_finding(log: Log) -> None:
    """No row, no head: the anchor still knows how many there were, and the next row does not take number 1 again."""
    log.tamper(delete(audit_row), delete(audit_head))
    verdict = log.check()
    assert verdict.reason is not None
    assert "head is gone" in verdict.reason
    log.restart()
    log.write("new")
    assert log.check().bad == ROWS + 1


def test_an_older_head_with_the_newer_rows_cut_is_a_finding(log: Log) -> None:
    """Rows and head of yesterday fit each other; the anchor outside says that there were more, for ever."""
    with log.database.reading() as conn:
        older = dict(conn.execute(select(audit_head)).one()._mapping)
    log.write("what somebody wants to hide", "and this")
    log.tamper(delete(audit_row).where(audit_row.c.seq > ROWS), update(audit_head).values(older))
    verdict = log.check()
    assert verdict.bad == ROWS + 1
    assert "the anchor knows 10 records, 8 are there" in str(verdict.reason)
    log.restart()
    log.write("the service goes on", "and on", "and on")
    verdict = log.check()
    assert verdict.breaks == (ROWS + 1,)
    assert not verdict.holds


def test_a_whole_older_copy_put_back_is_a_finding(tmp_path: Path) -> None:
    """The file of yesterday in the place of today's; the log says so in itself when it is used."""
    log = Log(tmp_path)
    log.fill()
    log.database.close()
    copy = log.path.read_bytes()
    log.database = log._open()
    log.write("today")
    log.database.close()
    log.path.write_bytes(copy)
    log.database = log._open()
    assert log.check().bad == ROWS + 1
    log.write("tomorrow", "and more")
    with log.database.reading() as conn:
        said = conn.execute(select(audit_row.c.facts).where(audit_row.c.action == BROKEN)).scalars().all()
    assert said == [{"reason": "the anchor knows rows up to 9, the head is at 8"}]
    assert log.check().breaks == (ROWS + 1,)
    log.database.close()


def test_an_older_head_alone_is_a_finding(log: Log) -> None:
    """Rows behind the head belong to nobody."""
    with log.database.reading() as conn:
        older = dict(conn.execute(select(audit_head)).one()._mapping)
    log.write("one more")
    log.tamper(update(audit_head).values(older))
    assert log.check().reason == "the head is at record 8, the last record is 9: some are missing or do not belong"


def test_a_missing_anchor_is_a_finding(log: Log) -> None:
    """Without the anchor nobody can say that the end is the end; it is not made anew in silence."""
    log.anchor.path.unlink()
    assert "the anchor is gone" in str(log.check().reason)
    log.restart()
    log.write("new")
    assert log.check().breaks == (ROWS + 1,)


def test_a_log_of_another_installation_is_a_finding(log: Log, tmp_path: Path) -> None:
    """Rows chained with the same key, but not those that the anchor knows."""
    other = Log(tmp_path / "other")
    other.fill()
    other.write("this one has another ninth row")
    log.write("than that one")
    log.anchor.path.write_bytes(other.anchor.path.read_bytes())
    other.database.close()
    assert log.check().reason == "record 9 is not what the anchor knows"
    log.restart()
    log.write("new")
    assert log.check().breaks == (ROWS + 2,)


def test_another_key_fits_nothing(log: Log) -> None:
    """Without the KEK nobody can forge the chain."""
    assert log.check(bytes(32)).bad == 1


def test_rows_written_past_the_chain_are_named(log: Log) -> None:
    """A row that nobody sealed belongs to nobody."""
    row = {"seq": ROWS + 1, "at": NOON, "actor": "x", "action": "x", "subject": "x", "facts": {}}
    log.tamper(insert(audit_row).values(row))
    assert log.check().bad == ROWS + 1


def test_a_crash_between_commit_and_anchor_is_no_finding(log: Log) -> None:
    """The anchor may lie behind: the chain goes through it."""
    lines = log.anchor.path.read_bytes().splitlines(keepends=True)
    log.anchor.path.write_bytes(b"".join(lines[:-1]) + lines[-1][:20])
    assert log.check() == ChainVerdict(ROWS)
    log.restart()
    log.write("new")
    assert log.check() == ChainVerdict(ROWS + 1)


def test_an_anchor_that_cannot_be_written_stops_the_next_change(log: Log) -> None:
    """The change that stands is told as done; nothing more is taken until the anchor is there again."""
    moved = log.anchor.path.with_name("moved")
    log.anchor.path.rename(moved)
    log.anchor.path.mkdir()
    log.write("stands")
    with pytest.raises(StorageUnavailable, match="anchor_file"):
        log.write("is not taken")
    log.anchor.path.rmdir()
    moved.rename(log.anchor.path)
    log.write("is taken")
    assert log.check() == ChainVerdict(ROWS + 2)


def test_the_anchor_outlives_its_size(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    """A large file is put aside once, and the points in both count."""
    monkeypatch.setattr("ykt_telecom.registry.audit.anchor.LARGEST", 200)
    log.fill()
    assert log.check() == ChainVerdict(2 * ROWS)
    furthest = log.anchor.furthest()
    assert furthest is not None
    assert furthest.seq == 2 * ROWS
    assert log.anchor.path.stat().st_size <= 200


def test_what_version_1_left_unsealed_is_sealed_by_the_upgrade(tmp_path: Path) -> None:
    """Its rows were sealed some seconds later; those that a stop left behind get their seals once."""
    path = tmp_path / "ykt.db"
    database = open_database(path)
    create_all(database, NOON)
    rows = [{"at": NOON, "actor": "x", "action": "x", "subject": str(n), "facts": {}} for n in range(3)]
    with database.writing() as conn:
        conn.execute(insert(audit_row), rows)
        assert seal_rest(conn, KEY) == 3
        assert seal_rest(conn, KEY) == 0
        assert verify(conn, KEY, Anchor(tmp_path / "none")).sealed == 3
    database.close()


def test_a_sealed_row_does_not_depend_on_who_packed_the_transaction(tmp_path: Path) -> None:
    """One transaction of many rows and many of one row give the same chain."""
    one, many = Log(tmp_path / "one"), Log(tmp_path / "many")
    subjects = [(Subject.job(number), {"n": number}) for number in range(20)]
    with one.database.writing() as conn:
        record_many(conn, subjects, at=NOON, actor="test", action="tried")
    for told in subjects:
        with many.database.writing() as conn:
            record_many(conn, [told], at=NOON, actor="test", action="tried")
    seals: list[list[str]] = []
    for log in (one, many):
        with log.database.reading() as conn:
            seals.append(list(conn.execute(select(audit_row.c.seal).order_by(audit_row.c.seq)).scalars()))
        log.database.close()
    assert seals[0] == seals[1]


def test_a_card_is_found_by_its_number_and_not_read_off() -> None:
    """The same card is spelled alike everywhere; neighbours are told apart; the whole number does not stand there."""
    card = "89860012345678905555"
    assert str(Subject.card(card)) == "card:905555~86e0"
    same_end = [str(Subject.card(f"8986001234567{n}905555")) for n in range(8)]
    assert len(set(same_end)) == 8
    assert card not in str(Subject.card(card))


def test_several_writers_make_one_chain(tmp_path: Path) -> None:
    """Each seals its own transaction on a server; they queue for the head, and no row is chained twice or left out."""
    with a_place(POSTGRESQL, tmp_path) as place:
        log = Log(tmp_path, place)
        log.write("the first one makes the head")
        engines = [create_engine(log.database.engine.url) for _ in range(3)]

        def write(number: int) -> None:
            write_with(engines[number], audit_row, Chain(KEY, log.anchor).write)
            for turn in range(15):
                with transaction(engines[number]) as conn:
                    record(conn, at=NOON, actor=f"writer {number}", action="tried", subject=str(turn))

        with ThreadPoolExecutor(3) as pool:
            assert list(pool.map(write, range(3))) == [None] * 3
        assert log.check() == ChainVerdict(46)
        for engine in engines:
            engine.dispose()
        log.database.close()
