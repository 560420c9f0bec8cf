"""A small outbox on the links, for tests: a lane for each number, retries, and what may have been accepted flagged."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Sequence
from typing import Any

from smsc_gateway.links.outcome import Certainty, SubmitResult
from smsc_gateway.links.route import Links, Route, Submitting
from smsc_gateway.smpp import operations as op
from smsc_gateway.smpp.status import UNCLEAR_TRIES, RetryClass

from .book import Book
from .virtual import World

_AGAIN = (RetryClass.THROTTLED, RetryClass.RETRY)


class Sender:
    """Queue with :meth:`add`; `outcomes` has each text's last result. `resends`: what is in doubt goes again."""

    def __init__(
        self,
        world: World,
        links: Sequence[Submitting],
        routes: Sequence[Route] = (),
        *,
        resends: bool = False,
    ) -> None:
        every = Route("", tuple(link.name for link in links))
        self.links = Links(links, routes or [every], reactor=world.reactor)
        self.world = world
        self.book = Book()
        self.outcomes: dict[str, SubmitResult] = {}
        self.tries: Counter[str] = Counter()  #: answered refusals and the last answer
        self.doubts: Counter[str] = Counter()
        self.late: list[str] = []
        self.claims: list[int] = []  #: sizes of the lists
        self._resends = resends
        self._lanes: dict[bytes, deque[tuple[int, op.SubmitSm]]] = {}
        self._ready: deque[bytes] = deque()
        self._out: dict[int, op.SubmitSm] = {}
        self._known: dict[int, op.SubmitSm] = {}
        self.links.on_answers = self._answered
        self.links.on_late = self._answered_late
        self.links.on_room = self.pump
        self.links.on_deliver_many = world.store(self.book)
        self.links.start()

    def add(self, *pdus: op.SubmitSm) -> None:
        """Queue them, behind what waits for their numbers."""
        for pdu in pdus:
            key = len(self._known)
            self._known[key] = pdu
            lane = self._lanes.setdefault(pdu.destination_addr, deque())
            lane.append((key, pdu))
            if len(lane) == 1:
                self._ready.append(pdu.destination_addr)
        self.pump()

    @property
    def is_done(self) -> bool:
        return not self._lanes and not self._out

    async def done(self, seconds: float = 3600.0) -> None:
        """Until everything has its last result."""
        await self.world.reactor.run_until(lambda: self.is_done, seconds)

    def pump(self) -> None:
        """Hand over what may leave now, one of each number at a time."""
        room = min(self.links.room, len(self._ready))
        batch = [self._lanes[self._ready.popleft()][0] for _ in range(room)]
        if batch:
            self._out.update(batch)
            self.claims.append(len(batch))
            self.links.submit_many(batch)

    def _answered(self, answers: list[tuple[int, SubmitResult]]) -> None:
        for key, result in answers:
            pdu = self._out.pop(key)
            text = pdu.short_message.decode("latin-1")
            if result.certainty is not Certainty.NOT_SENT:
                self.tries[text] += 1
            if self._goes_again(text, result):
                self.world.reactor.callLater(self._wait(text, result), self._again, pdu.destination_addr)
                continue
            self.outcomes[text] = result
            if result.certainty is Certainty.ACCEPTED:
                self.book.accepted(result.message_id, pdu.destination_addr, text)
            lane = self._lanes[pdu.destination_addr]
            lane.popleft()
            if lane:
                self._ready.append(pdu.destination_addr)
            else:
                del self._lanes[pdu.destination_addr]

    def _goes_again(self, text: str, result: SubmitResult) -> bool:
        if result.certainty is Certainty.UNKNOWN:
            self.doubts[text] += 1
            return self._resends
        unclear = result.retry is RetryClass.UNCLEAR and self.tries[text] < UNCLEAR_TRIES
        return result.certainty is Certainty.NOT_SENT or result.retry in _AGAIN or unclear

    def _wait(self, text: str, result: SubmitResult) -> float:
        """What the link says, or, for a refusal of the message itself, longer every time."""
        own = result.certainty is Certainty.REFUSED_RETRY and result.retry is not RetryClass.THROTTLED
        return max(result.wait, min(30.0, 0.5 * 2.0 ** self.tries[text])) if own else result.wait

    def _again(self, number: bytes) -> None:
        self._ready.appendleft(number)
        self.pump()

    def _answered_late(self, key: int, result: SubmitResult) -> None:
        pdu = self._known[key]
        text = pdu.short_message.decode("latin-1")
        self.late.append(text)
        self.outcomes[text] = result
        if result.certainty is Certainty.ACCEPTED:
            self.book.accepted(result.message_id, pdu.destination_addr, text)

    async def stop(self, *, centre: bool = True) -> None:
        """The links, and the centre."""
        await self.world.finish(self.links.stop())
        if centre:
            await self.world.stop()


def accepted(sender: Sender) -> set[str]:
    """The texts that the SMSC took."""
    return {text for text, result in sender.outcomes.items() if result.certainty is Certainty.ACCEPTED}


def certainties(sender: Sender) -> dict[Certainty, int]:
    """How many ended how."""
    return dict(Counter(result.certainty for result in sender.outcomes.values()))


def all_texts(sender: Sender) -> list[Any]:
    """Every text that was queued, in order."""
    return [pdu.short_message.decode("latin-1") for pdu in sender._known.values()]
