"""The card's timers in a handset (TIMER MANAGEMENT, TS 102 223 §6.4.21), in the handset's seconds."""

from __future__ import annotations

import math
from dataclasses import dataclass

from telecom_codecs.cat import (
    GeneralResult,
    TerminalResponse,
    TimerAction,
    TimerExpiration,
    TimerManagement,
    TimerValue,
)
from telecom_codecs.cat.state_objects import TimerIdentifier

from .conversation import Performed


@dataclass(frozen=True, slots=True)
class _Timer:
    since: float
    until: float


class CardTimers:
    """Timers 1 to 8, as the card set them."""

    def __init__(self) -> None:
        self._timers: dict[int, _Timer] = {}

    def clear(self) -> None:
        self._timers.clear()

    def perform(self, command: TimerManagement, now: float) -> Performed:
        """Start, stop or read one; 24 when it does not run."""
        running = self._timers.get(command.timer)
        left: tuple[TimerValue, ...] = ()
        result = GeneralResult.OK
        if command.action == TimerAction.START and command.value is not None:
            self._timers[command.timer] = _Timer(now, now + command.value.in_seconds)
        elif running is None or command.action not in (TimerAction.DEACTIVATE, TimerAction.GET_CURRENT_VALUE):
            result = GeneralResult.TIMER_CONTRADICTION
        else:
            left = (TimerValue.of_seconds(max(0, math.ceil(running.until - now))),)
            if command.action == TimerAction.DEACTIVATE:
                del self._timers[command.timer]
        extras = (TimerIdentifier(command.timer), *left)
        return Performed(TerminalResponse(command.details, result, extras=extras))

    def due(self, now: float) -> list[int]:
        """The timers that have run out."""
        return [number for number, timer in self._timers.items() if timer.until <= now]

    def expired(self, number: int) -> tuple[TimerExpiration, _Timer]:
        """What the card is told of a timer that ran out; it is gone, so that the card may start it again at once."""
        timer = self._timers.pop(number)
        return TimerExpiration(number, TimerValue.of_seconds(round(timer.until - timer.since))), timer

    def put_back(self, number: int, timer: _Timer) -> None:
        """The card was busy: tell it again, unless it has started the timer anew."""
        self._timers.setdefault(number, timer)
