"""The pump: claims messages, hands them to the link, and stores what came back. One Task, bounded in flight."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import structlog

from telecom_codecs.errors import CodecError

from ..runtime.supervisor import Supervisor
from ..storage.committer import Committer
from ..storage.faults import StorageUnavailable
from .facts import OutboxState
from .link import Link, SourceAddress, result_of, submit_sm_of
from .receivers import Hooks
from .sending import ClaimedSegment, SegmentResult, claim, note_results

log = structlog.get_logger(__name__)


class Pump:
    """Sends the outbox over one link.

    `in_flight` bounds messages, not segments. The segments of a message leave one after the other: what follows a
    refused one stays in the outbox. `idle` is the pause, in seconds, before the outbox is looked at again without a
    wake (waits after refusals end then).
    """

    def __init__(
        self,
        committer: Committer,
        link: Link,
        hooks: Hooks,
        source: SourceAddress,
        supervisor: Supervisor,
        *,
        in_flight: int = 100,
        idle: float = 0.5,
    ) -> None:
        self._committer = committer
        self._link = link
        self._hooks = hooks
        self._source = source
        self._supervisor = supervisor
        self._in_flight = in_flight
        self._idle = idle
        self._wanted = asyncio.Event()
        self._sending = 0
        self._stopping = False

    def wake(self) -> None:
        """Look at the outbox now."""
        self._wanted.set()

    def stop(self) -> None:
        """Claim nothing more; what is in flight ends by itself."""
        self._stopping = True
        self._wanted.set()

    @property
    def sending(self) -> int:
        """Messages handed to the link and not yet answered."""
        return self._sending

    async def run(self) -> None:
        """Claim and send until stopped."""
        while not self._stopping:
            self._wanted.clear()
            room = self._in_flight - self._sending
            if room > 0 and self._link.is_bound and await self._claim(room):
                continue
            await self._pause()
        while self._sending:
            await asyncio.sleep(0.01)

    async def _pause(self) -> None:
        try:
            await asyncio.wait_for(self._wanted.wait(), self._idle)
        except TimeoutError:
            return

    async def _claim(self, room: int) -> bool:
        """Claim up to `room` messages and start sending them; False when there is nothing to do now."""
        try:
            claimed = await self._committer.perform(
                lambda conn, context: claim(conn, context, self._hooks, room), bulk=True
            )
        except StorageUnavailable:
            return False
        for message in claimed:
            self._sending += 1
            self._supervisor.spawn(self._send(message), name=f"send {message[0].outbox_id}")
        return bool(claimed)

    async def _send(self, message: Sequence[ClaimedSegment]) -> None:
        results: list[SegmentResult] = []
        try:
            for segment in message:
                results.append(await self._submit(segment))
                if results[-1].state is not OutboxState.ACCEPTED:
                    break
            results += [SegmentResult(segment.seq, OutboxState.QUEUED) for segment in message[len(results) :]]
            await self._store(results)
        finally:
            self._sending -= 1
            self._wanted.set()

    async def _submit(self, segment: ClaimedSegment) -> SegmentResult:
        try:
            answer = await self._link.submit(submit_sm_of(segment, self._source))
        except CodecError as error:  # it cannot be written as a PDU: nothing has left, and nothing ever will
            log.error("segment refused by the codec", outbox=segment.outbox_id, error=str(error))
            return SegmentResult(segment.seq, OutboxState.REFUSED)
        return result_of(segment, answer)

    async def _store(self, results: Sequence[SegmentResult]) -> None:
        """What the SMSC said must not be lost while the disk is full: it is tried again until it is stored."""
        step: Callable[..., None] = lambda conn, context: note_results(conn, context, self._hooks, results)  # noqa: E731
        while True:
            try:
                await self._committer.perform(step)
            except StorageUnavailable:
                if self._stopping:
                    return  # after the restart the segments count as in doubt
                await asyncio.sleep(1.0)
            else:
                return
