"""Cards: imported with their keys, and looked at with the applications on them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from telecom_codecs.card.identities import Iccid, Imsi, Msisdn
from telecom_codecs.crypto.secret_key import SecretKey
from telecom_codecs.errors import CodecError

from ..ledger.money.steps import balance
from ..registry.audit.subject import Subject, SubjectKind
from ..registry.cards.states import Refused as StateRefused
from ..registry.cards.steps import KEY_PROFILES, NewCard, add_card, is_new_card
from ..registry.cards.tables import card, card_application
from ..registry.keys.steps import KeyRefused, KeyUsage, check_card_keys, store_card_keys
from ..registry.people.principals import Principal
from ..texts.refusals import BadRow, Code, Refused, Words, refuse
from .means import Context, Means
from .results import Done, Result
from .runner import UseCase
from .sheets import Column, Row, Sheet, bad_rows, read_sheet
from .subjects import Card, cards_named, enterprise_codes, scoped_cards

KEY_COLUMNS = {
    "mt_kic": KeyUsage.MT_KIC,
    "mt_kid": KeyUsage.MT_KID,
    "mt_dek": KeyUsage.MT_DEK,
    "mo_kic": KeyUsage.MO_KIC,
    "mo_kid": KeyUsage.MO_KID,
}
COLUMNS = (
    Column("iccid", "卡号", ("iccid号",)),
    Column("imsi", "imsi号"),
    Column("msisdn", "手机号", ("手机", "手机号码", "号码", "mobile", "phone")),
    *(Column(name, name) for name in KEY_COLUMNS),
    Column("keys", "密钥类型", is_required=False),
    Column("profile", "卡型", is_required=False),
)
NONCE_OCTETS = 12
_EVERY = 100


@dataclass(frozen=True, slots=True)
class ImportCards:
    """Enter cards with their keys: the file as it is. All lines or none; a card that is there stays as it is."""

    file: bytes = field(repr=False)
    plaintext_keys: bool = False


@dataclass(frozen=True, slots=True)
class Imported:
    """How many cards were new, and how many were there already."""

    added: int
    unchanged: int


@dataclass(frozen=True, slots=True)
class ListCards:
    """All cards that the principal may see."""


@dataclass(frozen=True, slots=True)
class CardLine:
    """A card as it is listed; `applications` are slot, enterprise and state of those of the principal."""

    iccid: str = field(repr=False)
    msisdn: str | None = field(repr=False)
    state: str
    profile: str
    applications: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ShowCard:
    """One card, by its number, its ICCID or the ICCID's last digits."""

    card: str


@dataclass(frozen=True, slots=True)
class ApplicationFacts:
    """An application: the balance as the card told it last, and as it is booked."""

    enterprise: str
    slot: int
    name: str
    state: str
    card_balance_fen: int | None
    booked_fen: int
    card_answered_at: datetime | None


@dataclass(frozen=True, slots=True)
class CardFacts:
    """A card with its applications, as far as they concern the principal."""

    iccid: str = field(repr=False)
    msisdn: str | None = field(repr=False)
    state: str
    profile: str
    created_at: datetime
    applications: tuple[ApplicationFacts, ...]


@dataclass(frozen=True, slots=True)
class _Line:
    """A line of a card file that fits."""

    line: int
    card: NewCard
    keys: Mapping[KeyUsage, SecretKey] = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Read:
    digest: str
    sheet: Sheet
    lines: tuple[_Line, ...]
    bad: tuple[BadRow, ...]


def read_card_files(means: Means, orders: Sequence[ImportCards]) -> list[_Read | Refused]:
    """Read the files and judge what can be judged without the database."""
    return [_read(means, order) for order in orders]


def _read(means: Means, order: ImportCards) -> _Read | Refused:
    if not order.plaintext_keys:
        return refuse(Code.PLAINTEXT_KEYS)
    sheet = read_sheet(order.file, COLUMNS)
    if isinstance(sheet, Refused):
        return sheet
    lines, bad = [], list(sheet.bad)
    for row in sheet.rows:
        line = _line(means, row)
        if isinstance(line, BadRow):
            bad.append(BadRow(line.line, sheet.called(line.column), line.words))
        else:
            lines.append(line)
    return _Read(hashlib.sha256(order.file).hexdigest(), sheet, tuple(lines), tuple(bad))


def _line(means: Means, row: Row) -> _Line | BadRow:
    """The card of a line, or the first column that does not fit."""
    values: dict[str, Any] = {}
    for column, read in _READERS.items():
        try:
            values[column] = read(row.fields.get(column, ""))
        except CodecError as error:
            return BadRow(row.line, column, Words(f"{column} 有误：{error}", str(error)))
        except ValueError:
            zh, en = "密钥应为 32 位十六进制", "a key is 32 hexadecimal digits (AES-128, 3DES-2)"
            return BadRow(row.line, column, Words(zh, en))
    kind = values["keys"]
    if kind not in KEY_PROFILES:
        choices = ", ".join(KEY_PROFILES)
        return BadRow(
            row.line, "keys", Words(f"密钥类型应为 {choices}", f"card keys {kind!r}: choose one of {choices}")
        )
    keys = {usage: values[column] for column, usage in KEY_COLUMNS.items()}
    try:
        check_card_keys(values["iccid"].digits, keys, weak_algorithms=means.weak_algorithms)
    except KeyRefused as error:
        return BadRow(row.line, "", Words(f"密钥不可用：{error}", str(error)))
    new = NewCard(values["iccid"], values["imsi"], values["msisdn"], values["profile"], kind)
    return _Line(row.line, new, keys)


def _key(text: str) -> SecretKey:
    return SecretKey(bytes.fromhex(text))


_READERS: Mapping[str, Any] = {
    "iccid": Iccid.checked,
    "imsi": lambda text: Imsi(text) if text else None,
    "msisdn": lambda text: Msisdn.of(text) if text else None,
    **dict.fromkeys(KEY_COLUMNS, _key),
    "keys": lambda text: text.lower() or "aes",
    "profile": lambda text: text or "ykt",
}


def import_cards(conn: Connection, context: Context, who: Principal, files: Sequence[_Read]) -> list[Result[Imported]]:
    """Each file whole or not at all."""
    return [_import(conn, context, who, one) for one in files]


def _import(conn: Connection, context: Context, who: Principal, file: _Read) -> Result[Imported]:
    new, bad = _judged(conn, file)
    if bad:
        return bad_rows(bad)
    for count, line in enumerate(new, start=1):
        add_card(conn, line.card, actor=who.actor, now=context.now)
        store_card_keys(
            conn,
            context.means.ring,
            line.card.iccid.digits,
            dict(line.keys),
            generation=1,
            provider=context.means.provider,
            nonce=lambda: context.step.tokens.octets(NONCE_OCTETS),
            weak_algorithms=context.means.weak_algorithms,
        )
        if count % _EVERY == 0 or count == len(new):
            context.progress(count, len(new))
    subject = Subject(SubjectKind.FILE, file.digest[:16]) if new else None
    return Done(Imported(len(new), len(file.lines) - len(new)), subject, {"cards": len(new)})


def _judged(conn: Connection, file: _Read) -> tuple[list[_Line], list[BadRow]]:
    """The lines that are new, and what is wrong beside the database and the lines before. Writes nothing."""
    new: list[_Line] = []
    bad = list(file.bad)
    iccids, numbers = dict[str, int](), dict[str, int]()
    for line in file.lines:
        iccid, msisdn = line.card.iccid.digits, line.card.msisdn.digits if line.card.msisdn else None
        first = iccids.setdefault(iccid, line.line)
        held = line.line if msisdn is None else numbers.setdefault(msisdn, line.line)
        for column, before in (("iccid", first), ("msisdn", held)):
            if before != line.line:
                words = Words(f"与第{before}行重复", f"repeats line {before}")
                bad.append(BadRow(line.line, file.sheet.called(column), words))
                break
        else:
            try:
                if is_new_card(conn, line.card):
                    new.append(line)
            except StateRefused as error:
                bad.append(BadRow(line.line, file.sheet.called("iccid"), Words(f"不能导入：{error}", str(error))))
    return new, bad


def list_cards(
    conn: Connection, _context: Context, who: Principal, orders: Sequence[ListCards]
) -> list[Result[tuple[CardLine, ...]]]:
    """By ICCID."""
    rows = conn.execute(select(card).where(*scoped_cards(who)).order_by(card.c.iccid)).all()
    query = select(card_application).order_by(card_application.c.created_at, card_application.c.slot)
    if who.tenant is not None:
        query = query.where(card_application.c.enterprise_id == who.tenant)
    applications = conn.execute(query).all()
    codes = enterprise_codes(conn, (row.enterprise_id for row in applications))
    told: dict[str, list[str]] = {}
    for row in applications:
        told.setdefault(row.iccid, []).append(f"{row.slot}:{codes[row.enterprise_id]}:{row.state}")
    lines = tuple(
        CardLine(row.iccid, row.msisdn, row.state, row.profile, tuple(told.get(row.iccid, ()))) for row in rows
    )
    return [Done(lines) for _ in orders]


def show_card(
    conn: Connection, _context: Context, who: Principal, orders: Sequence[ShowCard]
) -> list[Result[CardFacts]]:
    """A tenant sees its own applications alone."""
    found = cards_named(conn, who, (order.card for order in orders))
    results: list[Result[CardFacts]] = []
    for order in orders:
        one = found[order.card]
        results.append(one if isinstance(one, Refused) else Done(_facts(conn, who, one)))
    return results


def _facts(conn: Connection, who: Principal, one: Card) -> CardFacts:
    query = select(card_application).where(card_application.c.iccid == one.iccid)
    if who.tenant is not None:
        query = query.where(card_application.c.enterprise_id == who.tenant)
    rows = conn.execute(query.order_by(card_application.c.created_at, card_application.c.slot)).all()
    codes = enterprise_codes(conn, (row.enterprise_id for row in rows))
    applications = tuple(
        ApplicationFacts(
            codes[row.enterprise_id],
            row.slot,
            row.name,
            row.state,
            row.card_balance_fen,
            balance(conn, iccid=one.iccid, enterprise_id=row.enterprise_id),
            row.card_answered_at,
        )
        for row in rows
    )
    created = conn.execute(select(card.c.created_at).where(card.c.iccid == one.iccid)).scalar_one()
    return CardFacts(one.iccid, one.msisdn, one.state, one.profile, created, applications)


IMPORT_CARDS: UseCase[ImportCards, Imported] = UseCase(
    "import_cards", ImportCards, Imported, import_cards, action="cards.import", prepare=read_card_files, bulk=True
)
LIST_CARDS: UseCase[ListCards, tuple[CardLine, ...]] = UseCase(
    "list_cards", ListCards, tuple[CardLine, ...], list_cards
)
SHOW_CARD: UseCase[ShowCard, CardFacts] = UseCase("show_card", ShowCard, CardFacts, show_card)
