"""Several links as one: routing by prefix, failover or balance. It sends what it is given and tells what became of it;
whoever gives it keeps the queue, the order and the retries. Why:
docs/decisions/0006-outbox-owns-retries-gateway-owns-route.md
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from ..smpp import operations as op
from .delivery import Delivery, refuse_for_now
from .outcome import Certainty, SubmitResult, not_sent

Answers = list[tuple[int, SubmitResult]]
Items = Sequence[tuple[int, op.SubmitSm]]

_ROW = 5  #: refusals for now, one after the other, that make a link unwell
_UNWELL = 10.0  #: seconds that an unwell link is left alone when there is another one
_FULL = 0.25  #: seconds before a number whose links are full is worth another look
_AWAY = 1.0  #: the same, when none of them is bound


class Submitting(Protocol):
    """One link: :class:`.esme.EsmeLink` says what its calls mean."""

    on_answers: Callable[[Answers], None]
    on_late: Callable[[int, SubmitResult], None]
    on_room: Callable[[], None]
    on_deliver_many: Callable[[list[Delivery]], None]
    on_change: Callable[[], None]

    @property
    def name(self) -> str: ...

    @property
    def is_bound(self) -> bool: ...

    @property
    def is_mute(self) -> bool: ...

    @property
    def in_flight(self) -> int: ...

    @property
    def room(self) -> int: ...

    @property
    def counts(self) -> Counter[str]: ...

    def submit_many(self, items: Items) -> None: ...

    def start(self) -> None: ...

    async def stop(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Route:
    """Numbers that begin with `prefix` ("" is every number) go over `links`: over the first that works, or, with
    `balance`, over whichever has the most room."""

    prefix: str
    links: tuple[str, ...]
    balance: bool = False


class Links:
    """The links of an installation behind the calls of one: `on_answers`, `on_late`, `on_room`, `on_deliver_many`,
    `on_change`, :attr:`room`, :meth:`submit_many`. `reactor` gives time and the end of the turn.

    A link works while it is bound, answers, and does not refuse everything for now; when no link of a route works, one
    that is bound is used all the same. Numbers of one list keep to one link.
    """

    def __init__(self, links: Sequence[Submitting], routes: Sequence[Route], *, reactor: Any) -> None:
        self.links: Mapping[str, Submitting] = {link.name: link for link in links}
        unknown = {name for route in routes for name in route.links} - set(self.links)
        if unknown or not routes:
            raise ValueError(f"routes name links that are not there: {sorted(unknown)}" if unknown else "no route")
        self.on_answers: Callable[[Answers], None] = _nothing
        self.on_late: Callable[[int, SubmitResult], None] = _nothing
        self.on_room: Callable[[], None] = _nothing
        self.on_deliver_many: Callable[[list[Delivery]], None] = refuse_for_now
        self.on_change: Callable[[], None] = _nothing
        self._routes = sorted(routes, key=lambda route: -len(route.prefix))
        self._seconds: Callable[[], float] = reactor.seconds
        self._call_soon = reactor._asyncioEventloop.call_soon
        self._refusals: Counter[str] = Counter()
        self._unwell_until: dict[str, float] = {}
        self._unsent: Answers = []
        for link in self.links.values():
            self._listen(link)

    def _listen(self, link: Submitting) -> None:
        link.on_answers = lambda answers: self._answered(link.name, answers)
        link.on_late = self._answered_late
        link.on_room = self._has_room
        link.on_deliver_many = self._brought
        link.on_change = self._changed

    @property
    def is_bound(self) -> bool:
        """At least one route has a link that is bound."""
        return any(self.links[name].is_bound for route in self._routes for name in route.links)

    @property
    def is_mute(self) -> bool:
        """Links are bound, and none of them answers."""
        bound = [link for link in self._routed() if link.is_bound]
        return bool(bound) and all(link.is_mute for link in bound)

    @property
    def in_flight(self) -> int:
        """Submissions sent and not answered, over all links."""
        return sum(link.in_flight for link in self.links.values())

    @property
    def room(self) -> int:
        """How many segments may leave now, over all routes; a number's own part of it is :meth:`room_for`."""
        return sum(self.links[name].room for name in {name for route in self._routes for name in self._usable(route)})

    def room_for(self, number: str) -> int:
        """How many segments to this number may leave now."""
        route = self._route(number)
        return 0 if route is None else sum(self.links[name].room for name in self._usable(route))

    def start(self) -> None:
        """Connect them all."""
        for link in self.links.values():
            link.start()

    async def stop(self) -> None:
        """Drain and close them all, at the same time."""
        await asyncio.gather(*(link.stop() for link in self.links.values()))

    def submit_many(self, items: Items) -> None:
        """Send submit_sm's, each over a link of its number's route; what finds no room is told so and never leaves."""
        only = self._only_link()
        if only is not None:
            only.submit_many(items)
            return
        left: dict[str, int] = {}
        chosen: dict[bytes, str] = {}
        batches: dict[str, list[tuple[int, op.SubmitSm]]] = {}
        for item in items:
            name = self._choose(item[1].destination_addr, left, chosen)
            if name is None:
                self._put_back(item)
            else:
                left[name] -= 1
                batches.setdefault(name, []).append(item)
        for name, batch in batches.items():
            self.links[name].submit_many(batch)

    # -- choosing ------------------------------------------------------------------------------------------------

    def _only_link(self) -> Submitting | None:
        """The one link there is for every number."""
        only = self._routes[0]
        return self.links[only.links[0]] if not only.prefix and len(only.links) == len(self._routes) == 1 else None

    def _choose(self, destination: bytes, left: dict[str, int], chosen: dict[bytes, str]) -> str | None:
        """The link for a number, or None when it has no room; `left` is the room that this list has left."""
        name = chosen.get(destination)
        if name is None:
            route = self._route(destination.decode("latin-1"))
            names = [] if route is None else self._usable(route)
            for one in names:
                left.setdefault(one, self.links[one].room)
            name = max(names, key=lambda one: left[one], default=None)
            if name is None:
                return None
            chosen[destination] = name
        return name if left[name] > 0 else None

    def _route(self, number: str) -> Route | None:
        digits = number.lstrip("+")
        return next((route for route in self._routes if digits.startswith(route.prefix)), None)

    def _usable(self, route: Route) -> list[str]:
        """The links of a route that take its numbers now: all that work for balance, else the first one."""
        bound = [name for name in route.links if self.links[name].is_bound]
        if len(bound) > 1:
            now = self._seconds()
            works = [
                name for name in bound if self._unwell_until.get(name, 0.0) <= now and not self.links[name].is_mute
            ]
            bound = works or bound
        return bound if route.balance else bound[:1]

    def _works(self, name: str) -> bool:
        return not self.links[name].is_mute and self._unwell_until.get(name, 0.0) <= self._seconds()

    def _routed(self) -> list[Submitting]:
        return [self.links[name] for name in {name for route in self._routes for name in route.links}]

    # -- telling -------------------------------------------------------------------------------------------------

    def _put_back(self, item: tuple[int, op.SubmitSm]) -> None:
        key, pdu = item
        route = self._route(pdu.destination_addr.decode("latin-1"))
        if route is None:
            result = not_sent("no route takes this number", wait=_AWAY)
        elif self._usable(route):
            result = not_sent("the links of its route have no room", wait=_FULL)
        else:
            result = not_sent("no link of its route is bound", wait=_AWAY)
        if not self._unsent:
            self._call_soon(self._tell_unsent)
        self._unsent.append((key, result))

    def _tell_unsent(self) -> None:
        unsent, self._unsent = self._unsent, []
        self.on_answers(unsent)

    def _answered(self, name: str, answers: Answers) -> None:
        if len(self.links) > 1:
            self._judge(name, answers)
        self.on_answers(answers)

    def _judge(self, name: str, answers: Answers) -> None:
        """Several refusals for now without anything else between them: let the others do it for a while."""
        for _, result in answers:
            if result.certainty is Certainty.REFUSED_RETRY:
                self._refusals[name] += 1
                if self._refusals[name] >= _ROW:
                    self._unwell_until[name] = self._seconds() + _UNWELL
            elif result.certainty is not Certainty.NOT_SENT:
                self._refusals[name] = 0

    def _answered_late(self, key: int, result: SubmitResult) -> None:
        self.on_late(key, result)

    def _has_room(self) -> None:
        self.on_room()

    def _brought(self, deliveries: list[Delivery]) -> None:
        self.on_deliver_many(deliveries)

    def _changed(self) -> None:
        self.on_change()


class LinkPair:
    """A transmitter and a receiver as one link, for centres without transceivers."""

    def __init__(self, name: str, transmitter: Submitting, receiver: Submitting) -> None:
        self.name = name
        self.on_answers: Callable[[Answers], None] = _nothing
        self.on_late: Callable[[int, SubmitResult], None] = _nothing
        self.on_room: Callable[[], None] = _nothing
        self.on_deliver_many: Callable[[list[Delivery]], None] = refuse_for_now
        self.on_change: Callable[[], None] = _nothing
        self._transmitter = transmitter
        self._receiver = receiver
        transmitter.on_answers = self._answered
        transmitter.on_late = self._answered_late
        transmitter.on_room = self._offer
        for link in (transmitter, receiver):
            link.on_deliver_many = self._brought
            link.on_change = self._changed

    @property
    def is_bound(self) -> bool:
        """Both are: without the receiver no receipt would come."""
        return self._transmitter.is_bound and self._receiver.is_bound

    @property
    def is_mute(self) -> bool:
        return self._transmitter.is_mute

    @property
    def in_flight(self) -> int:
        return self._transmitter.in_flight

    @property
    def room(self) -> int:
        return self._transmitter.room if self._receiver.is_bound else 0

    @property
    def counts(self) -> Counter[str]:
        """Of both together."""
        return self._transmitter.counts + self._receiver.counts

    def submit_many(self, items: Items) -> None:
        """Over the transmitter."""
        self._transmitter.submit_many(items)

    def start(self) -> None:
        self._receiver.start()
        self._transmitter.start()

    async def stop(self) -> None:
        """The transmitter first: what it sent may still have receipts."""
        await self._transmitter.stop()
        await self._receiver.stop()

    def _answered(self, answers: Answers) -> None:
        self.on_answers(answers)

    def _answered_late(self, key: int, result: SubmitResult) -> None:
        self.on_late(key, result)

    def _brought(self, deliveries: list[Delivery]) -> None:
        self.on_deliver_many(deliveries)

    def _changed(self) -> None:
        self.on_change()
        self._offer()

    def _offer(self) -> None:
        if self.room > 0:
            self.on_room()


def _nothing(*_: Any) -> None:
    """Nobody listens."""
