"""A batch of n is n batches of one: one random day, taken in lists and item by item, ends in the same books.

What happens to an item is drawn by its name, not by its turn, so that both days meet the same faults.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any

import pytest
from sqlalchemy import select

from smsc_gateway.links.outcome import SubmitResult
from smsc_gateway.smpp.receipt import Receipt, parse_text
from telecom_codecs.card.identities import Iccid, luhn_digit
from telecom_codecs.crypto.secret_key import KeySet
from tests.ykt_telecom.engines import ENGINES, POSTGRESQL, SQLITE, a_place
from tests.ykt_telecom.lab import (
    ACCEPTED,
    ACCESS_CODE,
    ENTERPRISE,
    LOST,
    NOT_SENT,
    REFUSED,
    THROTTLED,
    Lab,
    a_key,
    a_request,
    a_response,
    card_keys,
    refused,
)
from tests.ykt_telecom.small_card import SmallCard
from ykt_telecom.messaging.inbox import Delivered, take_messages
from ykt_telecom.messaging.intake import take_receipts
from ykt_telecom.messaging.outgoing import PRIORITY_BULK, Answer, GotReceipt, Handed, Outgoing
from ykt_telecom.messaging.tables import outbox
from ykt_telecom.messaging.texts import Text, enqueue_texts
from ykt_telecom.ota.orders import Order, order_jobs
from ykt_telecom.ota.outcome import JobKind
from ykt_telecom.ota.tables import job, packet
from ykt_telecom.registry.cards.tables import card, card_application
from ykt_telecom.storage.context import StepContext

CARDS = 5
ROUNDS = 9
SEEDS = {SQLITE: 12, POSTGRESQL: 4}


def iccid_of(number: int) -> str:
    body = f"898600777777777{number:04d}"
    return body + luhn_digit(body)


def msisdn_of(number: int) -> str:
    return f"86138000010{number:02d}"


class Day:
    """One random day on a lab: `together` takes every list at once, otherwise each item alone."""

    def __init__(self, lab: Lab, seed: int, *, together: bool) -> None:
        self.lab = lab
        self.seed = seed
        self.together = together
        self.round = 0
        self.cards = {}
        self.late: list[Delivered] = []
        self.receipts: list[GotReceipt] = []
        self.orders = 0
        self.submissions: Counter[str] = Counter()
        for number in range(CARDS):
            iccid = iccid_of(number)
            lab.step(lambda conn, context, one=number: lab.add_card(conn, context, iccid_of(one), msisdn_of(one)))  # type: ignore[misc]
            keys = card_keys(iccid)
            self.cards[msisdn_of(number)] = SmallCard(Iccid(iccid), KeySet(*list(keys.values())[:3]))

    def chance(self, *names: object) -> Random:
        """What is drawn for the item of that name in this round."""
        return Random(repr((self.seed, self.round, *names)))

    def take(self, step: Callable[[Any, StepContext, Sequence[Any]], Any], items: Sequence[Any]) -> None:
        """The step over the items: one call, or a call and a transaction for each."""
        for part in [items] if self.together else [[item] for item in items]:
            if part:
                self.lab.step(lambda conn, context, mine=part: step(conn, context, mine))  # type: ignore[misc]

    def live(self) -> None:
        for self.round in range(ROUNDS):
            self.take(order_jobs, self.wishes())
            self.take(enqueue_texts, self.texts())
            said = self.send()
            self.take(lambda conn, context, items: take_messages(conn, context, self.lab.receivers, items), said)
            receipts, self.receipts = self.receipts, []
            self.take(lambda conn, context, items: take_receipts(conn, context, self.lab.outgoing, items), receipts)
            self.lab.clock.advance(self.chance("clock").choice((1, 3, 12, 25)))
            self.lab.sweep()

    def wishes(self) -> list[Order]:
        found = []
        for number in range(CARDS):
            chance = self.chance("order", number)
            for kind in chance.sample(list(JobKind), chance.choice((0, 1, 1, 2))):
                payload: dict[str, Any] = {"name": "红岩", "rights": 7} if kind is JobKind.ISSUE else {}
                if kind is JobKind.ANSWER:
                    payload = {
                        "kind": 1,
                        "request": 7,
                        "serial": "010203040506",
                        "text": chance.choice(("余额", "", "x" * 99)),
                    }
                self.orders += 1
                enterprise = None if kind is JobKind.ANSWER else ENTERPRISE
                found.append(Order(kind, iccid_of(number), enterprise, payload, "test", self.orders))
        return found

    def texts(self) -> list[Text]:
        chance = self.chance("texts")
        return [
            Text(msisdn_of(chance.randrange(CARDS)), "账" * chance.choice((9, 99)), "STATEMENT", "statement", 1)
            for _ in range(chance.randrange(3))
        ]

    def send(self) -> list[Delivered]:
        """Claim everything, let the SMSC answer as it likes; what comes in by it."""
        handed: list[tuple[Outgoing, Handed]] = []
        for owner in self.lab.outgoing:
            vain = 0
            while (
                vain < CARDS
            ):  # an order that cannot be written ends with an empty claim, and others may wait behind it
                got = self._claim(owner, 100 if self.together else 1)
                vain = 0 if got else vain + 1
                handed += [(owner, one) for one in got]
        said, answers = list(self.late), dict[int, list[Answer]]()
        self.late = []
        for owner, segment in handed:
            place = self.lab.outgoing.index(owner)
            name = f"{place} {segment.msisdn}"
            self.submissions[name] += 1
            chance = self.chance(name, self.submissions[name])
            result = chance.choices(
                (ACCEPTED, LOST, THROTTLED, REFUSED, NOT_SENT, refused(0x0410)), (20, 2, 2, 1, 1, 1)
            )[0]
            if result is ACCEPTED:
                identity = f"{place}{segment.msisdn[-2:]}{self.submissions[name]:05d}"
                result = SubmitResult(0, identity, ACCEPTED.certainty)
                self.receipts += _receipts(chance, segment.msisdn, identity)
            answers.setdefault(place, []).append(Answer(segment.row, segment.segment, result))
            if (result.status == 0 or result is LOST) and segment.dcs == 0xF6:
                said += self._from_card(chance, segment)
        for place, mine in answers.items():
            self.take(self.lab.outgoing[place].note_answers, mine)
        return sorted(said, key=lambda message: message.source)

    def _claim(self, owner: Outgoing, room: int) -> list[Handed]:
        return self.lab.step(lambda conn, context: owner.claim(conn, context, room, PRIORITY_BULK))

    def _from_card(self, chance: Random, segment: Handed) -> list[Delivered]:
        said = []
        for octets in self.cards[segment.msisdn].receive(segment.user_data):
            message = Delivered(segment.msisdn, ACCESS_CODE, 0, 0xF6, True, octets)
            fate = chance.randrange(10)
            if fate == 0:
                self.late.append(message)
            elif fate == 1:
                said += [message, message]
            elif fate > 2:
                said.append(message)
        if chance.randrange(8) == 0:
            forged = a_response(KeySet(a_key("x"), a_key("y")), 1, bytes.fromhex("594b01"))
            said.append(Delivered(segment.msisdn, ACCESS_CODE, 0, 0xF6, True, forged))
        if chance.randrange(8) == 0:
            number = chance.randrange(1, 5)
            octets = a_request(number, iccid=iccid_of(int(segment.msisdn[-2:])))
            said.append(Delivered(segment.msisdn, ACCESS_CODE, 0, 0xF6, True, octets))
        return said

    def books(self) -> dict[str, list[Any]]:
        """What the database says in the end, without the numbers of its rows."""
        applications = {
            row.id: (row.iccid, row.slot, row.state, row.card_balance_fen, row.card_rsn, row.card_counter)
            for row in self.lab.read(select(card_application))
        }
        jobs = {
            row.id: (row.origin_id, row.kind, row.iccid, row.state, row.reason, row.purpose, row.attempts, row.resyncs)
            for row in self.lab.read(select(job))
        }
        return {
            "jobs": sorted(map(repr, jobs.values())),
            "applications": sorted(map(repr, applications.values())),
            "packets": sorted(
                repr(
                    (jobs[row.job_id][0], row.iccid, row.counter, row.state, row.accepted, row.receipt, row.por_status)
                )
                for row in self.lab.read(select(packet))
            ),
            "cards": sorted(repr((row.iccid, row.state)) for row in self.lab.read(select(card))),
            "texts": [
                (row.msisdn, row.segment, row.reference, row.state, row.possible_duplicate, row.receipt, row.refusals)
                for row in self.lab.read(select(outbox).order_by(outbox.c.id))
            ],
            "outcomes": sorted(repr((one.origin_id, one.state, one.reason)) for one in self.lab.outcomes),
            "requests": sorted((one.iccid, one.counter, one.is_repeat) for one in self.lab.requests),
        }


def _receipts(chance: Random, msisdn: str, name: str) -> list[GotReceipt]:
    state = chance.choice(("DELIVRD", "DELIVRD", "UNDELIV", "ENROUTE", ""))
    found: Receipt | None = parse_text(f"id:{name} sub:001 dlvrd:001 stat:{state} err:000 text:".encode())
    return [GotReceipt(msisdn, found)] if state and found is not None else []


@contextmanager
def a_day(engine: str, folder: Path, seed: int, *, together: bool) -> Iterator[Day]:
    with a_place(engine, folder / str(together)) as place:
        lab = Lab(place)
        try:
            yield Day(lab, seed, together=together)
        finally:
            lab.close()


@pytest.mark.parametrize(("engine", "seed"), [(engine, seed) for engine in ENGINES for seed in range(SEEDS[engine])])
def test_a_batch_of_many_is_as_many_batches_of_one(engine: str, seed: int, tmp_path: Path) -> None:
    """Orders, packets, answers, receipts, proofs, requests and texts of a day with every fault, on both engines."""
    books = []
    for together in (True, False):
        with a_day(engine, tmp_path, seed, together=together) as day:
            day.live()
            books.append(day.books())
    assert books[0] == books[1]
