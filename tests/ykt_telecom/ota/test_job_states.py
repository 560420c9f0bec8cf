"""The job's state table is total, and its ends are ends."""

from __future__ import annotations

from itertools import product

import pytest

from ykt_telecom.ota.outcome import JobKind
from ykt_telecom.ota.states import JOB, LANE_STATES, TERMINAL_STATES, WAITING_STATES, JobEvent, JobRefused
from ykt_telecom.ota.verdict import Next, judge


def test_a_refused_event_says_so() -> None:
    """An end stays an end; the error names both."""
    for state, event in product(TERMINAL_STATES, JobEvent):
        with pytest.raises(JobRefused, match=state):
            JOB.follow(state, event)


def test_a_lane_state_is_never_a_waiting_one() -> None:
    """Who holds the lane does not wait for it."""
    assert not set(LANE_STATES) & set(WAITING_STATES)


@pytest.mark.parametrize("octets", ["", "01", "0190", "ff6f", "0161", "0290000102"])
def test_octets_that_do_not_read_are_a_refusal_not_an_accident(octets: str) -> None:
    """An authentic card that answers nonsense: the job ends with its reason, whatever its kind."""
    for kind, purpose in product(JobKind, ("SCRIPT", "AUDIT", "PERSON")):
        verdict = judge(kind, purpose, bytes.fromhex(octets), commands=3, sent_before=False)
        assert verdict.follows in Next
