"""What the menu applet sends is what the platform reads: every dialogue of the card, decoded by the other side."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from stk_applet_sim.handset.me import Handset
from stk_applet_sim.handset.screen import Confirm, Input
from telecom_codecs.card.identities import Msisdn
from telecom_codecs.onecard.answers import AnswerKind, MenuAnswer
from telecom_codecs.onecard.password import ServicePassword
from telecom_codecs.onecard.requests import CardRequest, Operation, Switch
from tests.stk_applet_sim.applet.phone import Phone, a_phone
from tests.stk_applet_sim.network import deliver_in_clear


def send(phone: Phone, *lines: int, typed: tuple[str, ...] = ("907788",)) -> CardRequest:
    """Go through a dialogue to its end; what the platform makes of the request."""
    phone.open(*lines)
    answers = list(typed)
    for _ in range(8):
        screen = phone.shown()
        if isinstance(screen, Confirm):
            phone.handset.press("ok")
        elif isinstance(screen, Input):
            phone.handset.enter(answers.pop(0) if answers else "")
    (octets,) = phone.card.sealed
    return CardRequest.decode(octets)


@pytest.mark.parametrize(
    ("lines", "typed", "operation", "holds"),
    [
        ((1, 1), (), Operation.BALANCE, lambda request: request.enterprise_id == 1001),
        ((2, 1, 1), (), Operation.RECORDS, lambda request: request.page == 1),
        ((3, 1, 5), (), Operation.ATTENDANCE, lambda request: request.page == 5),
        ((4, 3), (), Operation.APPLICATIONS, lambda request: request.enterprise_id == 0),
        ((4, 2, 3), ("907788",), Operation.DELETE, lambda request: request.password.octets() == b"907788"),
        ((6, 1), ("907788",), Operation.FREEZE, lambda request: request.password is not None),
        (
            (6, 2),
            ("13800138000", "907788"),
            Operation.FREEZE_OTHER,
            lambda request: request.msisdn == Msisdn("8613800138000"),
        ),
        (
            (7, 1),
            ("907788", "246813", "246813"),
            Operation.PASSWORD,
            lambda request: request.new_password.octets() == b"246813",
        ),
        ((5, 3), (), Operation.SUBSCRIBE, lambda request: request.switch == (3, 1)),
        ((5, 5), ("202609",), Operation.BILL_AGAIN, lambda request: request.period == (2026, 9)),
        (
            (8, 4, 2),
            ("食堂2号机重复扣款",),
            Operation.FAULT,
            lambda request: (request.switch, request.text) == ((2, 1), "食堂2号机重复扣款"),
        ),
        ((8, 4, 4), ("长" * 35,), Operation.FAULT, lambda request: len(request.text) == 35),
        ((8, 4, 1), ("",), Operation.FAULT, lambda request: request.text is None),
        ((8, 5), (), Operation.PROGRESS, lambda request: request.number == 1),
    ],
)
def test_platform_reads_what_the_card_sends(
    lines: tuple[int, ...], typed: tuple[str, ...], operation: Operation, holds: Callable[[CardRequest], bool]
) -> None:
    """Strict on both ends: an octet out of place on either side and this fails."""
    phone = a_phone()
    request = send(phone, *lines, typed=typed)
    assert request.operation is operation
    assert request.iccid == phone.card.iccid
    assert holds(request)


def test_answer_never_seen_is_reported_in_words_the_platform_knows() -> None:
    """Operation 7E with the serial."""
    phone = a_phone()
    phone.open(1, 1)
    phone.answer("余额")
    for now in (61.0, 92.0, 153.0, 184.0, 245.0):
        phone.handset.tick(now)
    request = CardRequest.decode(phone.card.sealed[-1])
    assert request.operation is Operation.NOT_SHOWN
    assert request.serial == 87
    assert isinstance(phone.handset, Handset)


@pytest.mark.parametrize(
    ("kind", "key", "said"),
    [
        (AnswerKind.QUESTION, "ok", (Switch(0, 1), None)),
        (AnswerKind.QUESTION, "no", (Switch(0, 0), None)),
        (AnswerKind.PASSWORD_QUESTION, "ok", (Switch(0, 1), ServicePassword(b"907788"))),
        (AnswerKind.PASSWORD_QUESTION, "end", (Switch(0, 0), None)),
    ],
)
def test_the_member_s_word_on_a_question_is_read_by_the_platform(
    kind: AnswerKind, key: str, said: tuple[Switch, ServicePassword | None]
) -> None:
    """Operation 50: yes, no, and yes with the password; its serial is the question's."""
    phone = a_phone()
    deliver_in_clear(phone.handset, MenuAnswer(kind, 0, 0x0102030405FF, "华信科技请您确认充值领取200.00元"))
    phone.handset.press(key)
    if isinstance(phone.shown(), Input):
        phone.handset.enter("907788")
    request = CardRequest.decode(phone.card.sealed[-1])
    assert (request.operation, request.serial) == (Operation.REPLY, 0x0102030405FF)
    assert (request.switch, request.password) == said
