"""Step for what comes in by deliver_sm: stored in one transaction with everything that follows from it.

What is stored before the acknowledgement is never lost; what is not stored is not acknowledged, so the SMSC sends it
again. Segments are rows, too: a crash between two of them loses nothing.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

from sqlalchemy import Connection, delete, func, insert, select, update

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

from ..ota.answering import Reception, take_response
from ..ota.means import OtaMeans
from ..ota.requests import take_request
from ..storage.context import StepContext
from .facts import TextMo
from .tables import inbox

#: Bounds against floods of segments that never become whole.
OPEN_SETS_PER_SOURCE = 8
PARTS_IN_ALL = 50_000
SET_PATIENCE = timedelta(minutes=10)

_INSERT = insert(inbox)


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
    user_data: bytes

    def digest(self) -> str:
        """What tells this message from others: the digest of source, destination and user data."""
        text = f"{self.source}|{self.destination}|{self.dcs}|{int(self.udhi)}|".encode()
        return hashlib.sha256(text + self.user_data).hexdigest()

    def __repr__(self) -> str:
        return f"Delivered(<{len(self.user_data)} octets>)"


@dataclass(frozen=True, slots=True)
class _Whole:
    """A complete message: the header of its first segment and the joined body."""

    header: UserDataHeader | None
    body: bytes = field(repr=False)


def take_delivered(conn: Connection, context: StepContext, means: OtaMeans, message: Delivered) -> str:
    """Take in one short message; returns the word that its inbox row keeps."""
    inbox_id = context.next_id()
    try:
        header, body = split_user_data(message.udhi, message.user_data)
    except CodecError as error:
        return _store(conn, context, inbox_id, message, kind=InboxKind.TEXT, state=InboxState.REFUSED, note=str(error))
    place = header.concatenation if header is not None else None
    whole: _Whole | None = _Whole(header, body)
    if place is not None and place.total > 1:
        whole = _collect(conn, context, inbox_id, message, place)
        if whole is None:
            return "segment"
    assert whole is not None
    return _take_whole(conn, context, means, message, whole, inbox_id=inbox_id)


def _take_whole(
    conn: Connection, context: StepContext, means: OtaMeans, message: Delivered, whole: _Whole, *, inbox_id: str
) -> str:
    header = whole.header
    if header is not None and header.find(IEI_RESPONSE_PACKET) is not None:
        word = take_response(conn, context, means, message.source, whole.body)
        state = {Reception.DUPLICATE: InboxState.DUPLICATE, Reception.FORGED: InboxState.REFUSED}.get(
            word, InboxState.DONE
        )
        return _store(conn, context, inbox_id, message, kind=InboxKind.POR, state=state, note=word)
    if header is not None and header.find(IEI_COMMAND_PACKET) is not None:
        taken = take_request(
            conn, context, means, message.source, whole.body, inbox_id=inbox_id, digest=message.digest()
        )
        state = InboxState(taken.state)
        return _store(
            conn,
            context,
            inbox_id,
            message,
            kind=InboxKind.MO,
            state=state,
            note=taken.note,
            iccid=taken.iccid,
            counter=taken.counter,
        )
    return _take_text(conn, context, means, message, whole, inbox_id=inbox_id)


def _take_text(
    conn: Connection, context: StepContext, means: OtaMeans, message: Delivered, whole: _Whole, *, inbox_id: str
) -> str:
    since = context.now - SET_PATIENCE
    seen = conn.execute(
        select(inbox.c.id)
        .where(
            inbox.c.digest == message.digest(),
            inbox.c.kind == InboxKind.TEXT,
            inbox.c.state == InboxState.DONE,
            inbox.c.received_at > since,
        )
        .limit(1)
    ).first()
    if seen is not None:
        return _store(
            conn, context, inbox_id, message, kind=InboxKind.TEXT, state=InboxState.DUPLICATE, note="text.duplicate"
        )
    text = _text_of(message.dcs, whole.body)
    if text is None:
        return _store(
            conn, context, inbox_id, message, kind=InboxKind.TEXT, state=InboxState.REFUSED, note="text.unreadable"
        )
    tell = means.hooks.on_text_mo
    if tell is not None:
        tell(conn, TextMo(message.source, message.destination, text, inbox_id), context)
    return _store(conn, context, inbox_id, message, kind=InboxKind.TEXT, state=InboxState.DONE, note="text.taken")


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


def _store(
    conn: Connection,
    context: StepContext,
    inbox_id: str,
    message: Delivered,
    *,
    kind: InboxKind,
    state: InboxState,
    note: str,
    iccid: str | None = None,
    counter: int | None = None,
    place: Concatenation | None = None,
) -> str:
    """Write the row. The octets are kept only while a message is not whole: they may hold what must not stay."""
    conn.execute(
        _INSERT,
        {
            "id": inbox_id,
            "source": message.source[:21],
            "destination": message.destination[:21],
            "kind": kind,
            "state": state,
            "pid": message.pid,
            "dcs": message.dcs,
            "udhi": message.udhi,
            "user_data": message.user_data if state is InboxState.PART else None,
            "digest": message.digest(),
            "set_reference": place.reference if place else None,
            "set_total": place.total if place else None,
            "set_sequence": place.sequence if place else None,
            "iccid": iccid,
            "counter": counter,
            "note": note[:120],
            "received_at": context.now,
        },
    )
    return note


def _collect(
    conn: Connection, context: StepContext, inbox_id: str, message: Delivered, place: Concatenation
) -> _Whole | None:
    """Keep the segment; the whole message once all of its segments are there."""
    conn.execute(
        delete(inbox).where(inbox.c.state == InboxState.PART, inbox.c.received_at < context.now - SET_PATIENCE)
    )
    here = (
        (inbox.c.state == InboxState.PART)
        & (inbox.c.source == message.source[:21])
        & (inbox.c.destination == message.destination[:21])
        & (inbox.c.set_reference == place.reference)
        & (inbox.c.set_total == place.total)
    )
    parts = {row.set_sequence: row for row in conn.execute(select(inbox).where(here)).all()}
    known = parts.get(place.sequence)
    if known is not None:
        if known.user_data == message.user_data:
            return None  # the same again
        conn.execute(delete(inbox).where(here))  # contradiction: a new message under an old reference
        parts = {}
    if not parts and not _has_room(conn, message.source):
        _store(
            conn,
            context,
            inbox_id,
            message,
            kind=InboxKind.SEGMENT,
            state=InboxState.REFUSED,
            note="too many open sets",
        )
        return None
    if len(parts) + 1 < place.total:
        _store(
            conn, context, inbox_id, message, kind=InboxKind.SEGMENT, state=InboxState.PART, note="segment", place=place
        )
        return None
    octets = {number: row.user_data for number, row in parts.items()} | {place.sequence: message.user_data}
    conn.execute(
        update(inbox)
        .where(inbox.c.id.in_([row.id for row in parts.values()]))
        .values(state=InboxState.DONE, user_data=None, note=f"joined in {inbox_id}")
    )
    split = [split_user_data(True, octets[number]) for number in sorted(octets)]
    return _Whole(split[0][0], b"".join(body for _, body in split))


def _has_room(conn: Connection, source: str) -> bool:
    """Whether one more set may be opened: few per source, bounded in all."""
    waiting = inbox.c.state == InboxState.PART
    sets = conn.execute(
        select(inbox.c.set_reference, inbox.c.set_total)
        .where(waiting, inbox.c.source == source[:21])
        .distinct()
        .limit(OPEN_SETS_PER_SOURCE)
    ).all()
    if len(sets) >= OPEN_SETS_PER_SOURCE:
        return False
    return conn.execute(select(func.count()).select_from(inbox).where(waiting)).scalar_one() < PARTS_IN_ALL
