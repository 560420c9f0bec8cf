"""Several links as one: routing by prefix, failover or balance, pace in segments a second, retries, order.

Submissions to one number go one after another, so that a throttled or retried segment is never overtaken by the next;
different numbers share the windows. What may have been accepted (UNKNOWN) is told, never repeated here.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from ..smpp import operations as op
from ..smpp.status import UNCLEAR_TRIES, RetryClass
from .aimd import Aimd
from .outcome import Certainty, SubmitResult, not_sent


class Submitting(Protocol):
    """What a link must be able to do; :class:`.esme.EsmeLink` does."""

    @property
    def is_bound(self) -> bool: ...

    @property
    def in_flight(self) -> int: ...

    @property
    def waiting(self) -> int: ...

    def submit(self, pdu: op.SubmitSm) -> asyncio.Future[SubmitResult]: ...


@dataclass(frozen=True, slots=True)
class Route:
    """Numbers that begin with `prefix` ("" is every number) go over `links`: to the first that is bound, or, with
    `balance`, to the bound one with the least to do."""

    prefix: str
    links: tuple[str, ...]
    balance: bool = False


@dataclass(frozen=True, slots=True)
class Retries:
    """How often and how long. Throttling counts no attempt; seconds."""

    attempts: int = 5
    first: float = 0.5
    cap: float = 30.0
    patience: float = 300.0  #: how long a message waits for a link that is bound, or for an end of throttling


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of one submission, over which link, after how many attempts."""

    result: SubmitResult
    link: str = ""
    attempts: int = 0


class Links:
    """Submit here. `reactor` gives time and timers; `rates` are segments a second of each link."""

    def __init__(
        self,
        links: Mapping[str, Submitting],
        routes: Sequence[Route],
        *,
        reactor: Any,
        rates: Mapping[str, float] | None = None,
        retries: Retries | None = None,
    ) -> None:
        unknown = {name for route in routes for name in route.links} - set(links)
        if unknown or not routes:
            raise ValueError(f"routes name links that are not there: {sorted(unknown)}" if unknown else "no route")
        self.counts: Counter[str] = Counter()
        self._links = dict(links)
        self._routes = sorted(routes, key=lambda route: -len(route.prefix))
        self._reactor = reactor
        self._retries = retries or Retries()
        self._paces = {name: Aimd((rates or {}).get(name)) for name in links}
        self._lanes: dict[bytes, deque[tuple[op.SubmitSm, asyncio.Future[Sent]]]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def submit(self, pdu: op.SubmitSm) -> asyncio.Future[Sent]:
        """Send it when its number's turn comes; the Future never raises for what the network does."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Sent] = loop.create_future()
        lane = self._lanes.get(pdu.destination_addr)
        if lane is not None:
            lane.append((pdu, future))
            return future
        self._lanes[pdu.destination_addr] = deque([(pdu, future)])
        task = loop.create_task(self._drive(pdu.destination_addr))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return future

    async def stop(self) -> None:
        """Tell everything that still waits that it was not sent. Stop the links themselves afterwards."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for lane in self._lanes.values():
            for _, future in lane:
                if not future.done():
                    future.set_result(Sent(not_sent("the links are stopping")))
        self._lanes.clear()

    def rate(self, name: str) -> float | None:
        """Segments a second that a link may send now."""
        return self._paces[name].rate

    async def _drive(self, number: bytes) -> None:
        """One number's submissions, in their order."""
        lane = self._lanes[number]
        while lane:
            pdu, future = lane[0]
            if not future.cancelled():
                try:
                    sent = await self._send(pdu)
                except ValueError as error:  # LocalError: the PDU cannot be encoded
                    if not future.done():
                        future.set_exception(error)
                else:
                    if not future.done():
                        future.set_result(sent)
            lane.popleft()
        del self._lanes[number]

    async def _send(self, pdu: op.SubmitSm) -> Sent:
        """Until it is accepted, refused for good, in doubt, or out of attempts or patience."""
        digits = pdu.destination_addr.decode("latin-1").lstrip("+")
        deadline = self._reactor.seconds() + self._retries.patience
        attempts = 0
        avoid = ""
        last = Sent(not_sent("no link of its route was bound in time"))
        while True:
            name = self._choose(digits, avoid)
            wait = self._paces[name].wait(self._reactor.seconds()) if name else self._retries.first
            if wait:
                if self._reactor.seconds() + wait > deadline:
                    return last
                await self._sleep(wait)
                continue
            assert name is not None
            result = await self._links[name].submit(pdu)
            now = self._reactor.seconds()
            if result.retry is RetryClass.THROTTLED:
                self.counts["throttled"] += 1
                self._paces[name].throttled(now)
                last = Sent(result, name, attempts)
                continue
            attempts += 1
            last = Sent(result, name, attempts)
            if result.certainty is Certainty.ACCEPTED:
                self._paces[name].accepted(now)
            if result.certainty not in (Certainty.REFUSED_RETRY, Certainty.NOT_SENT) or attempts >= self._allowed(
                result
            ):
                return last
            self.counts["retried"] += 1
            avoid = name
            pause = min(self._retries.cap, self._retries.first * 2.0 ** (attempts - 1))
            if self._reactor.seconds() + pause > deadline:
                return last
            if self._choose(digits, avoid) == name:  # no other link: wait for this one
                await self._sleep(pause)

    def _allowed(self, result: SubmitResult) -> int:
        return (
            min(UNCLEAR_TRIES, self._retries.attempts) if result.retry is RetryClass.UNCLEAR else self._retries.attempts
        )

    def _choose(self, digits: str, avoid: str) -> str | None:
        """A bound link of the number's route, another one than `avoid` if there is one."""
        for route in self._routes:
            if digits.startswith(route.prefix):
                bound = [name for name in route.links if self._links[name].is_bound]
                others = [name for name in bound if name != avoid] or bound
                if not others:
                    return None
                return min(others, key=self._load) if route.balance else others[0]
        return None

    def _load(self, name: str) -> int:
        link = self._links[name]
        return link.in_flight + link.waiting

    def _sleep(self, seconds: float) -> asyncio.Future[None]:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def wake() -> None:
            if not future.done():
                future.set_result(None)

        self._reactor.callLater(seconds, wake)
        return future


class LinkPair:
    """A transmitter and a receiver bind as one link, for centres without transceivers."""

    def __init__(self, transmitter: Submitting, receiver: Submitting) -> None:
        self._transmitter = transmitter
        self._receiver = receiver

    @property
    def is_bound(self) -> bool:
        """Both are: without the receiver no receipt would come."""
        return self._transmitter.is_bound and self._receiver.is_bound

    @property
    def in_flight(self) -> int:
        return self._transmitter.in_flight

    @property
    def waiting(self) -> int:
        return self._transmitter.waiting

    def submit(self, pdu: op.SubmitSm) -> asyncio.Future[SubmitResult]:
        """Over the transmitter."""
        return self._transmitter.submit(pdu)
