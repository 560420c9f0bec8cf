"""Store and forward: what the centre holds for phones, when to try next, and what became of it.

No clock, no socket: `now` is an aware datetime handed in. A message moves by the table below; a finished one is kept
a while for query_sm.
"""

from __future__ import annotations

import heapq
import itertools
from collections import Counter, OrderedDict, deque
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from telecom_codecs.sms.address import Address

from ..smpp.operations import MessageState, SubmitSm
from .air import Content

RETRY_AFTER = (2, 5, 15, 30, 60, 300, 900)  #: seconds after each failed attempt; the last one repeats


class Happening(Enum):
    """What happens to a message in the mailbox."""

    __hash__ = object.__hash__  # members are single: Enum's own hash is slow Python, and this table is looked up often

    DUE = "its schedule time came"
    TAKEN = "the phone took it"
    ABSENT = "the phone could not be reached or is full for now"
    REFUSED = "the phone or the network refused it for good"
    EXPIRED = "its validity period ended"
    CANCELLED = "cancel_sm or a replacement"


S, H = MessageState, Happening
TRANSITIONS: dict[tuple[MessageState, Happening], MessageState] = {
    (S.SCHEDULED, H.DUE): S.ENROUTE,
    (S.SCHEDULED, H.EXPIRED): S.EXPIRED,
    (S.SCHEDULED, H.CANCELLED): S.DELETED,
    (S.ENROUTE, H.TAKEN): S.DELIVERED,
    (S.ENROUTE, H.ABSENT): S.ENROUTE,
    (S.ENROUTE, H.REFUSED): S.UNDELIVERABLE,
    (S.ENROUTE, H.EXPIRED): S.EXPIRED,
    (S.ENROUTE, H.CANCELLED): S.DELETED,
}
OPEN_STATES = frozenset({S.SCHEDULED, S.ENROUTE})


@dataclass(slots=True, eq=False)
class Message:
    """One accepted message. `account` is None for one that a phone sent to a phone."""

    key: str  #: the mailbox's own; the destinations of a submit_multi share one message_id
    message_id: str
    account: str | None
    sent: SubmitSm
    destination: str
    originating: Address
    content: Content
    accepted: datetime
    due: datetime
    expires: datetime
    state: MessageState = MessageState.ENROUTE
    attempts: int = 0
    delivered_segments: int = 0
    error: int = 0
    finished: datetime | None = None

    @property
    def is_open(self) -> bool:
        return self.finished is None

    def move(self, happening: Happening, now: datetime) -> None:
        """Take the table's step; KeyError for a step that it does not have."""
        self.state = state = TRANSITIONS[self.state, happening]
        if state not in OPEN_STATES:
            self.finished = now


class Mailbox:
    """Messages by id, those to try at once, and those to try later."""

    def __init__(self, *, retry_after: tuple[float, ...] = RETRY_AFTER, capacity: int = 100_000, keep: int = 10_000):
        self._retry_after = retry_after
        self._capacity = capacity
        self._keep = keep
        self._open: dict[str, Message] = {}
        self._finished: OrderedDict[str, Message] = OrderedDict()
        self._ready: deque[Message] = deque()
        self._later: list[tuple[datetime, int, Message]] = []
        self._order = itertools.count()
        self._by_destination: dict[str, dict[str, Message]] = {}
        self._by_account: Counter[str | None] = Counter()

    def __len__(self) -> int:
        return len(self._open)

    @property
    def is_full(self) -> bool:
        return len(self._open) >= self._capacity

    @property
    def has_ready(self) -> bool:
        return bool(self._ready)

    @property
    def next_due(self) -> datetime | None:
        """When :meth:`take_due` will have something that waits now; None when nothing waits for a time."""
        return self._later[0][0] if self._later else None

    def open_of(self, account: str) -> int:
        """How many open messages of an account there are."""
        return self._by_account[account]

    def put(self, message: Message, now: datetime) -> None:
        """Keep a message and try it when it is due."""
        key = message.key
        self._open[key] = message
        self._by_account[message.account] += 1
        waiting = self._by_destination.get(message.destination)
        if waiting is None:
            self._by_destination[message.destination] = {key: message}
        else:
            waiting[key] = message
        if message.due > now:
            message.state = MessageState.SCHEDULED
            self._wait(message, message.due)
        else:
            self._ready.append(message)

    def take_due(self, now: datetime, limit: int) -> list[Message]:
        """At most `limit` messages to try or, where :attr:`Message.expires` has passed, to expire; in their order."""
        while self._later and self._later[0][0] <= now:
            due, _, message = heapq.heappop(self._later)
            if not message.is_open or message.due != due:
                continue  # finished meanwhile, or due at another time now
            if message.state is MessageState.SCHEDULED:
                message.move(Happening.DUE, now)
            self._ready.append(message)
        found: list[Message] = []
        while self._ready and len(found) < limit:
            message = self._ready.popleft()
            if message.is_open:
                found.append(message)
        return found

    def retry(self, message: Message, now: datetime) -> None:
        """The attempt failed for now: try again later, at the latest when it expires."""
        message.move(Happening.ABSENT, now)
        message.attempts += 1
        delay = self._retry_after[min(message.attempts, len(self._retry_after)) - 1]
        self._wait(message, min(now + timedelta(seconds=delay), message.expires))

    def finish(self, message: Message, happening: Happening, now: datetime) -> None:
        """The message is done; it stays known to query_sm for a while."""
        message.move(happening, now)
        key = message.key
        if self._open.pop(key, None) is not None:
            self._by_account[message.account] -= 1
        waiting = self._by_destination.get(message.destination)
        if waiting is not None:
            waiting.pop(key, None)
            if not waiting:
                del self._by_destination[message.destination]
        self._finished[key] = message
        if len(self._finished) > self._keep:
            self._finished.popitem(last=False)

    def hasten(self, destination: str, now: datetime) -> None:
        """A phone showed that it is there: what waits for it is tried at once."""
        for message in self._by_destination.get(destination, {}).values():
            if message.attempts and message.state is MessageState.ENROUTE:
                self._wait(message, now)

    def find(self, message_id: str) -> Message | None:
        """An open or lately finished message."""
        return self._open.get(message_id) or self._finished.get(message_id)

    def waiting_for(self, destination: str) -> list[Message]:
        """What is open for a phone, oldest first."""
        return list(self._by_destination.get(destination, {}).values())

    def _wait(self, message: Message, until: datetime) -> None:
        message.due = until
        heapq.heappush(self._later, (until, next(self._order), message))
