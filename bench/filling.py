"""A database as a platform of some age has it: cards, applications, members, ended jobs; in bulk, kept by digest.

The file is made once for a schema and a size, in a folder of the machine's temporary one, and copied for each run.
Cards are those of `SeededCards(n, SEED)`; every card has one application, of the enterprise its place falls to.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Table, insert
from sqlalchemy.schema import CreateIndex, CreateTable

from stk_applet_sim.load import Application
from stk_applet_sim.population import SeededCard, SeededCards
from telecom_codecs.crypto.openssl import OpenSslProvider
from telecom_codecs.crypto.secret_key import SecretKey
from telecom_codecs.onecard.names import application_aid, application_tar
from ykt_telecom.ledger.money.tables import purse
from ykt_telecom.ota.tables import counter_mark, job, packet
from ykt_telecom.registry.cards.steps import KEY_PROFILES
from ykt_telecom.registry.cards.tables import card, card_application, card_key
from ykt_telecom.registry.directory.tables import enterprise, member
from ykt_telecom.registry.keys.tables import mother_key
from ykt_telecom.registry.keys.wrapping import KeyBinding, KeyRing
from ykt_telecom.storage.database import create_all, open_database
from ykt_telecom.storage.schema import load_areas

SEED = 7
KEK = bytes(range(32))
MOTHER = SecretKey(bytes(range(0x60, 0x70)))
FIRST_ENTERPRISE, MEMBERS = 1001, 2000  #: of each enterprise
NAME, RIGHTS = "华信科技", 7
NOW = datetime(2026, 11, 1, tzinfo=UTC)
NONCE = bytes(12)  #: a bench's keys are no secret, and its database is made once
ROWS = 20_000


def enterprise_of(number: int) -> int:
    """Whose application the card at this place has."""
    return FIRST_ENTERPRISE + number // MEMBERS


def application_of(number: int) -> Application:
    """The same application for the simulated card."""
    return Application(enterprise_of(number), NAME, RIGHTS, MOTHER)


def filled(folder: Path, cards: int, ended_jobs: int, open_jobs: int = 0) -> Path:
    """A fresh copy of the database of this size in `folder`."""
    kept = Path(tempfile.gettempdir()) / f"ykt-bench-{os.getuid()}" / f"{_digest(cards, ended_jobs, open_jobs)}.db"
    if not kept.exists():
        kept.parent.mkdir(mode=0o700, exist_ok=True)
        making = kept.with_suffix(f".{os.getpid()}")
        database = open_database(making)
        create_all(database, NOW)
        with database.writing() as conn:
            _fill(conn, cards, ended_jobs, open_jobs)
        database.close()
        making.with_name(making.name + ".lock").unlink(missing_ok=True)
        making.rename(kept)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return Path(shutil.copy(kept, folder / "ykt.db"))


def _digest(*sizes: int) -> str:
    tables = load_areas().sorted_tables
    parts = [str(CreateTable(table)) for table in tables]
    parts += sorted(str(CreateIndex(index)) for table in tables for index in table.indexes)
    parts += [Path(__file__).read_text(encoding="utf-8"), repr(sizes)]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:24]


def _write(conn: Connection, table: Table, rows: Iterable[Mapping[str, Any]]) -> None:
    waiting = iter(rows)
    while page := list(islice(waiting, ROWS)):
        conn.execute(insert(table), page)


def _fill(conn: Connection, cards: int, ended_jobs: int, open_jobs: int) -> None:
    ring, provider = KeyRing(SecretKey(KEK)), OpenSslProvider()
    population = SeededCards(cards, SEED)
    enterprises = sorted({enterprise_of(number) for number in range(0, cards, MEMBERS)})
    _write(conn, enterprise, (_enterprise(number) for number in enterprises))
    _write(conn, mother_key, (_mother_key(ring, provider, number) for number in enterprises))
    people = list(population)
    _write(conn, card, (_card(one) for one in people))
    _write(conn, card_key, (row for one in people for row in _keys(ring, one)))
    _write(conn, card_application, (_application(number, one) for number, one in enumerate(people)))
    _write(conn, member, (_member(number, one) for number, one in enumerate(people)))
    _write(conn, purse, (_purse(number, one) for number, one in enumerate(people)))
    _write(conn, job, _ended_jobs(people, ended_jobs))
    _write(conn, packet, _answered_packets(people, ended_jobs))
    _write(conn, counter_mark, _counters(people, ended_jobs))
    _write(conn, job, _open_jobs(people, ended_jobs, open_jobs))


def _enterprise(number: int) -> dict[str, Any]:
    return {
        "id": number,
        "code": f"E{number}",
        "name": NAME,
        "signature": "移动一卡通",
        "load_cap_fen": 100_000,
        "state": "ACTIVE",
        "created_at": NOW,
    }


def _mother_key(ring: KeyRing, provider: OpenSslProvider, number: int) -> dict[str, Any]:
    binding = KeyBinding(number, "", "MOTHER", 1)
    return {
        "enterprise_id": number,
        "version": 1,
        "row_version": binding.row_version,
        "wrapped": ring.wrap(MOTHER, binding, NONCE),
        "kcv": MOTHER.kcv(provider).hex(),
        "created_at": NOW,
    }


def _card(one: SeededCard) -> dict[str, Any]:
    kic, kid, mo_kic, mo_kid = KEY_PROFILES["aes"]
    return {
        "iccid": one.iccid.digits,
        "imsi": one.imsi.digits,
        "msisdn": one.msisdn.digits,
        "profile": one.profile,
        "state": "ACTIVE",
        "mt_kic": kic,
        "mt_kid": kid,
        "mo_kic": mo_kic,
        "mo_kid": mo_kid,
        "key_generation": 1,
        "created_at": NOW,
        "updated_at": NOW,
    }


def _keys(ring: KeyRing, one: SeededCard) -> Iterator[dict[str, Any]]:
    mt, mo, iccid = one.keys[1], one.keys[5], one.iccid.digits
    named = {"MT_KIC": mt.ciphering, "MT_KID": mt.check, "MT_DEK": mt.key_encryption}
    for usage, key in {**named, "MO_KIC": mo.ciphering, "MO_KID": mo.check}.items():
        assert key is not None
        binding = KeyBinding(0, iccid, usage, 1)
        wrapped = ring.wrap(key, binding, NONCE)
        yield {"iccid": iccid, "usage": usage, "generation": 1, "row_version": 1, "wrapped": wrapped, "kcv": "000000"}


def _application(number: int, one: SeededCard) -> dict[str, Any]:
    return {
        "id": number + 1,
        "iccid": one.iccid.digits,
        "enterprise_id": enterprise_of(number),
        "slot": 1,
        "aid": application_aid(enterprise_of(number), 1).octets.hex().upper(),
        "name": NAME,
        "rights": RIGHTS,
        "key_version": 1,
        "state": "ACTIVE",
        "created_at": NOW,
        "updated_at": NOW,
    }


def _member(number: int, one: SeededCard) -> dict[str, Any]:
    return {
        "enterprise_id": enterprise_of(number),
        "msisdn": one.msisdn.digits,
        "name": "王伟",
        "employee_no": f"{number:06d}",
        "state": "ACTIVE",
        "created_at": NOW,
    }


def _purse(number: int, one: SeededCard) -> dict[str, Any]:
    where = {"iccid": one.iccid.digits, "enterprise_id": enterprise_of(number)}
    return {**where, "balance_fen": 0, "opened_at": NOW - timedelta(days=365)}


def _job(number: int, at: int, one: SeededCard, state: str) -> dict[str, Any]:
    return {
        "id": number,
        "kind": "QUERY",
        "iccid": one.iccid.digits,
        "enterprise_id": enterprise_of(at),
        "application_id": at + 1,
        "payload": "{}",
        "origin": "bench",
        "priority": 50,
        "reference": number,
        "state": state,
        "purpose": "SCRIPT",
        "attempts": 0,
        "resyncs": 0,
        "due_at": NOW + timedelta(days=3650),
        "deadline": NOW + timedelta(days=3650),
        "created_at": NOW,
        "updated_at": NOW,
    }


def _ended_jobs(people: list[SeededCard], count: int) -> Iterator[dict[str, Any]]:
    for number in range(count):
        at = number % len(people)
        yield {**_job(number + 1, at, people[at], "APPLIED"), "attempts": 1, "status": 0, "status_word": 0x9000}


def _open_jobs(people: list[SeededCard], before: int, count: int) -> Iterator[dict[str, Any]]:
    for number in range(count):
        at = len(people) - 1 - number % len(people)
        yield _job(before + number + 1, at, people[at], "QUEUED")


def _answered_packets(people: list[SeededCard], count: int) -> Iterator[dict[str, Any]]:
    for number in range(count):
        one = people[number % len(people)]
        yield {
            "id": number + 1,
            "job_id": number + 1,
            "number": 1,
            "purpose": "SCRIPT",
            "iccid": one.iccid.digits,
            "msisdn": one.msisdn.digits,
            "priority": 50,
            "key_index": 1,
            "generation": 1,
            "counter": number // len(people) + 1,
            "tar": int.from_bytes(application_tar(1).octets, "big"),
            "spi": 0x1639,
            "kic": 0x12,
            "kid": 0x12,
            "commands": 2,
            "segments": 1,
            "accepted": 1,
            "state": "ACCEPTED",
            "fenced": 0,
            "refusals": 0,
            "status": 0,
            "message_id": f"{number:08X}",
            "receipt": "DELIVRD",
            "por_status": 0,
            "handed_at": NOW,
            "answered_at": NOW,
            "receipt_at": NOW,
            "por_at": NOW,
        }


def _counters(people: list[SeededCard], count: int) -> Iterator[dict[str, Any]]:
    highest = -(-count // len(people))
    for one in people[:count]:
        yield {"iccid": one.iccid.digits, "key_index": 1, "generation": 1, "high_water": highest}
