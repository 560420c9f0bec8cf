"""A fault script: what a centre does wrong, how often, and when. TOML, seeded, replayable.

    seed = 7
    [[fault]]
    kind = "throttle"        # one of Kind
    probability = 0.2        # of each occasion; default 1
    count = 100              # at most so many times; default without limit
    after = 10               # seconds since the start; default 0
    until = 60               # default for ever
    account = "ykt"          # only this account
    destination = "86138"    # only numbers that begin so
    seconds = 5              # how late, or how long
    style = "decimal"        # of kind id: hex, decimal, padded, lower, same, none

Every fault has dice of its own, seeded by the script's seed and its place: the same occasions get the same faults.
No clock: `now` is seconds since the start.
"""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import Enum
from random import Random
from typing import Any


class Kind(Enum):
    """What can go wrong. The value is the word of the script."""

    BIND_REFUSED = "bind_refused"  #: bind_resp with `status`
    THROTTLE = "throttle"  #: submit_sm_resp RTHROTTLED
    QUEUE_FULL = "queue_full"  #: submit_sm_resp RMSGQFUL
    SYSTEM_ERROR = "system_error"  #: submit_sm_resp RSYSERR, or `status`
    NACK = "nack"  #: generic_nack answers the submit_sm
    SILENCE = "silence"  #: the message is taken and never answered
    LATE_ANSWER = "late_answer"  #: the answer comes `seconds` late
    SEGMENT_REFUSED = "segment_refused"  #: segments after the first are refused with `status`
    ID = "id"  #: receipts spell the message id in another `style`
    EARLY_RECEIPT = "early_receipt"  #: receipt before the answer
    LATE_RECEIPT = "late_receipt"  #: `seconds` late
    LOST_RECEIPT = "lost_receipt"
    DOUBLED_RECEIPT = "doubled_receipt"
    REORDERED_RECEIPT = "reordered_receipt"  #: after the next one
    CONTRADICTORY_RECEIPT = "contradictory_receipt"  #: a second one with another final state
    PLAIN_RECEIPT = "plain_receipt"  #: esm_class 0 and no TLVs: the text alone says what it is
    REPEATED_MO = "repeated_mo"  #: a phone's message twice, as two deliver_sm
    POR_DROPPED = "por_dropped"  #: the user data of a DELIVER-REPORT is not relayed
    POR_CUT = "por_cut"  #: only its first `octets` octets are
    GHOST = "ghost"  #: a copy is delivered after cancel_sm or expiry
    DISCONNECT = "disconnect"  #: the line is cut inside what is being written, at any octet
    HALF_OPEN = "half_open"  #: the line stays open, nothing is read or written any more
    DRIBBLE = "dribble"  #: one octet at a time, `seconds` for the whole
    MALFORMED = "malformed"  #: something unreadable follows what is written


class FaultScriptError(ValueError):
    """The script cannot be used; the message names the table and what to correct."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One `[[fault]]` table."""

    kind: Kind
    probability: float = 1.0
    count: int | None = None
    after: float = 0.0
    until: float | None = None
    account: str = ""
    destination: str = ""
    seconds: float = 1.0
    status: int | None = None
    style: str = "decimal"
    octets: int = 1


@dataclass(frozen=True, slots=True)
class FaultScript:
    """The whole file."""

    seed: int = 0
    faults: tuple[Fault, ...] = ()

    @classmethod
    def parse(cls, text: str) -> FaultScript:
        """From TOML; FaultScriptError says what is wrong."""
        try:
            tables = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise FaultScriptError(str(error)) from error
        seed = tables.get("seed", 0)
        if type(seed) is not int:
            raise FaultScriptError("seed is no whole number")
        faults = tables.get("fault", [])
        if set(tables) - {"seed", "fault"} or not isinstance(faults, list):
            raise FaultScriptError("a fault script has a seed and [[fault]] tables, nothing else")
        return cls(seed, tuple(_fault(table, number) for number, table in enumerate(faults, 1)))


STYLES = frozenset({"hex", "decimal", "padded", "lower", "same", "none"})
_TYPES: dict[str, type | tuple[type, ...]] = {
    "probability": (int, float),
    "count": int,
    "after": (int, float),
    "until": (int, float),
    "account": str,
    "destination": str,
    "seconds": (int, float),
    "status": int,
    "style": str,
    "octets": int,
}


def _fault(table: Mapping[str, Any], number: int) -> Fault:
    where = f"[[fault]] {number}"
    kinds = {kind.value: kind for kind in Kind}
    values = dict(table)
    kind = kinds.get(str(values.pop("kind", "")))
    if kind is None:
        raise FaultScriptError(f"{where}: kind is one of {', '.join(kinds)}")
    for name, value in values.items():
        wanted = _TYPES.get(name)
        if wanted is None:
            known = ", ".join(field.name for field in fields(Fault))
            raise FaultScriptError(f"{where}: {name!r} is unknown; a fault has {known}")
        fits = isinstance(value, wanted) and not isinstance(value, bool)
        if not fits or (isinstance(value, (int, float)) and value < 0):
            raise FaultScriptError(f"{where}: {name} = {value!r} does not fit")
    fault = Fault(kind, **values)
    if fault.probability > 1 or fault.style not in STYLES:
        raise FaultScriptError(f"{where}: probability is 0 to 1, style one of {', '.join(sorted(STYLES))}")
    return fault


class Faults:
    """A script at work: :meth:`strikes` throws the dice of one occasion. `counts` says what struck."""

    def __init__(self, script: FaultScript) -> None:
        self.counts: Counter[str] = Counter()
        self.random = Random(f"{script.seed}/choices")  # noqa: S311 - chance of a script, nothing secret
        self._dice: dict[Kind, list[tuple[int, Fault, Random]]] = {}
        self._left: dict[int, int] = {}
        for number, fault in enumerate(script.faults):
            dice = Random(f"{script.seed}/{number}/{fault.kind.value}")  # noqa: S311 - as above
            self._dice.setdefault(fault.kind, []).append((number, fault, dice))
            if fault.count is not None:
                self._left[number] = fault.count

    def strikes(self, kind: Kind, now: float, *, account: str = "", destination: str = "") -> Fault | None:
        """The first fault of this kind that strikes on this occasion, or None."""
        for number, fault, dice in self._dice.get(kind, ()):
            if now < fault.after or (fault.until is not None and now >= fault.until):
                continue
            if not account.startswith(fault.account) or not destination.startswith(fault.destination):
                continue
            if self._left.get(number, 1) <= 0 or dice.random() >= fault.probability:
                continue
            if number in self._left:
                self._left[number] -= 1
            self.counts[kind.value] += 1
            return fault
        return None
