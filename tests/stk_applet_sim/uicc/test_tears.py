"""Power is cut at every journal write: the card is as it was before the command or as it is after it, never between."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from stk_applet_sim.uicc.card import Uicc
from stk_applet_sim.uicc.memory import PowerLoss
from telecom_codecs.globalplatform.commands import delete
from telecom_codecs.onecard.names import application_aid

from .issuing import (
    ENTERPRISE,
    GET_RESPONSE,
    NOON,
    TERMINAL,
    install_command,
    issue,
    keys_command,
    load,
    load_command,
    order,
    order_command,
    personalise_command,
)
from .ota import Platform, a_card, exchange

State = dict[str, bytes | None]


def without_counters(card: Uicc) -> State:
    """What is on the card, the OTA counters apart: those move before anything is executed."""
    return {name: value for name, value in card.memory.delta.items() if not name.endswith("/counter")}


def blank(platform: Platform) -> None:
    """A card fresh from personalisation."""


def issued(platform: Platform) -> None:
    issue(platform)


def installed(platform: Platform) -> None:
    platform.run("000000", install_command())


def closed(platform: Platform) -> None:
    issue(platform)
    order(platform, 1, 1)


def loaded(platform: Platform) -> None:
    issue(platform)
    load(platform, 0, 1, 900, 1)


#: What is prepared, the TAR, the commands of one transaction each.
CASES: dict[str, tuple[Callable[[Platform], None], str, Callable[[Uicc], list[str]]]] = {
    "install": (blank, "000000", lambda card: [install_command()]),
    "personalise": (installed, "000000", lambda card: [personalise_command(), keys_command(card)]),
    "delete": (closed, "000000", lambda card: [delete(application_aid(ENTERPRISE, 1)).encode().hex()]),
    "load": (issued, "594B01", lambda card: [load_command(card, 0, 1, 500, 7), GET_RESPONSE]),
    "second load": (loaded, "594B01", lambda card: [load_command(card, 1, 2, 500, 8), GET_RESPONSE]),
    "close": (issued, "594B01", lambda card: [order_command(card, 1, 9), GET_RESPONSE]),
    "file": (blank, "B00010", lambda card: ["00A40004027F59", "00A40004026F05", "00D600000101"]),
}


@pytest.mark.parametrize("name", CASES)
def test_a_tear_leaves_before_or_after(name: str) -> None:
    """A tear at each journal write of the order: one of the two states is left, and then the order goes through."""
    prepare, tar, commands = CASES[name]

    def at_start() -> Platform:
        platform = Platform.of(a_card())
        prepare(platform)
        return platform

    undisturbed = at_start()
    before, first = without_counters(undisturbed.card), undisturbed.card.memory.writes
    undisturbed.run(tar, *commands(undisturbed.card))
    after = without_counters(undisturbed.card)
    writes = undisturbed.card.memory.writes - first
    assert before != after
    assert writes >= 2  # the counter, and what was ordered
    for tear in range(1, writes + 1):
        platform = at_start()
        platform.card.memory.tear_at = platform.card.memory.writes + tear
        with pytest.raises(PowerLoss):
            platform.run(tar, *commands(platform.card))
        platform.card = a_card(state=platform.card.snapshot())
        assert without_counters(platform.card) == before
        platform.run(tar, *commands(platform.card))
        assert without_counters(platform.card) == after


def test_a_load_is_one_write() -> None:
    """Balance, RSN, job reference and record change together."""
    platform = Platform.of(a_card())
    issue(platform)
    writes = platform.card.memory.writes
    load(platform, 0, 1, 500, 7)
    assert platform.card.memory.writes - writes == 2  # the OTA counter and the state


def test_a_torn_tap_did_not_happen() -> None:
    """The terminal saw no answer and the card took no money."""
    platform = Platform.of(a_card())
    application = issue(platform)
    application.tap_load(1000, TERMINAL, NOON)
    card = platform.card
    card.memory.tear_at = card.memory.writes + 1
    with pytest.raises(PowerLoss):
        application.tap_purchase(300, TERMINAL, NOON)
    [restored] = a_card(state=card.snapshot()).enterprise_applications()
    assert (restored.balance, restored.state.offline_counter) == (1000, 1)


def test_the_mo_counter_never_goes_back() -> None:
    """A request sealed and sent keeps its number across a power cycle."""
    card = a_card()
    with card.memory.transaction():
        card.seal_mo(b"\x01")
    card.reset()
    assert card.counter(5) == 1
    assert exchange(card, "00A4000C023F00").sw == 0x9000
