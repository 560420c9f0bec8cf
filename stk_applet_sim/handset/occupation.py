"""What keeps the screen, or the line, from the card, and how the card is told (TS 102 223 §6.4.1, §8.12.2)."""

from __future__ import annotations

from enum import Enum

from telecom_codecs.cat import DisplayText, ProactiveCommand, SetUpCall, TerminalProblem


class Occupation(Enum):
    """What the user does apart from the card, so that the screen is not free (TS 102 223 §6.4.1)."""

    APPLICATION = "reads or writes something: normal texts and questions wait"
    ALERT = "an alarm has the screen: even high-priority texts wait"
    CALL = "talks: nothing is shown"


def problem_for(
    command: ProactiveCommand, occupation: Occupation | None, *, in_coverage: bool
) -> TerminalProblem | None:
    """Why a command for the screen cannot be performed now; None when it can."""
    if isinstance(command, SetUpCall) and not in_coverage:
        return TerminalProblem.NO_SERVICE
    if occupation is None:
        return None
    if occupation is Occupation.CALL:
        return TerminalProblem.BUSY_ON_CALL
    urgent = isinstance(command, DisplayText) and command.high_priority
    return None if urgent and occupation is Occupation.APPLICATION else TerminalProblem.SCREEN_BUSY
