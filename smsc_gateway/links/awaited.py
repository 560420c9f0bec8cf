"""A link for those who do one thing after another (tools, benches, tests): a Future for each submission, a Task for
each delivery. The platform uses :class:`.esme.EsmeLink` itself."""

from __future__ import annotations

import asyncio
import itertools
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

import structlog

from ..smpp import operations as op
from ..smpp.status import CommandStatus
from .config import LinkConfig
from .delivery import Delivery
from .esme import Answers, EsmeLink
from .outcome import Certainty, SubmitResult, not_sent

log = structlog.get_logger(__name__)

_DOUBTFUL = 10_000  #: submissions in doubt whose late answer is still told

OnDeliver = Callable[[op.DeliverSm], Awaitable[int | None]]


class AwaitedLink(EsmeLink):
    """An :class:`EsmeLink` whose :meth:`submit` returns a Future; submissions beyond the room wait in the link.

    `on_deliver` is awaited in a Task; the message is stored when it returns 0. `on_late_pdu` is told of answers to
    what was told UNKNOWN.
    """

    def __init__(
        self,
        config: LinkConfig,
        *,
        on_deliver: OnDeliver,
        on_late_pdu: Callable[[op.SubmitSm, SubmitResult], None] = lambda pdu, result: None,
        **options: Any,
    ) -> None:
        super().__init__(config, **options)
        self._on_deliver = on_deliver
        self._queue: deque[tuple[op.SubmitSm, asyncio.Future[SubmitResult]]] = deque()
        self._futures: dict[int, tuple[op.SubmitSm, asyncio.Future[SubmitResult]]] = {}
        self._doubtful: dict[int, op.SubmitSm] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._keys = itertools.count(1)
        self.on_answers = self._settle
        self._on_late_pdu = on_late_pdu
        self.on_late = self._answered_late
        self.on_room = self._pump
        self.on_deliver_many = self._spawn
        self.on_change = self._refuse_queue

    @property
    def waiting(self) -> int:
        """Submissions that wait for room."""
        return len(self._queue)

    def submit(self, pdu: op.SubmitSm) -> asyncio.Future[SubmitResult]:
        """Send a submit_sm; the Future's result says what became of it, and it never raises. In the order of calls."""
        future: asyncio.Future[SubmitResult] = self._loop.create_future()
        if self._ready is None:
            future.set_result(not_sent("the link is not bound", self.name))
        elif len(self._queue) >= self.config.queue:
            future.set_result(not_sent("too many submissions wait for the window", self.name))
        else:
            self._queue.append((pdu, future))
            self._pump()
        return future

    async def stop(self) -> None:
        """As the link's; what was not sent is told so, what is being stored is left."""
        self._stopping = True
        self._ready = None
        self._refuse_queue()
        await super().stop()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _pump(self) -> None:
        room = self.room
        batch: list[tuple[int, op.SubmitSm]] = []
        while self._queue and len(batch) < room:
            pdu, future = self._queue.popleft()
            if not future.cancelled():
                key = next(self._keys)
                self._futures[key] = (pdu, future)
                batch.append((key, pdu))
        self.submit_many(batch)

    def _settle(self, answers: Answers) -> None:
        for key, result in answers:
            pdu, future = self._futures.pop(key)
            if result.certainty is Certainty.UNKNOWN:
                self._doubtful[key] = pdu
                while len(self._doubtful) > _DOUBTFUL:
                    del self._doubtful[next(iter(self._doubtful))]
            if not future.done():
                future.set_result(result)

    def _answered_late(self, key: int, result: SubmitResult) -> None:
        pdu = self._doubtful.pop(key, None)
        if pdu is not None:
            self._on_late_pdu(pdu, result)

    def _refuse_queue(self) -> None:
        while self._ready is None and self._queue:
            _, future = self._queue.popleft()
            if not future.done():
                future.set_result(not_sent("the link is not bound any more", self.name))

    def _spawn(self, deliveries: list[Delivery]) -> None:
        for delivery in deliveries:
            task = self._loop.create_task(self._deliver(delivery))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _deliver(self, delivery: Delivery) -> None:
        """Acknowledge only what is stored; anything else is a temporary refusal, so that the SMSC sends it again."""
        status: int | None = None
        try:
            status = await self._on_deliver(delivery.pdu)
        except Exception as error:  # noqa: BLE001 - whatever it was, the message is not stored
            log.error("deliver_sm not stored", link=self.name, sequence=delivery.pdu.sequence, error=repr(error))
        if status is None:
            status = CommandStatus.RX_T_APPN
        self.counts["deliveries stored" if status == 0 else "deliveries refused"] += 1
        delivery.answer(status)
