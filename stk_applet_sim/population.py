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
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final, TypeVar
from zoneinfo import ZoneInfo

from telecom_codecs.card.identities import Iccid, Imsi, Msisdn, luhn_digit
from telecom_codecs.crypto.pycryptodome import PycryptodomeProvider
from telecom_codecs.crypto.secret_key import KeySet, SecretKey
from telecom_codecs.sms.address import Address

from .applet.menu import MenuApplet
from .applet.menu_tree import packaged_menu
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
        profile = CardProfile.named(self.profile).with_identity(
            iccid=self.iccid, imsi=self.imsi, msisdn=self.msisdn, smsc=Address(SERVICE_CENTRE), keys=self.keys
        )
        return station_of(profile, **options)


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
    menu = MenuApplet(card, card.storage, packaged_menu(), access_code=access_code, announced=profile.has_menu)
    handset = Handset(
        card,
        strict=strict,
        service_centre=SERVICE_CENTRE,
        clock=clock,
        calendar=calendar,
        model=model_named(model),
    )
    return HandsetStation(profile.identity.msisdn.digits, handset, card=card, menu=menu)


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
    return tuple(_seeded(count, str(seed), profile))


def seeded_keys(iccid: Iccid, seed: int | str) -> dict[int, KeySet]:
    """The key sets of a card of a population: AES-128, different for every card, set and use."""
    return {index: KeySet(*(_seeded_key(str(seed), iccid, index, name) for name in KEY_NAMES)) for index in KEY_SETS}


def _seeded(count: int, seed: str, profile: str) -> Iterator[SeededCard]:
    start = int.from_bytes(_derived(seed, "serials")[:4], "big") % 10_000
    for number in range(count):
        serial = f"{start:04d}{number:08d}"
        body = f"{ICCID_PREFIX}{serial}"
        iccid = Iccid(body + luhn_digit(body))
        imsi = Imsi(f"{IMSI_PREFIX}{start % 1000:03d}{number:07d}")
        msisdn = Msisdn(f"{MSISDN_PREFIX}{number + 1:08d}")
        yield SeededCard(iccid, imsi, msisdn, seeded_keys(iccid, seed), profile)


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
