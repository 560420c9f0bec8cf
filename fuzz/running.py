"""One target, many inputs: what was accepted, what broke, the worst case, the memory."""

from __future__ import annotations

import random
import resource
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from types import FrameType
from typing import Any, Final

from .mutation import Mutator
from .target import Target

LIMIT_MS: Final = 50.0
LIMIT_KIB: Final = 65_536
WATCHDOG_SECONDS: Final = 20.0
FAULTS_KEPT: Final = 5
_TIMED_AGAIN: Final = 3  #: the best of these counts: a busy machine or the collector is not the decoder's fault


class Hung(BaseException):
    """A decoder did not come back. No codec catches it."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A defect and the octets that show it."""

    kind: str  #: undeclared, not restored, slow, hung
    octets: bytes
    what: str


@dataclass(slots=True)
class Report:
    """What came out for one target."""

    name: str
    inputs: int = 0
    accepted: int = 0
    defects: int = 0
    worst_ms: float = 0.0
    worst_octets: int = 0
    growth_kib: int = 0
    faults: list[Fault] = field(default_factory=list)

    @property
    def has_passed(self) -> bool:
        return not self.defects

    def add(self, fault: Fault) -> None:
        """Count a defect; keep the shortest inputs of each kind."""
        self.defects += 1
        self.faults.append(fault)
        self.faults.sort(key=lambda kept: len(kept.octets))
        del self.faults[FAULTS_KEPT:]


def run(target: Target, count: int, seed: str, *, watchdog: bool = False) -> Report:
    """`count` inputs, the same for the same seed. `watchdog` needs the main thread and SIGALRM."""
    mutator = Mutator(target.seeds, random.Random(f"{seed}/{target.name}"))
    report = Report(target.name)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with _watched(watchdog) as rearm:
        for number in range(count):
            if not number % 256:
                rearm()
            attempt(target, mutator.next(), report)
    report.growth_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    if report.growth_kib > LIMIT_KIB:
        report.add(Fault("memory", b"", f"{report.growth_kib} KiB more than before"))
    return report


def attempt(target: Target, octets: bytes, report: Report) -> None:
    """One input."""
    report.inputs += 1
    start = time.thread_time_ns()
    try:
        value = target.decode(octets)
    except target.refusals:
        _note_time(target, octets, time.thread_time_ns() - start, report)
        return
    except Hung:
        report.add(Fault("hung", octets, f"no answer within {WATCHDOG_SECONDS} s"))
        return
    except Exception as error:  # noqa: BLE001 - finding them is the purpose
        report.add(Fault("undeclared", octets, f"{type(error).__name__}: {error}"))
        return
    _note_time(target, octets, time.thread_time_ns() - start, report)
    report.accepted += 1
    if target.encode is not None:
        _check_restored(target, octets, value, report)


def _check_restored(target: Target, octets: bytes, value: Any, report: Report) -> None:
    """decode(encode(v)) == v."""
    assert target.encode is not None
    try:
        encoded = target.encode(value)
        again = target.decode(encoded)
    except Exception as error:  # noqa: BLE001 - whatever stands between a value and its octets is a defect
        report.add(Fault("not restored", octets, f"{type(error).__name__}: {error}"))
        return
    if again != value:
        report.add(Fault("not restored", octets, f"{value!r} comes back as {again!r} from {encoded.hex()}"))


def _note_time(target: Target, octets: bytes, nanoseconds: int, report: Report) -> None:
    if nanoseconds / 1e6 <= report.worst_ms:
        return
    milliseconds = min(nanoseconds / 1e6, *(_timed(target, octets) for _ in range(_TIMED_AGAIN)))
    if milliseconds > report.worst_ms:
        report.worst_ms, report.worst_octets = milliseconds, len(octets)
        if milliseconds > LIMIT_MS:
            report.add(Fault("slow", octets, f"{milliseconds:.1f} ms for {len(octets)} octets"))


def _timed(target: Target, octets: bytes) -> float:
    start = time.thread_time_ns()
    with suppress(*target.refusals):
        target.decode(octets)
    return (time.thread_time_ns() - start) / 1e6


@contextmanager
def _watched(wanted: bool) -> Iterator[Any]:
    """Gives a function that starts the time anew; without `wanted` it does nothing."""
    if not wanted:
        yield lambda: None
        return

    def bark(signal_number: int, frame: FrameType | None) -> None:
        raise Hung

    earlier = signal.signal(signal.SIGALRM, bark)
    try:
        yield lambda: signal.setitimer(signal.ITIMER_REAL, WATCHDOG_SECONDS)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, earlier)
