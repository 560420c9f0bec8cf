"""The service dies between two commits, and begins again on what is stored: what must hold holds."""

from __future__ import annotations

from functools import cache

import pytest

from ykt_telecom.demo.people import HOME
from ykt_telecom.simulation.commits import Death
from ykt_telecom.simulation.faults import Script
from ykt_telecom.simulation.invariants import bills_have_come_once, books_agree_with_the_card, check_everything
from ykt_telecom.simulation.lab import Lab, play
from ykt_telecom.simulation.stories import a_member, application, member_story, whole_story

#: One in so many commits of the story is died at; another offset for each kind of death.
STRIDE = 2


def everything_holds(lab: Lab) -> None:
    phone = lab.phones[0]
    check_everything(lab)
    books_agree_with_the_card(lab, phone)
    bills_have_come_once(lab, phone, 2)


@cache
def places() -> tuple[int, ...]:
    """The commits of an undisturbed life that change something."""
    return tuple(play(member_story, Script(1), alone=True, beginning=a_member()).life.committer.changing)


@pytest.mark.parametrize("death", Death, ids=lambda death: death.name.lower())
@pytest.mark.parametrize("part", range(4))
def test_a_restart_between_two_commits_loses_and_repeats_nothing(death: Death, part: int) -> None:
    """Killed at one commit after the other of balance, wrong password, deletion and bills."""
    for place in places()[part::4][::STRIDE]:
        lab = play(member_story, Script(1), ((place, death),), alone=True, beginning=a_member())
        assert lab.lives == 2, f"died at commit {place}"
        everything_holds(lab)
        assert application(lab.phones[0], HOME) is None, f"died at commit {place}"


@pytest.mark.parametrize("seed", range(10))
def test_restarts_and_mishaps_together_harm_nobody(seed: int) -> None:
    """Three deaths, and a swarm of mishaps, from the first application on."""
    kinds = tuple(Death)
    deaths = tuple((15 + 9 * (seed % 5 + turn), kinds[(seed + turn) % 2]) for turn in range(3))
    lab = play(whole_story, Script.swarm(seed), deaths)
    assert lab.lives > 1
    everything_holds(lab)
