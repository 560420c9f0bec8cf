"""The pump: claims segments while the link has room, hands them to it, and stores what came back.

No Task and no future per segment: one claim a time, one list of answers a turn of the loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from itertools import count
from typing import Any

import structlog
from sqlalchemy import Connection

from smsc_gateway.links.outcome import NO_ANSWER, Certainty, SubmitResult
from telecom_codecs.errors import CodecError

from ..storage.committer import Committer, Failed
from ..storage.context import StepContext
from ..storage.faults import StorageUnavailable
from .link import Link, SourceAddress, submit_sm_of
from .outgoing import PRIORITY_BULK, PRIORITY_DIALOGUE, Answer, Handed, Outgoing

log = structlog.get_logger(__name__)

#: Most segments claimed in one transaction: what waits behind it waits so much longer.
LARGEST_CLAIM = 300
_LATE_REMEMBERED = 10_000


class Pump:
    """Sends what the owners in `outgoing` have, the most urgent first, over one link.

    `idle` is the pause, in seconds, before it looks again without being woken (waits after refusals end then).
    """

    def __init__(
        self,
        committer: Committer,
        link: Link,
        outgoing: Sequence[Outgoing],
        source: SourceAddress,
        *,
        idle: float = 0.5,
    ) -> None:
        self._committer = committer
        self._link = link
        self._outgoing = tuple(outgoing)
        self._source = source
        self._idle = idle
        self._numbers = count(1)
        self._sending: dict[int, tuple[int, Handed]] = {}
        self._late: dict[int, tuple[int, Handed]] = {}
        self._unsaved = 0
        self._claiming = False
        self._wanted = False
        self._stopping = False
        self._turn = 0
        self._dry = False  #: the last claim found nothing, and nothing was marked since
        self._timer: asyncio.TimerHandle | None = None
        self._drained = asyncio.Event()
        self._drained.set()
        link.on_answers = self._answered
        link.on_late = self._answered_late
        link.on_room = self._go_on

    @property
    def sending(self) -> int:
        """Segments handed to the link and not yet answered."""
        return len(self._sending)

    def start(self) -> None:
        """Begin to look, inside the running loop."""
        self.wake()
        self._again()

    def stop(self) -> None:
        """Claim nothing more; what is in flight ends by itself."""
        self._stopping = True
        if self._timer is not None:
            self._timer.cancel()

    async def drained(self) -> None:
        """Returns when nothing is in flight and every answer is stored."""
        await self._drained.wait()

    def wake(self) -> None:
        """There may be something to send: look, now or as soon as the claim that runs has come back."""
        self._dry = False
        self._go_on()

    def _go_on(self) -> None:
        """Look for more, unless there was nothing when it was looked for last."""
        if self._dry:
            return
        if self._claiming:
            self._wanted = True
            return
        room = min(self._link.room, LARGEST_CLAIM)
        if room <= 0 or self._stopping or not self._link.is_bound:
            return
        self._claiming, self._wanted = True, False
        try:
            self._committer.together_all(self._claim, [room], self._claimed, bulk=True)
        except StorageUnavailable:
            self._claiming = False

    def _again(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(self._idle, self._again)
        self.wake()

    # --- out -------------------------------------------------------------------------------------------------------

    def _claim(self, conn: Connection, context: StepContext, items: Sequence[int]) -> list[list[tuple[int, Handed]]]:
        """What may leave after the commit: answers that somebody waits for, then a fair share for each owner."""
        results = []
        for room in items:
            found: list[tuple[int, Handed]] = []
            for place, owner in enumerate(self._outgoing):
                if room > len(found):
                    found += [(place, one) for one in owner.claim(conn, context, room - len(found), PRIORITY_DIALOGUE)]
            self._turn += 1
            hungry = [(self._turn + step) % len(self._outgoing) for step in range(len(self._outgoing))]
            while hungry and len(found) < room:
                hungry = self._share(conn, context, found, room, hungry)
            results.append(found)
        return results

    def _share(
        self, conn: Connection, context: StepContext, found: list[tuple[int, Handed]], room: int, hungry: list[int]
    ) -> list[int]:
        """An equal share of the room for each owner; those that took all of theirs, and might take more."""
        full = []
        for left, place in zip(range(len(hungry), 0, -1), hungry, strict=True):
            share = (room - len(found)) // left
            if share > 0:
                got = self._outgoing[place].claim(conn, context, share, PRIORITY_BULK)
                found += [(place, one) for one in got]
                if len(got) >= share and left > 1:
                    full.append(place)
        return full

    def _claimed(self, results: Sequence[Any]) -> None:
        self._claiming = False
        found = results[0]
        if isinstance(found, Failed):
            if not isinstance(found.error, StorageUnavailable):
                log.error("nothing claimed", error=str(found.error), exc_info=found.error)
            return  # the timer looks again
        self._dry = not found and not self._wanted
        pdus = []
        for place, handed in found:
            number = next(self._numbers)
            try:
                pdu = submit_sm_of(handed, self._source)
            except CodecError as error:  # it cannot be written as a PDU: nothing has left, and nothing ever will
                log.error("segment refused by the codec", row=handed.row, error=str(error))
                self._store(place, [Answer(handed.row, handed.segment, _unwritable(str(error)))])
                continue
            self._sending[number] = (place, handed)
            pdus.append((number, pdu))
        if pdus:
            self._drained.clear()
            self._link.submit_many(pdus)
        if self._wanted or (found and self._link.room > 0):
            self._go_on()

    # --- back ------------------------------------------------------------------------------------------------------

    def _answered(self, answers: Sequence[tuple[int, SubmitResult]]) -> None:
        told: dict[int, list[Answer]] = {}
        for number, result in answers:
            known = self._sending.pop(number, None)
            if known is None:
                continue
            place, handed = known
            told.setdefault(place, []).append(Answer(handed.row, handed.segment, result))
            if result.certainty is Certainty.UNKNOWN:
                self._remember(number, known)
        for place, mine in told.items():
            self._store(place, mine)
        self._go_on()

    def _remember(self, number: int, known: tuple[int, Handed]) -> None:
        self._late[number] = known
        while len(self._late) > _LATE_REMEMBERED:
            del self._late[next(iter(self._late))]

    def _answered_late(self, number: int, result: SubmitResult) -> None:
        known = self._late.pop(number, None)
        if known is not None:
            self._store(known[0], [Answer(known[1].row, known[1].segment, result)])

    def _store(self, place: int, answers: Sequence[Answer]) -> None:
        """What the SMSC said must not be lost while the disk is full: it is tried again until it is stored."""
        self._unsaved += 1
        self._drained.clear()

        def done(results: Sequence[Any]) -> None:
            self._unsaved -= 1
            failed = [one for one, result in zip(answers, results, strict=True) if isinstance(result, Failed)]
            if failed:
                first: Failed = next(result for result in results if isinstance(result, Failed))
                self._store_later(place, failed, first.error)
            self._look_if_drained()

        try:
            self._committer.together_all(self._outgoing[place].note_answers, answers, done)
        except StorageUnavailable:
            self._unsaved -= 1  # after the restart the segments count as in doubt
            self._look_if_drained()

    def _store_later(self, place: int, answers: Sequence[Answer], error: BaseException) -> None:
        if not isinstance(error, StorageUnavailable):
            log.error("an answer of the SMSC was not taken in", error=str(error), exc_info=error)
        if not self._stopping:
            again: Callable[[], None] = lambda: self._store(place, answers)  # noqa: E731
            asyncio.get_running_loop().call_later(1.0, again)

    def _look_if_drained(self) -> None:
        if not self._sending and not self._unsaved:
            self._drained.set()


def _unwritable(reason: str) -> SubmitResult:
    return SubmitResult(NO_ANSWER, None, Certainty.REFUSED_FINAL, reason=reason)
