"""The table of a dialogue's states: total, and every way leads to one notice."""

from __future__ import annotations

from itertools import product

import pytest

from ykt_telecom.flows.dialogue.machine import NEXT, OPEN_STATES, REFUSED_PAIRS, Event, OutOfTurn, State, follow

ENDS = {State.DONE, State.TEXTED, State.REFUSED}


@pytest.mark.parametrize(("state", "event"), sorted(product(State, Event)))
def test_every_pair_is_listed_or_refused(state: State, event: Event) -> None:
    """Nothing that happens finds the dialogue without a rule."""
    assert ((state, event) in NEXT) != ((state, event) in REFUSED_PAIRS)
    if (state, event) in REFUSED_PAIRS:
        with pytest.raises(OutOfTurn):
            follow(state, event)
    else:
        assert follow(state, event) is NEXT[state, event]


def test_every_open_state_leads_to_a_notice() -> None:
    """INV-22: no accepted request stays without its answer for want of a rule."""
    for start in OPEN_STATES:
        reached, frontier = {start}, [start]
        while frontier:
            here = frontier.pop()
            for (state, _), after in NEXT.items():
                if state is here and after not in reached:
                    reached.add(after)
                    frontier.append(after)
        assert reached & ENDS == {State.DONE, State.TEXTED}


def test_only_a_request_that_is_not_accepted_ends_without_a_notice() -> None:
    """REFUSED is entered from the beginning only and never left."""
    assert [pair for pair, after in NEXT.items() if after is State.REFUSED] == [(State.RECEIVED, Event.REJECT)]
    assert not [state for state, _ in NEXT if state is State.REFUSED]


def test_a_deletion_passes_the_close_first() -> None:
    """Rule 10: DELETE follows a CLOSE that found nothing, and nothing else leads to it."""
    assert [pair for pair, after in NEXT.items() if after is State.DELETING] == [(State.CLOSING, Event.EMPTY)]
    assert [pair for pair, after in NEXT.items() if after is State.CLOSING] == [(State.VERIFYING, Event.RIGHT)]
