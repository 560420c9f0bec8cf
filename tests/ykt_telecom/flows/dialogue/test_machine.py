"""The table of a dialogue's states: every way leads to one notice."""

from __future__ import annotations

from ykt_telecom.flows.dialogue.machine import DIALOGUE, OPEN_STATES, Event, State

ENDS = {State.DONE, State.TEXTED, State.REFUSED}


def ways_to(target: State) -> list[tuple[State, Event]]:
    return [(state, event) for state in State for event in Event if DIALOGUE.after(state, event) is target]


def test_every_open_state_leads_to_a_notice() -> None:
    """INV-22: no accepted request stays without its answer for want of a rule."""
    for start in OPEN_STATES:
        reached, frontier = {start}, [start]
        while frontier:
            here = frontier.pop()
            for event in Event:
                after = DIALOGUE.after(here, event)
                if after is not None and after not in reached:
                    reached.add(after)
                    frontier.append(after)
        assert reached & ENDS == {State.DONE, State.TEXTED}


def test_only_a_request_that_is_not_accepted_ends_without_a_notice() -> None:
    """REFUSED is entered from the beginning only and never left."""
    assert ways_to(State.REFUSED) == [(State.RECEIVED, Event.REJECT)]
    assert State.REFUSED in DIALOGUE.ends


def test_a_deletion_passes_the_close_first() -> None:
    """Rule 10: DELETE follows a CLOSE that found nothing, and nothing else leads to it."""
    assert ways_to(State.DELETING) == [(State.CLOSING, Event.EMPTY)]
    assert ways_to(State.CLOSING) == [(State.VERIFYING, Event.RIGHT)]
