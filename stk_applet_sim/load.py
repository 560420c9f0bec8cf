"""Many cards for load: attached by number, made when the first message comes, one crypto provider for all.

`build_cards` is the entry point ``ykt.handsets`` of the kind `cards`: one table of a handsets file, many numbers.
A card of a load run may be born with an application, as if it had been issued before the run, and its requests may be
sealed before the measurement begins: what is measured is the platform, not the thumbs of its members.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from telecom_codecs.crypto.key_derivation import KeyUsage, derive_application_key
from telecom_codecs.crypto.openssl import OpenSslProvider
from telecom_codecs.crypto.secret_key import CryptoProvider, SecretKey
from telecom_codecs.errors import RemoteError
from telecom_codecs.onecard.answers import MenuAnswer, QueueStatus
from telecom_codecs.onecard.install import DEFAULT_CAP_FEN
from telecom_codecs.onecard.names import TAR_MENU, application_aid
from telecom_codecs.onecard.requests import CardRequest, Operation
from telecom_codecs.sms.address import TON_UNKNOWN, Address
from telecom_codecs.sms.dcs import DCS_OTA, PID_PLAIN
from telecom_codecs.sms.tpdu import SmsSubmit

from .applet.enterprise import EnterpriseApplication
from .applet.menu_requests import PACKET_HEADER
from .applet.purse import ApplicationState
from .handset.card_station import CardStation
from .handset.model import model_names
from .population import ACCESS_CODE, BUSINESS_ZONE, BadSpecification, SeededCards
from .uicc.card import Uicc

SHARED: Final = OpenSslProvider()  #: of every card of a load run in this process


@dataclass(frozen=True, slots=True)
class Application:
    """An application that a card is born with: its keys are those the platform derives from the same mother key."""

    enterprise: int
    name: str
    rights: int
    mother: SecretKey = field(repr=False)
    slot: int = 1
    key_version: int = 1

    def put_on(self, card: Uicc, provider: CryptoProvider = SHARED) -> EnterpriseApplication:
        """Install and personalise it without the air; the card as if it had been issued."""
        aid = application_aid(self.enterprise, self.slot)
        keys = {
            usage: derive_application_key(self.mother, usage, self.key_version, card.iccid, aid, provider)
            for usage in KeyUsage
        }
        state = ApplicationState(self.enterprise, self.slot, self.rights, DEFAULT_CAP_FEN, self.name)
        EnterpriseApplication.install(card.memory, state)
        application = card.application_of(self.enterprise)
        assert application is not None
        application.personalise(keys)
        return application


class CardRange:
    """The cards of a population as a message centre takes them: by number, each made when the first thing is for it.

    `applications` are on every card from its birth. The further options are those of whole phones
    (:func:`~.population.card_station_of`), for the phones that come to be made.
    """

    def __init__(
        self,
        cards: SeededCards,
        *,
        applications: tuple[Application, ...] = (),
        provider: CryptoProvider = SHARED,
        access_code: str = ACCESS_CODE,
        clock: Callable[[], float] | None = None,
        calendar: Callable[[], datetime] | None = None,
        model: str = "standard",
        random: Callable[[int], bytes] = secrets.token_bytes,
    ) -> None:
        self.cards = cards
        self._applications = applications
        self._provider = provider
        self._access_code = access_code
        self._clock = clock
        self._calendar = calendar
        self._model = model
        self._random = random
        self._made: dict[str, CardStation] = {}

    def __len__(self) -> int:
        """How many numbers there are."""
        return len(self.cards)

    @property
    def made(self) -> Mapping[str, CardStation]:
        """The stations that somebody needed so far, by number."""
        return self._made

    def station_of(self, msisdn: str) -> CardStation | None:
        """The station of a number, the same every time; None for a number of somebody else."""
        found = self._made.get(msisdn)
        if found is None:
            number = self.cards.number_of(msisdn)
            if number is None:
                return None
            found = self._made[msisdn] = self._make(number)
        return found

    def _make(self, number: int) -> CardStation:
        station = self.cards[number].card_station(
            provider=self._provider,
            access_code=self._access_code,
            clock=self._clock,
            calendar=self._calendar,
            model=self._model,
            random=self._random,
        )
        for application in self._applications:
            application.put_on(station.card, self._provider)
        return station


SPECIFIED: Final = frozenset(("kind", "msisdn", "count", "seed", "profile", "access_code", "model"))
PROFILES: Final = ("ykt", "plain", "weak")


def build_cards(spec: Mapping[str, Any]) -> CardRange:
    """`count` cards of a `seed` from a mapping; BadSpecification names the key that is wrong.

    `msisdn` is the number of the first one, 8613800000001 for every seed. `profile` (ykt, plain, weak), `access_code`
    and `model` as for :func:`~.population.build_handset`.
    """
    unknown = set(spec) - SPECIFIED
    if unknown:
        raise BadSpecification(f"{sorted(unknown)[0]}: no such key in the specification of a range of cards")
    count, profile = spec.get("count"), str(spec.get("profile", "ykt"))
    if type(count) is not int or not 1 <= count < 100_000_000:
        raise BadSpecification("count: how many cards there are, 1 to 99999999")
    if profile not in PROFILES:
        raise BadSpecification(f"profile: {profile}: one of {', '.join(PROFILES)} is expected")
    cards = SeededCards(count, str(spec.get("seed", "")), profile=profile)
    if str(spec.get("msisdn")) != cards[0].msisdn.digits:
        raise BadSpecification(f"msisdn: cards of a seed are numbered from {cards[0].msisdn}")
    access_code, model = str(spec.get("access_code", ACCESS_CODE)), str(spec.get("model", "standard"))
    if not access_code.isdecimal():
        raise BadSpecification("access_code: digits are expected")
    if model not in model_names():
        raise BadSpecification(f"model: {model}: one of {', '.join(model_names())} is expected")
    calendar = lambda: datetime.now(BUSINESS_ZONE)  # noqa: E731 - the one clock of all its phones
    return CardRange(cards, access_code=access_code, clock=time.monotonic, calendar=calendar, model=model)


def sealed_requests(
    card: Uicc, operation: Operation, count: int, *, enterprise: int, first: int = 1, access_code: str = ACCESS_CODE
) -> Iterator[tuple[int, SmsSubmit]]:
    """Requests of a card with their numbers, sealed under its next MO counters; to be sent in this order.

    They are what the menu applet would send for the same key presses.
    """
    destination = Address(access_code, ton=TON_UNKNOWN)
    for number in range(first, first + count):
        sealed = card.seal_mo(CardRequest(operation, number, card.iccid, enterprise).encode())
        yield number, SmsSubmit(destination, PID_PLAIN, DCS_OTA, PACKET_HEADER + sealed, udhi=True)


class SilentMember:
    """A member without a phone: takes every answer for its menu applet as queued, and tells `on_answer` of it.

    Register it before the first request leaves; the applet itself is not made.
    """

    def __init__(self, station: CardStation, on_answer: Callable[[MenuAnswer], None]) -> None:
        self._on_answer = on_answer
        station.card.register_receiver(TAR_MENU, None, self.receive)

    def receive(self, octets: bytes, _context: object) -> bytes:
        """The data of a packet; the response data: one status octet, as the applet's."""
        try:
            answer = MenuAnswer.decode(octets)
        except RemoteError:
            return bytes((QueueStatus.UNKNOWN_REQUEST,))
        self._on_answer(answer)
        return bytes((QueueStatus.QUEUED,))
