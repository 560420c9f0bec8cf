"""The whole story with mishaps on the way, by name and by seed: what must hold holds."""

from __future__ import annotations

import os

import pytest

from ykt_telecom.demo.people import HOME
from ykt_telecom.simulation.faults import ON_THE_WIRE, Fault, Script
from ykt_telecom.simulation.invariants import bills_have_come_once, books_agree_with_the_card, check_everything
from ykt_telecom.simulation.lab import Lab, play
from ykt_telecom.simulation.stories import a_member, application, member_story, whole_story

#: More of them on demand: YKT_TEST_FLOW_SEEDS=1000 pytest tests/flow
SEEDS = int(os.environ.get("YKT_TEST_FLOW_SEEDS", "30"))
WHOLE = SEEDS // 4
#: The first messages of the story, each in turn.
OCCASIONS = (1, 2, 3, 5)


def everything_holds(lab: Lab) -> None:
    phone = lab.phones[0]
    check_everything(lab)
    books_agree_with_the_card(lab, phone)
    bills_have_come_once(lab, phone, 2)


@pytest.mark.parametrize("fault", ON_THE_WIRE, ids=lambda fault: fault.name.lower())
def test_one_mishap_at_each_place_harms_nobody(fault: Fault) -> None:
    """The same mishap at the first message it can meet, then at the second…"""
    for occasion in OCCASIONS:
        script = Script(occasion, exactly={fault: frozenset({occasion})})
        lab = play(member_story, script, beginning=a_member())
        assert lab.script.happened[fault] <= 1
        everything_holds(lab)
        assert application(lab.phones[0], HOME) is None, f"{fault.name} at {occasion}"


@pytest.mark.parametrize("seed", range(SEEDS))
def test_many_mishaps_together_harm_nobody(seed: int) -> None:
    """Each kind off in half of the seeds, else up to two messages in five."""
    everything_holds(play(member_story, Script.swarm(seed), beginning=a_member()))


@pytest.mark.parametrize("seed", range(1000, 1000 + WHOLE))
def test_issuing_bears_mishaps_too(seed: int) -> None:
    """From the first application on."""
    everything_holds(play(whole_story, Script.swarm(seed)))
