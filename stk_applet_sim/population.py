"""Whole phones for the simulator: a card of a profile, its menu applet, a handset, a number on the air.

`build_handset` is the entry point ``ykt.handsets``: a mapping (a line of a handsets file) in, a station out.
`seeded_population` makes as many different cards as wanted from one seed, always the same ones, and gives the keys that
the platform has to import. Everything here is for test cards: a seed is no secret.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar, overload
from zoneinfo import ZoneInfo

from telecom_codecs.card.identities import Iccid, Imsi, Msisdn, luhn_digit
from telecom_codecs.crypto.pycryptodome import PycryptodomeProvider
from telecom_codecs.crypto.secret_key import CryptoProvider, KeySet, SecretKey
from telecom_codecs.sms.address import Address

from .applet.menu import MenuApplet
from .applet.menu_tree import packaged_menu
from .handset.card_station import CardStation
from .handset.me import Handset
from .handset.model import model_named, model_names
from .handset.station import HandsetStation
from .uicc.card import Uicc
from .uicc.profile import MO_KEY_SET, MT_KEY_SET, CardProfile

Who = TypeVar("Who", Iccid, Imsi, Msisdn)

ACCESS_CODE: Final = "106572000"  #: where requests go unless the specification names another number
BUSINESS_ZONE: Final = ZoneInfo("Asia/Shanghai")
SERVICE_CENTRE: Final = "8613800230500"
SPECIFIED: Final = frozenset(
    ("kind", "msisdn", "profile", "iccid", "imsi", "keys", "seed", "access_code", "strict", "model")
)
KEY_SETS: Final = (MT_KEY_SET, MO_KEY_SET)
KEY_NAMES: Final = ("ciphering", "check", "key_encryption")

ICCID_PREFIX: Final = "898600"  #: country 86, operator; then year and serial, Luhn digit last
IMSI_PREFIX: Final = "46000"
MSISDN_PREFIX: Final = "86138"


class BadSpecification(ValueError):
    """The specification of a handset is wrong: the message names the key and what is expected there."""


@dataclass(frozen=True, slots=True)
class SeededCard:
    """One card of a population: its identities and the operator's keys by key set index (1 MT, 5 MO)."""

    iccid: Iccid
    imsi: Imsi
    msisdn: Msisdn
    keys: Mapping[int, KeySet] = field(repr=False)
    profile: str = "ykt"

    def station(self, **options: Any) -> HandsetStation:
        """A handset with this card, switched off; `options` as for :func:`station_of`."""
        return station_of(self.card_profile(), **options)

    def card_station(self, **options: Any) -> CardStation:
        """This card on the air without a handset; `options` as for :func:`card_station_of`."""
        return card_station_of(self.card_profile(), **options)

    def card_profile(self) -> CardProfile:
        """What the card is born with."""
        return CardProfile.named(self.profile).with_identity(
            iccid=self.iccid, imsi=self.imsi, msisdn=self.msisdn, smsc=Address(SERVICE_CENTRE), keys=self.keys
        )


def station_of(
    profile: CardProfile,
    *,
    access_code: str = ACCESS_CODE,
    strict: bool = False,
    clock: Callable[[], float] | None = None,
    calendar: Callable[[], datetime] | None = None,
    model: str = "standard",
    random: Callable[[int], bytes] = secrets.token_bytes,
    state: bytes | None = None,
) -> HandsetStation:
    """A handset with a card of this profile, switched off; the station is on the air when the SMSC attaches it.

    `clock` gives seconds (for timeouts and captures), `calendar` the local time, `model` is one of handset/models.toml,
    `state` an earlier snapshot of the card.
    """
    card = Uicc(profile, provider=PycryptodomeProvider(), random=random, state=state)
    menu = _menu(access_code, card)
    handset = _handset(strict, clock, calendar, model, card)
    return HandsetStation(profile.identity.msisdn.digits, handset, card=card, menu=menu)


def card_station_of(
    profile: CardProfile,
    *,
    provider: CryptoProvider,
    access_code: str = ACCESS_CODE,
    clock: Callable[[], float] | None = None,
    calendar: Callable[[], datetime] | None = None,
    model: str = "standard",
    random: Callable[[int], bytes] = secrets.token_bytes,
) -> CardStation:
    """A card of this profile on the air; applet and handset come when the first thing needs them.

    `provider` may be one for all cards of a process: the default of whole phones is another library than the
    platform's, so that two meet; here speed counts. The other options as for :func:`station_of`.
    """
    card = Uicc(profile, provider=provider, random=random)
    menu, handset = partial(_menu, access_code), partial(_handset, False, clock, calendar, model)
    return CardStation(profile.identity.msisdn.digits, card, menu, handset)


def _menu(access_code: str, card: Uicc) -> MenuApplet:
    return MenuApplet(card, card.storage, packaged_menu(), access_code=access_code, announced=card.profile.has_menu)


def _handset(
    strict: bool, clock: Callable[[], float] | None, calendar: Callable[[], datetime] | None, model: str, card: Uicc
) -> Handset:
    return Handset(
        card,
        strict=strict,
        service_centre=SERVICE_CENTRE,
        clock=clock,
        calendar=calendar,
        model=model_named(model),
    )


def build_handset(spec: Mapping[str, Any]) -> HandsetStation:
    """A station from a mapping; BadSpecification names the key that is wrong.

    Keys: `msisdn` (required); `profile` (ykt, plain, weak or the path of a JSON file; ykt); `iccid`, `imsi`;
    `keys` (path of a JSON file ``{"1": {"ciphering": HEX, "check": HEX, "key_encryption": HEX}, "5": …}``) or
    `seed` (the keys `seeded_population` gives this ICCID); `access_code`, `strict`;
    `model` (standard, feature, android, iphone, basic); `kind` belongs to the reader.
    """
    unknown = set(spec) - SPECIFIED
    if unknown:
        raise BadSpecification(f"{sorted(unknown)[0]}: no such key in the specification of a handset")
    profile = _profile(str(spec.get("profile", "ykt")))
    iccid = _identity(spec, "iccid", Iccid) or profile.identity.iccid
    profile = profile.with_identity(
        iccid=iccid,
        imsi=_identity(spec, "imsi", Imsi),
        msisdn=_required_msisdn(spec),
        smsc=Address(SERVICE_CENTRE),
        keys=_keys(spec, iccid),
    )
    access_code = str(spec.get("access_code", ACCESS_CODE))
    if not access_code.isdecimal():
        raise BadSpecification("access_code: digits are expected")
    strict = bool(spec.get("strict", False))
    model = str(spec.get("model", "standard"))
    if model not in model_names():
        raise BadSpecification(f"model: {model}: one of {', '.join(model_names())} is expected")
    return station_of(
        profile,
        access_code=access_code,
        strict=strict,
        clock=time.monotonic,
        calendar=lambda: datetime.now(BUSINESS_ZONE),
        model=model,
    )


def seeded_population(count: int, seed: int | str, *, profile: str = "ykt") -> tuple[SeededCard, ...]:
    """`count` different cards, the same for the same seed; the first n are the same whatever `count` is."""
    return tuple(SeededCards(count, seed, profile=profile))


def seeded_keys(iccid: Iccid, seed: int | str) -> dict[int, KeySet]:
    """The key sets of a card of a population: AES-128, different for every card, set and use."""
    return {index: KeySet(*(_seeded_key(str(seed), iccid, index, name) for name in KEY_NAMES)) for index in KEY_SETS}


class SeededCards(Sequence[SeededCard]):
    """The cards of a population, each made when it is asked for: a hundred thousand of them cost nothing yet."""

    __slots__ = ("_count", "_profile", "_seed", "_start")

    def __init__(self, count: int, seed: int | str, *, profile: str = "ykt") -> None:
        self._count = count
        self._seed = str(seed)
        self._profile = profile
        self._start = int.from_bytes(_derived(self._seed, "serials")[:4], "big") % 10_000

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, at: int) -> SeededCard: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[SeededCard]: ...
    def __getitem__(self, at: int | slice) -> SeededCard | Sequence[SeededCard]:
        if isinstance(at, slice):
            return tuple(self._card(number) for number in range(self._count)[at])
        return self._card(range(self._count)[at])

    def __iter__(self) -> Iterator[SeededCard]:
        return map(self._card, range(self._count))

    def number_of(self, msisdn: str) -> int | None:
        """The place of the card with this number; None when no card here has it."""
        digits = msisdn.removeprefix(MSISDN_PREFIX)
        if len(digits) != 8 or len(digits) + len(MSISDN_PREFIX) != len(msisdn) or not digits.isdecimal():
            return None
        return int(digits) - 1 if 1 <= int(digits) <= self._count else None

    def _card(self, number: int) -> SeededCard:
        body = f"{ICCID_PREFIX}{self._start:04d}{number:08d}"
        iccid = Iccid(body + luhn_digit(body))
        imsi = Imsi(f"{IMSI_PREFIX}{self._start % 1000:03d}{number:07d}")
        msisdn = Msisdn(f"{MSISDN_PREFIX}{number + 1:08d}")
        return SeededCard(iccid, imsi, msisdn, seeded_keys(iccid, self._seed), self._profile)


def _seeded_key(seed: str, iccid: Iccid, index: int, name: str) -> SecretKey:
    return SecretKey(_derived(seed, f"{iccid}/{index}/{name}")[:16])


def _derived(seed: str, label: str) -> bytes:
    return hmac.new(b"one-card test population", f"{seed}/{label}".encode(), hashlib.sha256).digest()


def _profile(name: str) -> CardProfile:
    try:
        if name.endswith(".json"):
            return CardProfile.from_json(Path(name).read_text(encoding="utf-8"))
        return CardProfile.named(name)
    except (OSError, KeyError, ValueError) as error:
        raise BadSpecification(f"profile: {name}: {error}; ykt, plain, weak or a JSON file is expected") from error


def _required_msisdn(spec: Mapping[str, Any]) -> Msisdn:
    msisdn = _identity(spec, "msisdn", Msisdn)
    if msisdn is None:
        raise BadSpecification("msisdn: the number of the handset is required")
    return msisdn


def _identity(spec: Mapping[str, Any], name: str, kind: type[Who]) -> Who | None:
    if name not in spec:
        return None
    try:
        return kind(str(spec[name]))
    except ValueError as error:
        raise BadSpecification(f"{name}: {error}") from error


def _keys(spec: Mapping[str, Any], iccid: Iccid) -> dict[int, KeySet] | None:
    if "seed" in spec:
        return seeded_keys(iccid, str(spec["seed"]))
    if "keys" not in spec:
        return None
    try:
        table = json.loads(Path(str(spec["keys"])).read_text(encoding="utf-8"))
        return {
            int(index): KeySet(*(SecretKey(bytes.fromhex(row[name])) for name in KEY_NAMES))
            for index, row in table.items()
        }
    except (OSError, KeyError, TypeError, ValueError) as error:
        # The octets of a key must not reach a log: the kind of fault is enough to find it.
        raise BadSpecification(f"keys: {spec['keys']}: not a key file ({type(error).__name__})") from None
