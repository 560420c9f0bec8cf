"""What comes in by deliver_sm: stored in one transaction with everything that follows from it.

What is stored before the acknowledgement is never lost; what is not stored is not acknowledged, so the SMSC sends it
again. Segments are rows, too: a crash between two of them loses nothing. The list is sorted by kind, and each kind goes
to its one receiver (:class:`Receivers`, filled by wiring) as a list.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Any, TypeAlias

from sqlalchemy import Connection, bindparam, delete, func, insert, select, update

from telecom_codecs.errors import CodecError
from telecom_codecs.sms import gsm7, ucs2
from telecom_codecs.sms.dcs import Alphabet, DataCoding
from telecom_codecs.sms.udh import (
    IEI_COMMAND_PACKET,
    IEI_RESPONSE_PACKET,
    Concatenation,
    UserDataHeader,
    split_user_data,
)

from ..registry.audit.steps import record
from ..registry.audit.subject import Subject
from ..storage.context import StepContext
from ..storage.literal import among
from ..storage.sql import Statement, in_list, instant
from .facts import TextMo
from .tables import inbox

#: Bounds against floods of segments that never become whole.
OPEN_SETS_PER_SOURCE = 8
PARTS_IN_ALL = 50_000
SET_PATIENCE = timedelta(minutes=10)


class InboxKind(StrEnum):
    POR = "POR"
    MO = "MO"
    TEXT = "TEXT"
    SEGMENT = "SEGMENT"  #: of a message that is not whole yet


class InboxState(StrEnum):
    DONE = "DONE"  #: taken in, its outcome is stored
    PART = "PART"  #: waits for the rest of its message
    DUPLICATE = "DUPLICATE"  #: had been taken in before
    REFUSED = "REFUSED"  #: not authentic, not readable, or nobody's


@dataclass(frozen=True, slots=True)
class Delivered:
    """A short message as the SMSC delivered it. `user_data` may hold a password in ciphered form."""

    source: str
    destination: str
    pid: int
    dcs: int
    udhi: bool
    user_data: bytes = field(repr=False)

    def digest(self) -> str:
        """What tells this message from others: the digest of source, destination and user data."""
        text = f"{self.source}|{self.destination}|{self.dcs}|{int(self.udhi)}|".encode()
        return hashlib.sha256(text + self.user_data).hexdigest()

    def __repr__(self) -> str:
        return f"Delivered(<{len(self.user_data)} octets>)"


@dataclass(frozen=True, slots=True)
class Incoming:
    """A whole message for its receiver: joined, without its header."""

    source: str
    body: bytes = field(repr=False)
    inbox_id: int
    digest: str


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a message; `note` is the word that is kept of it."""

    state: InboxState
    note: str
    iccid: str | None = field(default=None, repr=False)
    counter: int | None = None


Receive: TypeAlias = Callable[[Connection, StepContext, Sequence[Incoming]], Sequence[Taken]]
OnTextMos: TypeAlias = Callable[[Connection, StepContext, Sequence[TextMo]], None]


@dataclass(slots=True)
class Receivers:
    """Who takes what came in: response packets, requests of cards, texts of people. One each; a text may have none."""

    proofs: Receive
    requests: Receive
    texts: OnTextMos | None = None


@dataclass(slots=True)
class _Message:
    """One message of a step: a number, its kind once it is known, and what is left of it to receive."""

    number: int
    given: Delivered
    kind: InboxKind = InboxKind.TEXT
    body: bytes = field(default=b"", repr=False)
    taken: Taken | None = None
    place: Concatenation | None = None
    digested: str = ""
    is_stored: bool = False  #: its row is written, or it needs none

    @property
    def digest(self) -> str:
        """Of what came; a proof needs none."""
        if not self.digested:
            self.digested = self.given.digest()
        return self.digested

    def refuse(self, note: str, kind: InboxKind = InboxKind.TEXT) -> None:
        self.kind, self.taken = kind, Taken(InboxState.REFUSED, note)


_I = inbox.c
_INSERT = Statement(
    insert(inbox),
    (
        "id", "source", "destination", "kind", "state", "pid", "dcs", "udhi", "user_data", "digest", "set_reference",
        "set_total", "set_sequence", "iccid", "counter", "note", "received_at",
    ),
)  # fmt: skip
_SEEN = Statement(
    select(_I.digest).where(
        in_list(_I.digest, "digests"),
        _I.kind == InboxKind.TEXT,
        _I.state == InboxState.DONE,
        _I.received_at > bindparam("since"),
    )
)
_PART = among(_I.state, ("PART",))
_EXPIRE = Statement(delete(inbox).where(_PART, _I.received_at < bindparam("before")))
_PARTS = Statement(
    select(_I.id, _I.set_sequence, _I.user_data).where(
        _PART,
        _I.source == bindparam("source"),
        _I.destination == bindparam("destination"),
        _I.set_reference == bindparam("reference"),
        _I.set_total == bindparam("total"),
    )
)
_JOINED = Statement(
    update(inbox).where(in_list(_I.id, "ids")).values(state=InboxState.DONE, user_data=None, note=bindparam("word"))
)
_DROP = Statement(delete(inbox).where(in_list(_I.id, "ids")))
_SETS = Statement(
    select(_I.set_reference, _I.set_total)
    .where(_PART, _I.source == bindparam("source"))
    .distinct()
    .limit(OPEN_SETS_PER_SOURCE)
)
_WAITING = Statement(select(func.count()).select_from(inbox).where(_PART))


def take_messages(
    conn: Connection, context: StepContext, receivers: Receivers, items: Sequence[Delivered]
) -> list[str]:
    """Take in short messages; for each the word that is kept of it."""
    messages = [_Message(context.next_number(), item) for item in items]
    collecting = _Collecting(conn, context)
    for message in messages:
        _sort(collecting, message)
    for kind, receive in ((InboxKind.POR, receivers.proofs), (InboxKind.MO, receivers.requests)):
        mine = [message for message in messages if message.kind is kind and message.taken is None]
        if mine:
            told = [
                Incoming(one.given.source, one.body, one.number, "" if kind is InboxKind.POR else one.digest)
                for one in mine
            ]
            for message, taken in zip(mine, receive(conn, context, told), strict=True):
                message.taken = taken
    _take_texts(conn, context, receivers, [one for one in messages if one.taken is None])
    _store(conn, context, messages)
    return [message.taken.note if message.taken else "" for message in messages]


def _sort(collecting: _Collecting, message: _Message) -> None:
    """Find out what it is, and whether it is whole."""
    given = message.given
    try:
        header, body = split_user_data(given.udhi, given.user_data)
    except CodecError as error:
        message.refuse(str(error))
        return
    place = header.concatenation if header is not None else None
    if place is not None and place.total > 1:
        whole = collecting.add(message, place)
        if whole is None:
            return
        header, body = whole
    message.body = body
    if header is not None and header.find(IEI_RESPONSE_PACKET) is not None:
        message.kind = InboxKind.POR
    elif header is not None and header.find(IEI_COMMAND_PACKET) is not None:
        message.kind = InboxKind.MO


def _take_texts(conn: Connection, context: StepContext, receivers: Receivers, messages: Sequence[_Message]) -> None:
    if not messages:
        return
    since = instant(context.now - SET_PATIENCE)
    seen = {row[0] for row in _SEEN.rows(conn, digests=sorted({one.digest for one in messages}), since=since)}
    facts = []
    for message in messages:
        if message.digest in seen:
            message.taken = Taken(InboxState.DUPLICATE, "text.duplicate")
            continue
        text = _text_of(message.given.dcs, message.body)
        if text is None:
            message.refuse("text.unreadable")
            continue
        seen.add(message.digest)
        facts.append(TextMo(message.given.source, message.given.destination, text, message.number))
        message.taken = Taken(InboxState.DONE, "text.taken")
    if facts and receivers.texts is not None:
        receivers.texts(conn, context, facts)


def _text_of(dcs: int, body: bytes) -> str | None:
    alphabet = DataCoding.decode(dcs).alphabet
    try:
        if alphabet is Alphabet.GSM7:
            return gsm7.decode(body)
        if alphabet is Alphabet.UCS2:
            return ucs2.decode(body)
    except CodecError:
        return None
    return None


def _store(conn: Connection, context: StepContext, messages: Sequence[_Message]) -> None:
    """Write the rows. A proof needs none, it stands in its packet; octets are kept while a message is not whole."""
    at = instant(context.now)
    rows = [_row(one, at) for one in messages if not one.is_stored and not _is_plain_proof(one)]
    _INSERT.many(conn, rows)


def _is_plain_proof(message: _Message) -> bool:
    return message.kind is InboxKind.POR and message.taken is not None and message.taken.state is InboxState.DONE


def _row(message: _Message, at: int) -> dict[str, Any]:
    given, taken, place = message.given, message.taken, message.place
    assert taken is not None
    return {
        "id": message.number,
        "source": given.source[:21],
        "destination": given.destination[:21],
        "kind": message.kind.value,
        "state": taken.state.value,
        "pid": given.pid,
        "dcs": given.dcs,
        "udhi": given.udhi,
        "user_data": given.user_data if taken.state is InboxState.PART else None,
        "digest": message.digest,
        "set_reference": place.reference if place else None,
        "set_total": place.total if place else None,
        "set_sequence": place.sequence if place else None,
        "iccid": taken.iccid,
        "counter": taken.counter,
        "note": str(taken.note)[:120],
        "received_at": at,
    }


def set_aside(conn: Connection, context: StepContext, message: Delivered, reason: str) -> None:
    """Keep that a message came which our own code could not take in, for a person to look at; without its content."""
    one = _Message(context.next_number(), message)
    one.refuse(reason)
    _store(conn, context, [one])
    record(conn, at=context.now, actor="inbox", action="inbox.put_aside", subject=Subject.message(one.digest[:16]))


class _Collecting:
    """Segments of one step, and those that wait in the database."""

    def __init__(self, conn: Connection, context: StepContext) -> None:
        self._conn = conn
        self._context = context
        self._expired = False

    def add(self, message: _Message, place: Concatenation) -> tuple[UserDataHeader | None, bytes] | None:
        """Keep the segment; header and body of the whole message once all of its segments are there."""
        self._expire()
        given = message.given
        rows = _PARTS.rows(
            self._conn,
            source=given.source[:21],
            destination=given.destination[:21],
            reference=place.reference,
            total=place.total,
        )
        parts = {sequence: (number, octets) for number, sequence, octets in rows}
        known = parts.get(place.sequence)
        if known is not None and bytes(known[1]) == given.user_data:
            message.kind, message.taken = InboxKind.SEGMENT, Taken(InboxState.DUPLICATE, "segment")  # the same again
            message.is_stored = True
            return None
        if known is not None:  # contradiction: a new message under an old reference
            _DROP.run(self._conn, ids=[number for number, _ in parts.values()])
            parts = {}
        if not parts and not self._has_room(given.source):
            message.refuse("too many open sets", InboxKind.SEGMENT)
            return None
        if len(parts) + 1 < place.total:
            message.kind, message.place = InboxKind.SEGMENT, place
            message.taken = Taken(InboxState.PART, "segment")
            _INSERT.many(self._conn, [_row(message, instant(self._context.now))])
            message.is_stored = True
            return None
        octets = {sequence: bytes(found) for sequence, (_, found) in parts.items()} | {place.sequence: given.user_data}
        _JOINED.run(self._conn, ids=[number for number, _ in parts.values()], word=f"joined in {message.number}")
        split = [split_user_data(True, octets[sequence]) for sequence in sorted(octets)]
        return split[0][0], b"".join(body for _, body in split)

    def _expire(self) -> None:
        if not self._expired:
            self._expired = True
            _EXPIRE.run(self._conn, before=instant(self._context.now - SET_PATIENCE))

    def _has_room(self, source: str) -> bool:
        """Whether one more set may be opened: few per source, bounded in all."""
        if len(_SETS.rows(self._conn, source=source[:21])) >= OPEN_SETS_PER_SOURCE:
            return False
        return bool(_WAITING.rows(self._conn)[0][0] < PARTS_IN_ALL)
