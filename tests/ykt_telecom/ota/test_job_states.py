"""The job's state table is total, and its ends are ends."""

from __future__ import annotations

from itertools import product

import pytest

from ykt_telecom.ota.outcome import JobKind
from ykt_telecom.ota.states import (
    LANE_STATES,
    REFUSED,
    TERMINAL_STATES,
    TRANSITIONS,
    WAITING_STATES,
    JobEvent,
    JobRefused,
    JobState,
    follow,
)
from ykt_telecom.ota.verdict import Next, judge


def test_every_pair_is_listed_or_refused() -> None:
    """What is not a transition is refused."""
    assert set(TRANSITIONS) | REFUSED == set(product(JobState, JobEvent))
    for pair in REFUSED:
        with pytest.raises(JobRefused):
            follow(*pair)


def test_nothing_leads_out_of_an_end() -> None:
    """A terminal state never changes (I4)."""
    assert not [pair for pair in TRANSITIONS if pair[0] in TERMINAL_STATES]


def test_every_state_can_come_to_an_end() -> None:
    """From each state a path leads to a terminal one; a lane state is never a waiting one."""
    reached = set(TERMINAL_STATES)
    while grown := {before for (before, _), after in TRANSITIONS.items() if after in reached} - reached:
        reached |= grown
    assert reached == set(JobState)
    assert not set(LANE_STATES) & set(WAITING_STATES)


@pytest.mark.parametrize("octets", ["", "01", "0190", "ff6f", "0161", "0290000102"])
def test_octets_that_do_not_read_are_a_refusal_not_an_accident(octets: str) -> None:
    """An authentic card that answers nonsense: the job ends with its reason, whatever its kind."""
    for kind, purpose in product(JobKind, ("SCRIPT", "AUDIT", "PERSON")):
        verdict = judge(kind, purpose, bytes.fromhex(octets), commands=3, sent_before=False)
        assert verdict.follows in Next
