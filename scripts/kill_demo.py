"""Kill the running demo again and again, then check that nothing was lost, doubled in silence or left half done.

    python -m scripts.kill_demo [--rounds 20] [--cards 20] [--seed 1] [--data DIR]

Each round starts the demo on the same folder, lets members delete applications from their menus while monthly
statements run, and kills it (SIGKILL) at a random moment. At the end it is started once more, left alone until it is
quiet, and checked: every job ended, no counter went out twice with other octets or backwards, card and platform agree
about every application and every fen, every statement is on its phone, and a doubled one is flagged.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, select

from smsc_gateway.line.reactor import install
from smsc_gateway.smpp.operations import SubmitSm, SubmitSmResp, decode
from stk_applet_sim.population import seeded_population
from telecom_codecs.crypto.openssl import OpenSslProvider
from telecom_codecs.errors import CodecError
from telecom_codecs.octets import Cursor
from telecom_codecs.ota.packet_security import open_command
from telecom_codecs.sms.concat import Reassembly
from telecom_codecs.sms.udh import UserDataHeader

PERIODS = [f"2025-{month:02d}" for month in (11, 12)] + [f"2026-{month:02d}" for month in range(1, 11)]
READY = "ready"
LONGEST_LIFE = 4.0  #: seconds between ready and the kill
QUIET_PATIENCE = 180.0


# the child: one life of the demo


def live(options: argparse.Namespace) -> None:
    """Start the demo on the folder and keep it busy until killed; with `last`, let it become quiet and check it."""
    reactor: Any = install()
    from ykt_telecom.faces.cli.logs import configure_logs  # noqa: PLC0415 - uses the reactor

    configure_logs("console", "error")
    failed: list[BaseException] = []

    async def life() -> None:
        try:
            await (finish(options, reactor) if options.last else be_busy(options, reactor))
        except BaseException as error:  # noqa: BLE001 - raised below, in the main thread
            failed.append(error)
        reactor.callLater(0, reactor.stop)

    reactor.callWhenRunning(lambda: asyncio.ensure_future(life()))
    reactor.run()
    for error in failed:
        raise error


def _lab(options: argparse.Namespace, reactor: Any) -> Any:
    from smsc_gateway.line.observers import PduLog  # noqa: PLC0415 - after the reactor
    from ykt_telecom.demo.lab import Lab, LabOptions  # noqa: PLC0415
    from ykt_telecom.runtime.clock import SystemClock  # noqa: PLC0415

    log = (options.data.parent / "pdus.jsonl").open("a", encoding="utf-8")
    log.write("\n")  # a line that the last kill cut ends here
    return Lab(
        LabOptions(options.data, options.cards, options.seed),
        reactor=reactor,
        observers=[PduLog(log, SystemClock().now)],
    )


async def be_busy(options: argparse.Namespace, reactor: Any) -> None:
    """Deletions, new issues and statement runs until the end of the process."""
    chance = random.Random(f"{options.seed}/{options.round}")  # noqa: S311 - a test's choice
    lab = _lab(options, reactor)
    is_new = lab.is_new
    await lab.start()
    if is_new:
        await furnish(lab)
    print(READY, flush=True)
    await asyncio.gather(_delete_and_issue(lab, chance), _run_statements(lab, chance, options.round))


async def furnish(lab: Any) -> None:
    """A few taps in every month at work, so that every month has both statements."""
    from ykt_telecom.demo.people import WORK  # noqa: PLC0415
    from ykt_telecom.demo.setting_up import memberships, upload  # noqa: PLC0415
    from ykt_telecom.demo.world import Tap, TapKind  # noqa: PLC0415
    from ykt_telecom.flows.statements.period import Period  # noqa: PLC0415

    for text in PERIODS:
        start = Period.parse(text).starts()
        day = start.replace(day=5, hour=9)
        done = []
        for one in memberships(lab.world.cards):
            if one.enterprise is WORK:
                for tap in (
                    Tap(TapKind.PUNCH, "KQ01", day),
                    Tap(TapKind.TOP_UP, "CZ01", day.replace(hour=11), 5_000),
                    Tap(TapKind.PURCHASE, "ST01", day.replace(hour=12), 1_250),
                    Tap(TapKind.PUNCH, "KQ01", day.replace(hour=18)),
                ):
                    done.append((tap, lab.world.tap(one.number, WORK.number, tap)))
        await upload(lab.service, done)


async def _run_statements(lab: Any, chance: random.Random, upto: int) -> None:
    """One kind of one month more in each life, so that no life is without a statement run to die in."""
    from ykt_telecom.flows.statements.period import Period  # noqa: PLC0415
    from ykt_telecom.flows.statements.runs import run_statements  # noqa: PLC0415
    from ykt_telecom.flows.statements.states import StatementKind  # noqa: PLC0415

    wanted = [(text, kind) for text in PERIODS for kind in StatementKind][: upto + 1]
    await asyncio.sleep(chance.uniform(0, LONGEST_LIFE / 4))
    for text, kind in wanted:
        await run_statements(lab.service.committer, Period.parse(text), kinds=[kind], page=2)


async def _delete_and_issue(lab: Any, chance: random.Random) -> None:
    """Members delete what they have at home; what was deleted is issued again."""
    from ykt_telecom.demo.people import HOME  # noqa: PLC0415
    from ykt_telecom.demo.setting_up import PASSWORD, issue, memberships  # noqa: PLC0415
    from ykt_telecom.runtime.errors import Refusal  # noqa: PLC0415

    homes = [one for one in memberships(lab.world.cards) if one.enterprise is HOME]
    while True:
        one = chance.choice(homes)
        station = lab.world.stations[one.number].station
        handset = station.handset
        names = [application.enterprise for application in station.card.enterprise_applications()]
        if HOME.number in names:
            handset.press("end")
            handset.press("ok")
            handset.press("end")
            handset.press("ok")
            handset.select(4)
            handset.select(1 + names.index(HOME.number))
            handset.select(3)
            handset.press("ok")
            handset.enter(PASSWORD.octets().decode())
            handset.press("ok")
        else:
            with contextlib.suppress(Refusal):  # it may be on its way already
                await issue(lab.service, [one])
        await asyncio.sleep(chance.uniform(0, 0.1))
        for number in range(len(lab.world.stations)):
            if "text" in dir(lab.world.stations[number].station.handset.screen):
                lab.world.stations[number].station.handset.press("ok")


async def finish(options: argparse.Namespace, reactor: Any) -> None:
    """Start once more, run what is left, wait until all is quiet, check, print the facts as one JSON line."""
    lab = _lab(options, reactor)
    started = time.monotonic()
    await lab.start()
    await _run_statements(lab, random.Random(0), options.round)  # noqa: S311 - no secret
    await lab.until(lambda: _is_quiet(lab), "quiet", QUIET_PATIENCE)
    facts = await lab.read(platform_facts)
    facts["seconds_to_quiet"] = round(time.monotonic() - started, 1)
    facts |= world_facts(lab, await lab.read(applications_of))
    facts["purses_that_differ"] = await _differing_purses(lab)
    facts |= await lab.read(lambda conn: statement_facts(conn, texts_on_phones(lab)))
    facts["flagged_texts"] = await lab.read(flagged_texts)
    await lab.stop()
    print(json.dumps(facts, ensure_ascii=False), flush=True)


async def _is_quiet(lab: Any) -> bool:
    for station in lab.world.stations:
        if "text" in dir(station.station.handset.screen):
            station.station.handset.press("ok")
    waiting = await lab.read(_waiting)
    return waiting == 0 and len(lab.world.smsc.centre.mailbox) == 0


def _waiting(conn: Connection) -> int:
    from ykt_telecom.demo.setting_up import open_jobs  # noqa: PLC0415
    from ykt_telecom.flows.statements.tables import statement  # noqa: PLC0415
    from ykt_telecom.messaging.tables import outbox  # noqa: PLC0415

    unsent = conn.execute(select(outbox.c.state).where(outbox.c.state.in_(("QUEUED", "HANDED")))).all()
    undelivered = conn.execute(
        select(statement.c.state).where(statement.c.state.not_in(("DELIVERED", "SUPPRESSED")))
    ).all()
    return open_jobs(conn) + len(unsent) + len(undelivered)


def platform_facts(conn: Connection) -> dict[str, Any]:
    """Jobs and books."""
    from ykt_telecom.ledger.money.steps import trial_balance  # noqa: PLC0415
    from ykt_telecom.ota.states import TERMINAL_STATES  # noqa: PLC0415
    from ykt_telecom.ota.tables import job, packet  # noqa: PLC0415
    from ykt_telecom.registry.audit.tables import audit_row  # noqa: PLC0415
    from ykt_telecom.registry.directory.steps import enterprises  # noqa: PLC0415

    states = Counter(row.state for row in conn.execute(select(job.c.state)))
    ends: Counter[int] = Counter()
    for row in conn.execute(select(audit_row)):
        if row.action.partition("job.")[2].partition(".")[0].upper() in TERMINAL_STATES:
            ends.update(row.facts.get("jobs") or [int(row.subject.partition(":")[2])])
    counters = [tuple(row) for row in conn.execute(select(packet.c.iccid, packet.c.key_index, packet.c.counter))]
    books = [trial_balance(conn, one.id) for one in enterprises(conn)]
    return {
        "jobs": dict(states),
        "jobs_not_ended": sum(number for state, number in states.items() if state not in TERMINAL_STATES),
        "jobs_ended_twice": sum(number > 1 for number in ends.values()),
        "packets": len(counters),
        "counters_reserved_twice": len(counters) - len(set(counters)),
        "books_that_do_not_balance": sum(debit != credit for debit, credit in books),
    }


def applications_of(conn: Connection) -> dict[str, set[int]]:
    """What the platform believes is on each card."""
    from ykt_telecom.registry.cards.tables import card_application  # noqa: PLC0415

    found: dict[str, set[int]] = defaultdict(set)
    for row in conn.execute(
        select(card_application.c.iccid, card_application.c.enterprise_id, card_application.c.state)
    ):
        if row.state not in {"DELETED", "NONE", "FAILED"}:
            found[row.iccid].add(row.enterprise_id)
    return found


def world_facts(lab: Any, believed: dict[str, set[int]]) -> dict[str, Any]:
    """Cards whose applications are not what the platform believes."""
    wrong = 0
    for card, station in zip(lab.world.cards, lab.world.stations, strict=True):
        there = {one.enterprise for one in station.station.card.enterprise_applications()}
        wrong += there != believed.get(card.iccid.digits, set())
    return {"cards_that_differ": wrong}


async def _differing_purses(lab: Any) -> int:
    from ykt_telecom.demo.people import WORK  # noqa: PLC0415
    from ykt_telecom.ledger.money.steps import balance  # noqa: PLC0415

    def booked(iccid: str) -> Any:
        return lambda conn: balance(conn, iccid=iccid, enterprise_id=WORK.number)

    wrong = 0
    for card, station in zip(lab.world.cards, lab.world.stations, strict=True):
        application = station.station.card.application_of(WORK.number)
        wrong += application is None or application.balance != await lab.read(booked(card.iccid.digits))
    return wrong


def texts_on_phones(lab: Any) -> dict[str, Counter[str]]:
    """Every text on every phone, with how often it is there."""
    return {
        station.msisdn: Counter(message.text or "" for message in station.station.handset.inbox.messages)
        for station in lab.world.stations
    }


def statement_facts(conn: Connection, phones: dict[str, Counter[str]]) -> dict[str, Any]:
    """Statements written, on the phone, missing, doubled, and doubled without a flag."""
    from ykt_telecom.flows.statements.tables import statement  # noqa: PLC0415
    from ykt_telecom.registry.directory.tables import enterprise, member  # noqa: PLC0415

    query = (
        select(statement, member.c.msisdn, enterprise.c.name)
        .join(member, member.c.id == statement.c.member_id)
        .join(enterprise, enterprise.c.id == statement.c.enterprise_id)
        .where(statement.c.state != "SUPPRESSED")
    )
    facts: Counter[str] = Counter()
    for row in conn.execute(query):
        kind = {"ATTENDANCE": "考勤", "CONSUMPTION": "消费"}[row.kind]
        piece = f"{row.name}{int(row.period[5:])}月{kind}"
        copies = sum(number for text, number in phones[row.msisdn].items() if piece in text)
        facts["statements"] += 1
        facts["statements_flagged_as_possible_duplicate"] += bool(row.possible_duplicate)
        facts["statements_missing_on_the_phone"] += copies == 0
        facts["statements_doubled_on_the_phone"] += copies > 1
        facts["statements_doubled_without_a_flag"] += copies > 1 and not row.possible_duplicate
    return dict(facts)


def flagged_texts(conn: Connection) -> list[str]:
    """The texts that the platform itself says may have gone out twice."""
    from ykt_telecom.messaging.tables import outbox  # noqa: PLC0415

    rows = conn.execute(select(outbox.c.msisdn, outbox.c.user_data).where(outbox.c.possible_duplicate))
    return [_name_of(row.msisdn.encode(), row.user_data) for row in rows]


def _name_of(msisdn: bytes, user_data: bytes) -> str:
    return hashlib.sha256(msisdn + b"|" + user_data).hexdigest()


# the parent


def wire_facts(log: Path, cards: int, seed: int, flagged: frozenset[str]) -> dict[str, Any]:
    """I6: on the wire, per card, no counter goes out twice with other octets and none goes backwards.

    I9: no text goes out twice without its flag. Told from the wire, because a phone drops a repetition it has seen.
    """
    keys = {card.msisdn.digits.encode(): card.keys[1] for card in seeded_population(cards, seed)}
    provider, assembly = OpenSslProvider(), Reassembly()
    sent: dict[bytes, dict[int, bytes]] = defaultdict(dict)
    highest: Counter[bytes] = Counter()
    texts: Counter[str] = Counter()
    facts: Counter[str] = Counter()
    for now, pdu in enumerate(_pdus(log)):
        facts["pdus"] += 1
        if not isinstance(pdu, SubmitSm):
            continue
        facts["submit_sm"] += 1
        if pdu.protocol_id != 0x7F:
            texts[_name_of(pdu.destination_addr, pdu.short_message)] += 1
            continue
        cursor = Cursor(pdu.short_message)
        header = UserDataHeader.decode(cursor)
        body = cursor.rest()
        if header.concatenation is not None:
            joined = assembly.add(pdu.destination_addr, header, body, float(now))
            if joined is None:
                continue
            body = joined.body
        counter = open_command(body, keys[pdu.destination_addr], provider).packet.counter
        known = sent[pdu.destination_addr]
        facts["command_packets"] += 1
        if counter in known:
            facts["counters_sent_again_with_the_same_octets"] += known[counter] == body
            facts["counters_sent_again_with_other_octets"] += known[counter] != body
        elif counter < highest[pdu.destination_addr]:
            facts["counters_going_backwards"] += 1
        known[counter] = body
        highest[pdu.destination_addr] = max(highest[pdu.destination_addr], counter)
    doubled = {name for name, times in texts.items() if times > 1}
    facts["texts_sent"], facts["texts_sent_twice"] = len(texts), len(doubled)
    facts["texts_sent_twice_without_a_flag"] = len(doubled - flagged)
    for name in ("counters_sent_again_with_other_octets", "counters_going_backwards"):
        facts.setdefault(name, 0)
    return dict(facts)


def _pdus(log: Path) -> Iterator[Any]:
    for line in log.read_text(encoding="utf-8").splitlines():
        try:
            row = json.loads(line)
            pdu = decode(bytes.fromhex(row["octets"]))
        except (ValueError, CodecError):
            continue  # cut by a kill
        if not isinstance(pdu, SubmitSmResp):
            yield pdu


MUST_BE_ZERO = (
    "jobs_not_ended",
    "jobs_ended_twice",
    "counters_reserved_twice",
    "counters_sent_again_with_other_octets",
    "counters_going_backwards",
    "books_that_do_not_balance",
    "cards_that_differ",
    "purses_that_differ",
    "statements_missing_on_the_phone",
    "statements_doubled_without_a_flag",
    "texts_sent_twice_without_a_flag",
)


def run(options: argparse.Namespace) -> int:
    """All rounds, the last life, the verdict: 0 when nothing is wrong."""
    chance = random.Random(options.seed)  # noqa: S311 - a test's choice
    folder = Path(tempfile.mkdtemp(prefix="ykt-kill-")) if options.data is None else options.data
    for number in range(options.rounds):
        life = _start(options, folder, number)
        assert life.stdout is not None
        if life.stdout.readline().strip() != READY:
            print(f"round {number}: the demo did not start", file=sys.stderr)
            return 1
        wait = chance.uniform(0.02, LONGEST_LIFE)
        time.sleep(wait)
        if life.poll() is not None:
            print(f"round {number}: the demo ended by itself with {life.returncode}", file=sys.stderr)
            return 1
        os.kill(life.pid, signal.SIGKILL)
        life.wait()
        print(f"round {number:2}: killed {wait:.2f} s after it was ready", flush=True)
    last = _start(options, folder, options.rounds, last=True)
    output, _ = last.communicate(timeout=QUIET_PATIENCE + 120)
    if last.returncode != 0:
        print(f"the last start failed:\n{output}", file=sys.stderr)
        return 1
    facts = json.loads(output.strip().splitlines()[-1])
    flagged = frozenset(facts.pop("flagged_texts"))
    facts |= wire_facts(folder / "pdus.jsonl", options.cards, options.seed, flagged)
    print(json.dumps(facts, ensure_ascii=False, indent=1))
    wrong = [name for name in MUST_BE_ZERO if facts.get(name, 0)]
    print(f"{options.rounds} kills: " + (f"WRONG: {', '.join(wrong)} (folder {folder})" if wrong else "nothing lost"))
    return 1 if wrong else 0


def _start(options: argparse.Namespace, folder: Path, number: int, *, last: bool = False) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "scripts.kill_demo", "--live", "--round", str(number)]
    command += ["--cards", str(options.cards), "--seed", str(options.seed), "--data", str(folder / "demo")]
    return subprocess.Popen([*command, *(["--last"] if last else [])], stdout=subprocess.PIPE, text=True)


def main(arguments: Iterable[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Kill the demo again and again; check that nothing is lost.")
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--cards", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--live", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--last", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--round", type=int, default=0, help=argparse.SUPPRESS)
    options = parser.parse_args(None if arguments is None else list(arguments))
    if options.live:
        live(options)
        return 0
    return run(options)


if __name__ == "__main__":
    sys.exit(main())
