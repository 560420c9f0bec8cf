"""What the centre holds, in an SQLite file: a simulator that is killed comes back with every message it took.

Without it the centre is volatile. The file survives the death of the process at any instant, not a power loss of
the machine (`synchronous=OFF`): it is a simulator's memory, not an operator's.
"""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from telecom_codecs.sms.address import Address

from ..smpp.operations import DeliverSm, MessageState, SubmitSm, decode, encode
from .air import Content
from .mailbox import Happening, Mailbox, Message
from .outgoing import Delivery, Outgoing

_TABLES = """
create table if not exists message (
    key text primary key, id text not null, account text, destination text not null, sent blob not null,
    originating text not null, content text not null, accepted text not null, due text not null, expires text not null);
create table if not exists outgoing (number integer primary key, account text not null, pdu blob not null);
"""


@dataclass(slots=True, eq=False)
class KeptDelivery(Delivery):
    """A deliver_sm with its row."""

    number: int = 0


class CentreStore:
    """The file. `mailbox` and `outgoing` make the kept kinds of both; :meth:`restore` fills a mailbox again."""

    def __init__(self, path: Path) -> None:
        self._file = sqlite3.connect(path, isolation_level=None)
        self._file.execute("pragma journal_mode=wal")
        self._file.execute("pragma synchronous=off")
        self._file.executescript(_TABLES)

    def close(self) -> None:
        self._file.close()

    def execute(self, statement: str, values: tuple[object, ...] = ()) -> sqlite3.Cursor:
        return self._file.execute(statement, values)

    def mailbox(self, now: datetime) -> KeptMailbox:
        """A mailbox with everything that was open when the last one ended, oldest first."""
        box = KeptMailbox(self)
        for row in self.execute("select * from message order by accepted, key").fetchall():
            Mailbox.put(box, _message(row), now)
        return box

    def outgoing(self, account: str) -> KeptOutgoing:
        """An account's queue with everything that it had not answered."""
        queue = KeptOutgoing(self, account)
        for number, octets in self.execute(
            "select number, pdu from outgoing where account = ? order by number", (account,)
        ).fetchall():
            pdu = decode(octets)
            assert isinstance(pdu, DeliverSm)
            queue.again(KeptDelivery(pdu, number=number))
        return queue


class KeptMailbox(Mailbox):
    """Every message is written down before its submission is answered and struck out when it is done."""

    def __init__(self, store: CentreStore) -> None:
        super().__init__()
        self._store = store

    def put(self, message: Message, now: datetime) -> None:
        content = message.content
        self._store.execute(
            "insert or replace into message values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                message.key,
                message.message_id,
                message.account,
                message.destination,
                encode(message.sent),
                json.dumps([message.originating.digits, message.originating.ton, message.originating.npi]),
                json.dumps([content.pid, content.dcs, content.reply_path, [(u, s.hex()) for u, s in content.segments]]),
                message.accepted.isoformat(),
                message.due.isoformat(),
                message.expires.isoformat(),
            ),
        )
        super().put(message, now)

    def finish(self, message: Message, happening: Happening, now: datetime) -> None:
        super().finish(message, happening, now)
        self._store.execute("delete from message where key = ?", (message.key,))


class KeptOutgoing(Outgoing):
    """Every deliver_sm is written down before the phone hears that it was taken, until the ESME has it."""

    def __init__(self, store: CentreStore, account: str) -> None:
        super().__init__()
        self._store = store
        self._account = account

    def new(self, pdu: DeliverSm) -> Delivery:
        values = (self._account, encode(pdu))
        row = self._store.execute("insert into outgoing (account, pdu) values (?, ?)", values).lastrowid
        return KeptDelivery(pdu, number=row or 0)

    def done(self, delivery: Delivery) -> None:
        if isinstance(delivery, KeptDelivery):
            self._store.execute("delete from outgoing where number = ?", (delivery.number,))


def _message(row: tuple[str, str, str | None, str, bytes, str, str, str, str, str]) -> Message:
    key, message_id, account, destination, sent, originating, content, accepted, due, expires = row
    pdu = decode(sent)
    assert isinstance(pdu, SubmitSm)
    digits, ton, npi = json.loads(originating)
    pid, dcs, reply_path, segments = json.loads(content)
    return Message(
        key,
        message_id,
        account,
        pdu,
        destination,
        Address(digits, ton, npi),
        Content(pid, dcs, tuple((bool(udhi), bytes.fromhex(octets)) for udhi, octets in segments), reply_path),
        datetime.fromisoformat(accepted),
        datetime.fromisoformat(due),
        datetime.fromisoformat(expires),
        MessageState.ENROUTE,
    )
