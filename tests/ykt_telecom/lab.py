"""A platform without sockets or threads, an SMSC as a list, and a small card that speaks the wire document.

Every transaction goes through `Lab.step`, so a test can crash the program before any of them: what is in memory is
dropped, the same database file is opened again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeVar

from sqlalchemy import Connection, select

from smsc_gateway.links.outcome import NO_ANSWER, Certainty, SubmitResult
from smsc_gateway.smpp.receipt import Receipt
from smsc_gateway.smpp.status import retry_class
from telecom_codecs.card.identities import Iccid, Imsi, Msisdn, Tar
from telecom_codecs.crypto.openssl import OpenSslProvider
from telecom_codecs.crypto.pycryptodome import PycryptodomeProvider
from telecom_codecs.crypto.secret_key import KeySet, SecretKey
from telecom_codecs.onecard.names import TAR_PLATFORM
from telecom_codecs.ota.packet_security import open_command, seal_command, seal_response
from telecom_codecs.ota.secured_packet import CommandPacket, PorStatus, ResponsePacket, Spi
from telecom_codecs.sms.concat import split_packet
from telecom_codecs.sms.udh import IEI_COMMAND_PACKET, IEI_RESPONSE_PACKET, split_user_data
from tests.ykt_telecom.small_card import SmallCard
from ykt_telecom.messaging.inbox import Delivered, Receivers, take_messages
from ykt_telecom.messaging.intake import take_receipts
from ykt_telecom.messaging.outgoing import PRIORITY_BULK, Answer, GotReceipt, Handed, Outgoing
from ykt_telecom.messaging.texts import TextFollowers, TextsOut
from ykt_telecom.ota.means import OtaMeans, OtaPolicy
from ykt_telecom.ota.orders import NotOrdered, Order, order_jobs
from ykt_telecom.ota.outcome import JobKind, JobOutcome
from ykt_telecom.ota.outgoing import CardsIn, PacketsOut
from ykt_telecom.ota.sweeping import sweep
from ykt_telecom.ota.tables import job, packet
from ykt_telecom.registry.cards.states import Refused
from ykt_telecom.registry.cards.steps import NewCard, add_card
from ykt_telecom.registry.directory.steps import NewEnterprise, add_enterprises
from ykt_telecom.registry.keys.steps import KeyUsage, store_card_keys, store_mother_key
from ykt_telecom.registry.keys.wrapping import KeyRing
from ykt_telecom.runtime.clock import BUSINESS_ZONE, ManualClock
from ykt_telecom.runtime.tokens import SeededTokens
from ykt_telecom.storage.context import StepContext
from ykt_telecom.storage.database import Database, Location, create_all, open_database

T = TypeVar("T")

NOON = datetime(2026, 3, 1, 12, tzinfo=BUSINESS_ZONE)
ICCID = "89860012345678901234"
MSISDN = "8613800000001"
ACCESS_CODE = "106572000"
ENTERPRISE = 1001
PROVIDER = OpenSslProvider()
POLICY = OtaPolicy(por_timeout=timedelta(seconds=10), delays=(timedelta(seconds=5), timedelta(seconds=20)))


def a_key(name: str, length: int = 16) -> SecretKey:
    """A test key, different for every name."""
    return SecretKey(SeededTokens(name).octets(length))


def card_keys(iccid: str = ICCID) -> dict[KeyUsage, SecretKey]:
    return {usage: a_key(f"{iccid}{usage}") for usage in KeyUsage}


class Crash(Exception):
    """The program is gone."""


ACCEPTED = SubmitResult(0, None, Certainty.ACCEPTED)
#: Sent, and no answer came.
LOST = SubmitResult(NO_ANSWER, None, Certainty.UNKNOWN)
#: The link was down: it never left.
NOT_SENT = SubmitResult(NO_ANSWER, None, Certainty.NOT_SENT)


def refused(status: int) -> SubmitResult:
    """The SMSC's refusal with this status."""
    retry = retry_class(status)
    final = retry.name == "FINAL"
    return SubmitResult(status, None, Certainty.REFUSED_FINAL if final else Certainty.REFUSED_RETRY, retry)


THROTTLED = refused(0x58)
REFUSED = refused(0x0B)


@dataclass
class Smsc:
    """What the SMSC says to each submission: a list of answers to come, then "accepted"."""

    answers: list[SubmitResult] = field(default_factory=list)
    submitted: list[Handed] = field(default_factory=list)
    numbers: int = 0

    def submit(self, segment: Handed) -> tuple[SubmitResult, bool]:
        """The answer, and whether the segment goes on to the phone."""
        self.submitted.append(segment)
        self.numbers += 1
        answer = self.answers.pop(0) if self.answers else ACCEPTED
        if answer is ACCEPTED:
            return SubmitResult(0, f"{self.numbers:08X}", Certainty.ACCEPTED), True
        return answer, answer is LOST


class Lab:
    """The platform over one database."""

    def __init__(self, place: Location, *, policy: OtaPolicy = POLICY) -> None:
        self.place = place
        self.policy = policy
        self.clock = ManualClock(NOON)
        self.tokens = SeededTokens("lab")
        self.ring = KeyRing(a_key("kek", 32))
        self.smsc = Smsc()
        self.card = SmallCard(Iccid(ICCID), KeySet(*(card_keys()[u] for u in list(KeyUsage)[:3])))
        self.outcomes: list[JobOutcome] = []
        self.jobs: dict[str, int] = {}  #: ids by the names that a test gives
        self.texts: list[Any] = []  #: what was told about texts
        self.requests: list[Any] = []
        self.receipts: list[Any] = []
        self.crash_before: int | None = None
        self.steps = 0
        self.database: Database = self._open()
        self._furnish()

    # --- the program ---------------------------------------------------------------------------------------------

    def _open(self) -> Database:
        database = open_database(self.place)
        create_all(database, self.clock.now())
        self.means = OtaMeans(self.ring, PROVIDER, self.policy)
        self.means.followers["test"] = lambda _conn, _context, outcomes: self.outcomes.extend(outcomes)
        self.means.requests = lambda _conn, _context, requests: self.requests.extend(requests)
        followers = TextFollowers()
        followers.sent["statement"] = lambda _conn, _context, facts: self.texts.extend(facts)
        followers.receipts["statement"] = lambda _conn, _context, facts: self.receipts.extend(facts)
        cards = CardsIn(self.means)
        self.receivers = Receivers(cards.proofs, cards.requests)
        self.outgoing: tuple[Outgoing, ...] = (PacketsOut(self.means), TextsOut(followers))
        return database

    def step(self, work: Callable[[Connection, StepContext], T]) -> T:
        """One transaction; crashes before it when the test says so."""
        self.steps += 1
        if self.crash_before is not None and self.steps >= self.crash_before:
            self.crash_before = None
            raise Crash
        with self.database.writing() as conn:
            return work(conn, StepContext(self.clock.now(), self.tokens))

    def restart(self) -> None:
        """Drop everything in memory and start again on the same file."""
        self.database.close()
        self.database = self._open()
        self.step(lambda conn, context: [owner.settle(conn, context) for owner in self.outgoing])

    def close(self) -> None:
        self.database.close()

    def _furnish(self) -> None:
        def furnish(conn: Connection, context: StepContext) -> None:
            now = context.now
            add_enterprises(conn, context, [NewEnterprise("ACME", "红岩实业", id=ENTERPRISE)])
            store_mother_key(
                conn,
                self.ring,
                ENTERPRISE,
                1,
                a_key("mother"),
                provider=PROVIDER,
                nonce=context.tokens.octets(12),
                actor="test",
                now=now,
            )
            self.add_card(conn, context, ICCID, MSISDN)

        self.step(furnish)

    def add_card(self, conn: Connection, context: StepContext, iccid: str, msisdn: str) -> None:
        new = NewCard(Iccid(iccid), Imsi("460001234567890"), Msisdn(msisdn))
        add_card(conn, new, actor="test", now=context.now)
        store_card_keys(
            conn,
            self.ring,
            iccid,
            card_keys(iccid),
            generation=1,
            provider=PROVIDER,
            nonce=lambda: context.tokens.octets(12),
        )

    # --- what a test does ----------------------------------------------------------------------------------------

    def order(self, what: JobKind, called: str, /, **payload: Any) -> str:
        """Order a job and give it a name; raises `Refused`."""
        enterprise_id = None if what is JobKind.ANSWER else ENTERPRISE
        order = Order(what, ICCID, enterprise_id, payload, "test", len(self.jobs))
        [ordered] = self.step(lambda conn, context: order_jobs(conn, context, [order]))
        if isinstance(ordered, NotOrdered):
            raise Refused(ordered.reason)
        self.jobs[called] = ordered.job_id
        return called

    def sweep(self) -> None:
        self.step(lambda conn, context: sweep(conn, context, self.means))

    def claim(self, room: int = 100) -> list[tuple[Outgoing, Handed]]:
        """What may leave now, as it is durably marked."""
        return self.step(
            lambda conn, context: [
                (owner, one) for owner in self.outgoing for one in owner.claim(conn, context, room, PRIORITY_BULK)
            ]
        )

    def note(self, answers: list[tuple[Outgoing, Answer]]) -> None:
        """Store what the SMSC said."""
        for owner in self.outgoing:
            mine = [answer for whose, answer in answers if whose is owner]
            if mine:
                self.step(self._noting(owner, mine))

    @staticmethod
    def _noting(owner: Outgoing, mine: list[Answer]) -> Callable[[Connection, StepContext], object]:
        return lambda conn, context: owner.note_answers(conn, context, mine)

    def send(self, *, to_card: bool = True) -> list[bytes]:
        """Claim and submit everything that is ready; what the card says in return (TP-UD of its short messages)."""
        said: list[bytes] = []
        answers = []
        for owner, segment in self.claim():
            result, goes_on = self.smsc.submit(segment)
            answers.append((owner, Answer(segment.row, segment.segment, result)))
            if goes_on and to_card and segment.dcs == 0xF6:
                said += self.card.receive(segment.user_data)
        self.note(answers)
        return said

    def deliver(self, user_data: bytes, *, source: str = MSISDN) -> str:
        """A deliver_sm with a binary short message; the word in the inbox."""
        message = Delivered(source, ACCESS_CODE, 0, 0xF6, True, user_data)
        return self.take([message])[0]

    def take(self, messages: list[Delivered]) -> list[str]:
        return self.step(lambda conn, context: take_messages(conn, context, self.receivers, messages))

    def receive(self, receipt: Receipt, msisdn: str = MSISDN) -> str:
        """A delivery receipt."""
        got = [GotReceipt(msisdn, receipt)]
        return self.step(lambda conn, context: take_receipts(conn, context, self.outgoing, got))[0]

    def turn(self) -> list[str]:
        """Sweep, send, take the answers in; what the inbox said."""
        self.sweep()
        return [self.deliver(answer) for answer in self.send()]

    def issue(self) -> None:
        self.order(JobKind.ISSUE, "issue", name="红岩", rights=7)
        self.turn()

    def finish_everything(self, rounds: int = 12) -> None:
        """Let time pass until nothing is open."""
        for _ in range(rounds):
            self.turn()
            if all(state in TERMINAL for state in self.states().values()):
                return
            self.clock.advance(25)

    # --- what a test looks at ------------------------------------------------------------------------------------

    def read(self, query: Any) -> list[Any]:
        with self.database.reading() as conn:
            return list(conn.execute(query))

    def states(self) -> dict[str, str]:
        """The states of the jobs by their names."""
        names = {number: name for name, number in self.jobs.items()}
        return {names[row.id]: row.state for row in self.read(select(job.c.id, job.c.state)) if row.id in names}

    def packets(self, name: str) -> list[Any]:
        """The packets of a job, in their order."""
        return self.read(select(packet).where(packet.c.job_id == self.jobs[name]).order_by(packet.c.number))

    def wire(self) -> list[tuple[int, bytes]]:
        """(CNTR, packet) of everything handed to the SMSC for the card, in order; single-segment packets only."""
        found = []
        keys = self.card.keys
        for segment in self.smsc.submitted:
            if segment.dcs != 0xF6:
                continue
            header, body = split_user_data(True, segment.user_data)
            if header is not None and header.concatenation is None:
                packet = open_command(body, keys, PROVIDER).packet
                found.append((packet.counter, body))
        return found


TERMINAL = {"APPLIED", "FAILED", "CANCELLED", "EXPIRED", "SUPERSEDED"}


def a_response(keys: KeySet, counter: int, tar: bytes, *, status: int = PorStatus.OK, content: bytes = b"") -> bytes:
    """TP-UD of a PoR in one segment, sealed with the keys given: a test may give wrong ones."""
    packet = ResponsePacket(Tar(tar), counter, status, content)
    octets = seal_response(packet, Spi.decode(bytes.fromhex("1639")), 0x12, 0x12, keys, PROVIDER)
    return split_packet(octets, iei=IEI_RESPONSE_PACKET, reference=1)[0]


def a_request(counter: int, octets: bytes = bytes(66), *, iccid: str = ICCID) -> bytes:
    """TP-UD of an MO packet of the card's menu applet."""
    keys = card_keys(iccid)
    packet = CommandPacket(Spi.decode(bytes.fromhex("1600")), 0x52, 0x52, TAR_PLATFORM, counter, octets)
    sealed = seal_command(packet, KeySet(keys[KeyUsage.MO_KIC], keys[KeyUsage.MO_KID]), PycryptodomeProvider())
    return split_packet(sealed, iei=IEI_COMMAND_PACKET, reference=1)[0]
