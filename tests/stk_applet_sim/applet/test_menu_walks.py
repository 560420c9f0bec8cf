"""Members who press anything at any time, on every model of phone: the applet always knows where it is."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from stk_applet_sim.applet.menu_bank import compile_bank
from stk_applet_sim.applet.menu_tree import packaged_menu
from stk_applet_sim.handset.me import Handset, Occupation
from stk_applet_sim.handset.model import model_named, model_names
from stk_applet_sim.handset.screen import Idle, Input, List, Menu, render
from telecom_codecs.card.apdu import CommandApdu
from telecom_codecs.onecard.answers import AnswerKind
from telecom_codecs.onecard.records import Record
from telecom_codecs.onecard.requests import Operation

from ..network import deliver_in_clear
from ..stub_card import AnApplication, StubCard
from .phone import CUIHU, Phone, a_phone
from .test_menu_bank import files_of

KEYS = ("ok", "ok", "ok", "no", "back", "end", "help", "clear", *"0123456789")
TYPED = ("907788", "246813", "13800138000", "202609", "门不开", "", "1" * 200, "😀" * 40, "{name}")
STEPS = 200


def strange_records(chance: random.Random) -> tuple[Record, ...]:
    """What a terminal gone mad might have written."""

    def number(octets: int) -> int:
        return chance.getrandbits(8 * octets)

    return tuple(
        Record(number(1), number(2), number(4), number(4), chance.randbytes(7), chance.randbytes(6))
        for _ in range(chance.randrange(11))
    )


def a_walk(seed: int, model: str) -> tuple[Phone, random.Random]:
    """A phone of a model with a purse, records of any kind, and a second application."""
    chance = random.Random(seed)
    purse = AnApplication(1001, 1, "华信科技", balance=chance.choice([0, 11630]), records=strange_records(chance))
    phone = a_phone(purse, CUIHU, english=bool(seed % 2))
    phone.handset = Handset(phone.card, model=model_named(model))
    phone.handset.watchers.append(phone.seen.append)
    phone.handset.attach(phone.network.submit)
    phone.handset.power_on()
    return phone, chance


def steps_of(phone: Phone, chance: random.Random) -> list[Callable[[], object]]:
    """Everything that may happen to a phone."""
    handset = phone.handset
    menus = [files_of(compile_bank(packaged_menu())), files_of(chance.randbytes(60)), {0x6F05: chance.randbytes(1)}]

    def answered() -> None:
        number = chance.choice([0, *(request.number for request in phone.requests)])
        kind = chance.choice([*AnswerKind, 9])
        text = chance.choice(["08 4F59989D0031", "04 6F6B", "04", "00 41"])
        head = bytes((1, kind)) + number.to_bytes(4, "big") + chance.randbytes(6)
        deliver_in_clear(handset, head + bytes.fromhex(text))

    def occupied() -> None:
        handset.occupation = chance.choice([None, None, *Occupation])

    def covered() -> None:
        handset.in_coverage = chance.random() < 0.8

    def refused() -> None:
        phone.network.failure_cause = chance.choice([None, None, 0xC3])

    press = [lambda: handset.press(chance.choice(KEYS)), lambda: handset.select(chance.randrange(11))] * 6
    return [
        *press,
        lambda: handset.enter(chance.choice(TYPED)),
        lambda: handset.enter("907788"),
        lambda: handset.tick(handset.now + chance.choice([1, 20, 31, 61, 130])),
        handset.poll,
        answered,
        occupied,
        covered,
        refused,
        lambda: phone.card.files.update(chance.choice(menus)),
    ]


def go_on(phone: Phone, chance: random.Random) -> None:
    """What a member would do with the screen there is."""
    handset = phone.handset
    match phone.shown():
        case Menu(items=items) | List(items=items):
            handset.select(chance.randint(1, len(items)))
        case Input(maximum=6):
            handset.enter(chance.choice(["907788", "246813", "246813", "202609"]))
        case Input(minimum=11):
            handset.enter("13800138000")
        case Input():
            handset.enter(chance.choice(TYPED))
        case _:
            handset.press("ok")


def walk(phone: Phone, chance: random.Random, steps: list[Callable[[], object]]) -> None:
    """Three steps as a member goes, one of anything."""
    for _ in range(STEPS):
        if chance.random() < 0.75:
            go_on(phone, chance)
        else:
            chance.choice(steps)()
        screen = phone.shown()
        render(screen)
        if isinstance(screen, Input) and screen.hidden:
            assert set(screen.entered) <= {"*"}


@pytest.mark.parametrize("model", model_names())
@pytest.mark.parametrize("seed", range(6))
def test_any_walk_through_the_menu_ends_in_a_working_phone(seed: int, model: str) -> None:
    """No step raises, no command is too long, no request is malformed, no number is used twice, no password is seen."""
    phone, chance = a_walk(seed, model)
    walk(phone, chance, steps_of(phone, chance))
    assert phone.card.toolkit.dropped == []
    numbers = [request.number for request in phone.requests]
    assert numbers == sorted(set(numbers))
    phone.handset.occupation, phone.handset.in_coverage, phone.network.failure_cause = None, True, None
    works_again(phone)


@pytest.mark.parametrize("seed", range(12))
def test_phone_that_answers_anything_at_all_leaves_the_applet_whole(seed: int) -> None:
    """Results of every value, items that were not offered, texts that are none, in the middle of every dialogue."""
    phone, chance = a_walk(seed, "standard")

    def odd(command: CommandApdu) -> bytes | None:
        if command.ins != 0x14 or chance.random() < 0.6:
            return None
        details, outcome = command.data[:9], b"\x83" + bytes((2, chance.randrange(0x40), chance.randrange(4)))
        tails = (b"", b"\x90\x01" + chance.randbytes(1), b"\x8d\x03\x04" + chance.randbytes(2), chance.randbytes(9))
        phone.card.toolkit.terminal_response(details + outcome + chance.choice(tails))
        return phone.card._ended()

    phone.card.override = odd
    walk(phone, chance, steps_of(phone, chance))
    phone.card.override = lambda command: None
    phone.handset.occupation, phone.handset.in_coverage, phone.network.failure_cause = None, True, None
    works_again(phone)


def test_walks_reach_every_request() -> None:
    """Else the walks above prove nothing."""
    reached: set[int] = set()
    for seed in range(40):
        phone, chance = a_walk(seed, "standard")
        walk(phone, chance, steps_of(phone, chance))
        reached |= {request.operation for request in phone.requests}
        if reached == set(Operation):
            return
    assert reached == set(Operation)


def works_again(phone: Phone) -> None:
    """Switched off and on, what is still due is shown and dismissed; then the menu opens."""
    before = len(phone.card.area.get("answers", []))
    phone.card.files = dict(StubCard().files)
    phone.restart()
    for _ in range(before + 1):
        phone.handset.press("end")
    assert isinstance(phone.shown(), Idle)
    phone.card.toolkit.status_polled()
    assert isinstance(phone.open(), Menu)
