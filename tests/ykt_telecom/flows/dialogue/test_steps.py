"""Dialogues from the request to the one final notice: what a member, a thief and a broken card get."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from random import Random
from typing import Any

import pytest
from sqlalchemy import Connection, insert, update

from telecom_codecs.card.identities import Iccid
from telecom_codecs.onecard.language import Language
from telecom_codecs.onecard.password import ServicePassword
from telecom_codecs.onecard.requests import CardRequest, Operation
from tests.ykt_telecom.flows.dialogue.desk import RIGHT, WRONG, Desk, a_desk, a_request, an_outcome
from tests.ykt_telecom.ledger.money.world import CUIHU, HUAXIN, NOON, a_world, iccid_of, msisdn_of
from ykt_telecom.flows.dialogue.machine import State
from ykt_telecom.flows.dialogue.neighbours import Verdict
from ykt_telecom.flows.dialogue.password_steps import lock
from ykt_telecom.flows.dialogue.tables import dialogue
from ykt_telecom.ledger.money.steps import CardTransaction, Kind, open_purse, post_transactions
from ykt_telecom.ota.outcome import JobKind
from ykt_telecom.ota.states import JobState
from ykt_telecom.ota.tables import job
from ykt_telecom.registry.cards.tables import card, card_application

pytestmark = pytest.mark.usefixtures("worlds")

REFUSED_TEXT = "验证未通过，连续3次错误将锁定"
WAIT_TEXT = "上一请求处理中，请稍候"


def take(desk: Desk, kind: Kind, amount: int, counter: int) -> None:
    what = CardTransaction(iccid_of(1), HUAXIN, kind, amount, counter, "CZ01", NOON)
    desk.world.run(lambda connection, context: post_transactions(connection, context, [what], origin="test"))


def load(desk: Desk, amount: int) -> None:
    take(desk, Kind.LOAD, amount, 1)


def delete(desk: Desk, **changes: Any) -> None:
    """A deletion with the right password, up to the verdict."""
    desk.ask(Operation.DELETE, **{"password": RIGHT, **changes})
    desk.judge()


def test_a_second_request_to_delete_waits_for_the_first() -> None:
    """Two presses in a row: one password judged, one CLOSE; the second one is told E106 and deletes nothing."""
    desk = a_desk()
    desk.ask(Operation.DELETE, password=RIGHT)
    desk.ask(Operation.DELETE, password=RIGHT)
    desk.judge()
    assert desk.evaluated == 1
    assert desk.kinds.count(JobKind.CLOSE) == 1
    assert desk.screen == WAIT_TEXT


# --- balance ---------------------------------------------------------------------------------------------------


def test_a_balance_is_answered_on_the_screen() -> None:
    """余额查询: request number and serial go back, and the card's word ends it."""
    desk = a_desk()
    load(desk, 11_630)
    desk.world.run(
        lambda connection, context: open_purse(
            connection, iccid=iccid_of(1), enterprise_id=HUAXIN, now=context.now, valid_until=date(2026, 12, 31)
        )
    )
    desk.ask(Operation.BALANCE)
    answer = desk.orders[-1]
    assert desk.screen == "华信科技余额116.30元\n有效期至2026-12-31\n截至10-12 12:03"
    assert answer.payload == {"kind": 1, "request": 0x101, "serial": "000000000001", "text": desk.screen}
    assert desk.state == State.ANSWERING
    desk.end(JobKind.ANSWER)
    assert desk.state == State.DONE
    assert desk.texts == []


@pytest.mark.parametrize(("language", "text"), [(Language.ZH, "您不是该单位成员"), (Language.EN, "Not a member there")])
def test_a_stranger_s_application_has_no_balance(language: Language, text: str) -> None:
    """A card asks about an enterprise it does not belong to."""
    desk = a_desk()
    desk.ask(Operation.BALANCE, enterprise_id=CUIHU, language=language)
    assert desk.screen == text


def test_a_lost_card_is_told_so() -> None:
    """E103, whatever it asks; nothing is evaluated."""
    desk = a_desk()
    desk.world.run(lambda connection, _: connection.execute(update(card).values(state="LOST")))
    desk.ask(Operation.BALANCE)
    assert desk.screen == "本卡已挂失，不能办理"
    delete(desk)
    assert desk.screen == "本卡已挂失，不能办理"
    assert desk.evaluated == 0


def test_an_operation_of_a_later_menu_gets_its_notice_too() -> None:
    """INV-22: accepted is answered, even when all we can say is not now."""
    desk = a_desk()
    desk.ask(Operation.RECORDS, page=1)
    assert desk.screen == "系统忙，请稍后再试(U02)"


# --- deletion --------------------------------------------------------------------------------------------------


def test_a_deletion_with_the_right_password_closes_then_deletes_then_answers() -> None:
    """The whole way, and the member reads it on the screen."""
    desk = a_desk()
    delete(desk)
    assert (desk.state, desk.kinds) == (State.CLOSING, ["CLOSE"])
    desk.end(JobKind.CLOSE, balance=0)
    assert (desk.state, desk.kinds) == (State.DELETING, ["CLOSE", "DELETE"])
    desk.end(JobKind.DELETE)
    assert (desk.state, desk.screen) == (State.ANSWERING, "“华信科技”应用已删除")
    desk.end(JobKind.ANSWER)
    assert desk.state == State.DONE
    assert desk.texts == []
    assert [action for action, _ in desk.audit] == [
        "dialogue.ask",
        "password.right",
        "dialogue.right",
        "dialogue.empty",
        "dialogue.deleted",
        "dialogue.queued",
    ]


@pytest.mark.parametrize(("card_balance", "booked"), [(11_630, 0), (0, 11_630), (11_630, 11_630)])
def test_money_on_either_side_reopens_and_is_named(card_balance: int, booked: int) -> None:
    """E105 with the amount; the application is usable again."""
    desk = a_desk()
    if booked:
        load(desk, booked)
    delete(desk)
    desk.end(JobKind.CLOSE, balance=card_balance)
    assert desk.state == State.REOPENING
    desk.end(JobKind.REOPEN, balance=card_balance)
    assert desk.screen == "该应用有余额116.30元，请先处理余额"
    desk.end(JobKind.ANSWER, answer_status=2)
    assert desk.texts == [
        (
            msisdn_of(1),
            "【移动一卡通】华信科技应用尚有余额116.30元，请先办理余额处理再删除。编号00000001。",
            "TRANSACTION",
        )
    ]


@pytest.mark.parametrize(("uploaded", "state"), [(0, State.REOPENING), (1, State.REOPENING), (2, State.DELETING)])
def test_a_missing_upload_keeps_the_application(uploaded: int, state: State) -> None:
    """Rule 10: the card has counted two taps; what was not uploaded would be lost with it."""
    desk = a_desk()
    for counter in range(1, uploaded + 1):
        take(desk, Kind.LOAD if counter == 1 else Kind.PURCHASE, 500, counter)
    if uploaded == 1:  # the missing one is what emptied the card
        desk.world.run(lambda connection, _: connection.exec_driver_sql("update purse set balance_fen = 0"))
    delete(desk)
    desk.end(JobKind.CLOSE, balance=0, offline=2)
    assert desk.state == state


@pytest.mark.parametrize(
    ("state", "changes", "text"),
    [
        (JobState.FAILED, {"status": 0, "status_word": 0x6985}, "系统忙，请稍后再试(6985)"),
        (JobState.FAILED, {"status": 9}, "系统忙，请稍后再试(P09)"),
        (JobState.FAILED, {"status": None}, "系统忙，请稍后再试(J0)"),
        (JobState.EXPIRED, {}, "未收到结果，请查短信或稍后查询进度"),
    ],
)
@pytest.mark.parametrize("stage", [JobKind.CLOSE, JobKind.DELETE])
def test_a_job_that_ends_badly_reopens_and_tells(
    stage: JobKind, state: JobState, changes: dict[str, Any], text: str
) -> None:
    """The member is never left with a closed application and no word."""
    desk = a_desk()
    delete(desk)
    if stage is JobKind.DELETE:
        desk.end(JobKind.CLOSE)
    desk.end(stage, state, **changes)
    assert desk.state == State.REOPENING
    desk.end(JobKind.REOPEN, state)
    assert (desk.state, desk.screen) == (State.ANSWERING, text)


def test_a_reopen_that_cannot_even_be_ordered_still_answers() -> None:
    """The application is gone by other means; the notice is not."""
    desk = a_desk()
    delete(desk)
    desk.world.run(lambda connection, _: connection.execute(update(card_application).values(state="DELETED")))
    desk.end(JobKind.CLOSE, balance=1)
    assert (desk.state, desk.screen) == (State.ANSWERING, "系统忙，请稍后再试(A0)")


def test_a_card_that_ended_meanwhile_is_answered_by_sms() -> None:
    """Replaced between the request and the answer."""
    desk = a_desk()
    desk.ask(Operation.DELETE, password=WRONG)
    desk.world.run(lambda connection, _: connection.execute(update(card).values(state="REPLACED")))
    desk.judge()
    assert (desk.state, desk.orders) == (State.TEXTED, [])
    assert [REFUSED_TEXT in text for _, text, _ in desk.texts] == [True]


def test_a_second_deletion_while_one_runs_is_told_to_wait() -> None:
    """E106, and its try does not count."""
    desk = a_desk()
    delete(desk)
    delete(desk)
    assert desk.screen == WAIT_TEXT
    assert desk.evaluated == 1
    assert desk.kinds == ["CLOSE", "ANSWER"]


def test_a_deletion_that_nobody_ever_answered_can_be_asked_for_again() -> None:
    """The phone was off for a week: CLOSE and REOPEN expired. The next request starts over."""
    desk = a_desk()
    delete(desk)
    desk.end(JobKind.CLOSE, JobState.EXPIRED)
    desk.end(JobKind.REOPEN, JobState.EXPIRED)
    desk.end(JobKind.ANSWER)
    delete(desk)
    assert desk.kinds == ["CLOSE", "REOPEN", "ANSWER", "CLOSE"]
    desk.end(JobKind.CLOSE)
    desk.end(JobKind.DELETE)
    assert desk.screen == "“华信科技”应用已删除"


def test_a_deletion_waits_for_an_order_that_is_still_on_its_way() -> None:
    """Somebody else closes the application: nobody may begin to delete it in between."""
    desk = a_desk()
    order = {
        "id": 987_654,
        "kind": JobKind.CLOSE,
        "iccid": iccid_of(1),
        "enterprise_id": HUAXIN,
        "application_id": 10_000 + HUAXIN,
        "payload": "{}",
        "origin": "operator",
        "priority": 50,
        "reference": 1,
        "state": JobState.INDETERMINATE,
        "purpose": "SCRIPT",
        "attempts": 1,
        "resyncs": 0,
        "due_at": NOON,
        "deadline": NOON,
        "created_at": NOON,
        "updated_at": NOON,
    }

    def step(connection: Connection, _context: object) -> None:
        connection.execute(insert(job).values(order))
        connection.execute(update(card_application).values(state="PENDING_DELETE"))

    desk.world.run(step)
    delete(desk)
    assert (desk.screen, desk.kinds) == (WAIT_TEXT, ["ANSWER"])


# --- the password ----------------------------------------------------------------------------------------------


def test_wrong_locked_unknown_and_stranger_read_the_same() -> None:
    """One refusal text, after the same wait: nothing tells them apart."""
    desk = a_desk()
    shown = []
    for _ in range(4):
        delete(desk, password=WRONG)
        shown.append(desk.screen)
    delete(desk)  # right, but locked
    shown.append(desk.screen)
    delete(desk, enterprise_id=CUIHU)
    shown.append(desk.screen)
    delete(desk, iccid=iccid_of(2))  # a member who has no password yet
    shown.append(desk.screen)
    assert set(shown) == {REFUSED_TEXT}
    assert desk.evaluated == 3
    assert {row.state for row in desk.rows()} == {State.ANSWERING}
    assert "CLOSE" not in desk.kinds


def test_the_lock_is_told_once_to_the_registered_number() -> None:
    """A security SMS, not a different answer."""
    desk = a_desk()
    for _ in range(5):
        delete(desk, password=WRONG)
    assert [(msisdn, message_class) for msisdn, _, message_class in desk.texts] == [(msisdn_of(1), "SECURITY")]
    assert desk.texts[0][1].startswith("【移动一卡通】尾号0001的一卡通服务密码因连续3次错误已于10月12日12:03锁定")


def test_a_right_password_clears_the_wrong_ones() -> None:
    """Two slips and a right one are not two thirds of a lock."""
    desk = a_desk()
    for _ in range(3):
        delete(desk, password=WRONG)
        delete(desk, password=WRONG)
        delete(desk)
        desk.end(JobKind.CLOSE, balance=1)
        desk.end(JobKind.REOPEN)
    assert desk.evaluated == 9
    assert desk.texts == []


def test_a_password_is_in_no_row_after_its_verdict() -> None:
    """T14: ciphered while it is judged, gone with the verdict, never in the clear."""
    desk = a_desk()
    desk.ask(Operation.DELETE, password=RIGHT)
    row = desk.rows()[-1]
    assert row.covered is not None
    assert RIGHT.octets() not in row.covered
    assert "194837" not in str(row)
    desk.judge()
    assert desk.rows()[-1].covered is None
    assert "194837" not in str([desk.rows(), desk.audit, desk.orders, desk.texts])


def test_a_verdict_that_comes_twice_changes_nothing() -> None:
    """Two judgements of one request after a restart."""
    desk = a_desk()
    desk.ask(Operation.DELETE, password=RIGHT)
    twice = desk.rows()[-1].id
    desk.judge()
    desk.decide(Verdict(twice, True))
    desk.decide(Verdict(twice, False))
    desk.decide(Verdict(4711, True))
    assert desk.kinds == ["CLOSE"]


def test_a_restart_takes_up_what_was_being_judged() -> None:
    """Killed between the count and the verdict: judged again, counted once."""
    desk = a_desk()
    desk.ask(Operation.DELETE, password=RIGHT)
    desk.restart()
    desk.judge()
    assert desk.state == State.CLOSING
    desk.restart()
    assert desk.waiting == []


def test_a_lock_ordered_while_the_service_was_down_holds() -> None:
    """Somebody has the phone and the password: what was being judged at the stop is not judged any more."""
    desk = a_desk()
    desk.ask(Operation.DELETE, password=RIGHT)
    desk.world.run(lambda connection, context: lock(connection, iccid=iccid_of(1), now=context.now))
    desk.restart()
    desk.judge()
    assert (desk.screen, desk.kinds, desk.evaluated) == (REFUSED_TEXT, ["ANSWER"], 0)


def test_a_candidate_that_cannot_be_read_again_counts_as_wrong() -> None:
    """Another pepper after the restart: refused, and no try is won."""
    desk = a_desk()
    for _ in range(3):
        desk.ask(Operation.DELETE, password=RIGHT)
        desk.world.run(lambda connection, _: connection.execute(update(dialogue).values(covered=bytes(1))))
        desk.restart()
        desk.judge()
        assert desk.screen == REFUSED_TEXT
    delete(desk)
    assert desk.evaluated == 0


@pytest.mark.embedded("the same few statements thousands of times")
def test_a_thousand_candidates_have_three_evaluated() -> None:
    """T07: holding the right one, in random order, in batches, with restarts between count and verdict."""
    chance = Random(7)
    desk = a_desk()
    candidates = [f"{number:06d}".encode() for number in range(194_000, 195_000)]
    chance.shuffle(candidates)
    place = candidates.index(RIGHT.octets())
    candidates[place], candidates[5] = candidates[5], candidates[place]  # not among the first three
    judged: set[bytes] = set()
    for start in range(0, len(candidates), 100):
        for digits in candidates[start : start + 100]:
            desk.ask(Operation.DELETE, password=ServicePassword(digits))
        if chance.random() < 0.5 or start == 0:
            desk.restart()
        judged |= {order.candidate.octets() for order in desk.waiting if order.candidate is not None}
        desk.judge()
    assert len(judged) == desk.evaluated == 3
    assert RIGHT.octets() not in judged
    assert desk.kinds == ["ANSWER"] * len(candidates)
    assert {order.payload["text"] for order in desk.orders} == {REFUSED_TEXT, WAIT_TEXT}


# --- the one final notice --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "answer_status", "doubtful"),
    [
        (JobState.APPLIED, 2, False),
        (JobState.FAILED, None, False),
        (JobState.CANCELLED, None, False),
        (JobState.EXPIRED, None, True),
    ],
)
def test_an_answer_that_does_not_reach_the_screen_goes_by_sms(
    state: JobState, answer_status: int | None, doubtful: bool
) -> None:
    """Same words, same serial; flagged when the card may have it after all."""
    desk = a_desk()
    desk.ask(Operation.BALANCE)
    desk.end(JobKind.ANSWER, state, answer_status=answer_status)
    assert desk.texts == [
        (msisdn_of(1), "【移动一卡通】华信科技 余额0.00元，截至10-12 12:03。编号00000001。", "TRANSACTION")
    ]
    row = desk.rows()[-1]
    assert (row.state, row.notice, row.possible_duplicate) == (State.TEXTED, "SMS", doubtful)


def test_three_times_screen_busy_sends_the_sms_once() -> None:
    """Operation 7E with the serial; asked again, it is not sent again."""
    desk = a_desk()
    desk.ask(Operation.BALANCE)
    desk.end(JobKind.ANSWER)
    for _ in range(3):
        desk.ask(Operation.NOT_SHOWN, serial=1)
    assert len(desk.texts) == 1
    assert "编号00000001" in desk.texts[0][1]
    assert [row.state for row in desk.rows()] == [State.TEXTED, State.DONE, State.DONE, State.DONE]


@pytest.mark.parametrize("serial", [2, 4711, 0])
def test_a_serial_of_somebody_else_sends_nothing(serial: int) -> None:
    """Serials are counted through; only one's own can be asked for."""
    desk = a_desk()
    desk.ask(Operation.BALANCE)
    desk.ask(Operation.BALANCE, iccid=iccid_of(2))
    desk.ask(Operation.NOT_SHOWN, serial=serial)
    assert desk.texts == []
    assert desk.state == State.REFUSED


def test_the_same_request_again_gets_the_stored_answer() -> None:
    """The SMSC delivers twice: same words, nothing judged or counted again, no second dialogue."""
    desk = a_desk()
    request = desk.ask(Operation.DELETE, password=WRONG)
    desk.take(request)
    assert len(desk.waiting) == 1
    desk.judge()
    first = desk.end(JobKind.ANSWER)
    desk.world.now += timedelta(seconds=5)
    desk.take(request)
    again = desk.orders[-1]
    assert again.payload == first.payload
    assert again.job_id != first.job_id
    desk.tell(an_outcome(again, answer_status=2))
    assert desk.evaluated == len(desk.rows()) == 1
    assert desk.texts == []


@pytest.mark.embedded("the same few statements thousands of times")
def test_a_request_replayed_for_hours_does_not_keep_the_card_busy() -> None:
    """A recorded packet sent every second: an answer every five seconds for ten minutes, then none."""
    desk = a_desk()
    request = desk.ask(Operation.BALANCE)
    desk.end(JobKind.ANSWER)
    for _ in range(3600):
        desk.world.now += timedelta(seconds=1)
        desk.take(request)
    assert len(desk.orders) == 1 + 119
    assert len(desk.rows()) == 1


def test_an_old_packet_whose_dialogue_is_forgotten_is_not_acted_on() -> None:
    """A repetition that nobody remembers: no order, no dialogue, no text."""
    desk = a_desk()
    request = CardRequest(Operation.BALANCE, 7, Iccid(iccid_of(1)), HUAXIN, Language.ZH).encode()
    desk.take(replace(a_request(request, counter=7), is_repeat=True))
    assert (desk.orders, desk.rows(), desk.texts) == ([], [], [])


def test_an_outcome_of_another_job_changes_nothing() -> None:
    """Late, foreign and doubled reports."""
    desk = a_desk()
    delete(desk)
    right = an_outcome(desk.orders[-1])
    for wrong in (
        replace(right, job_id=987_654),
        replace(right, origin="console"),
        replace(right, origin_id=None),
        replace(right, origin_id=99),
        replace(right, kind=JobKind.REOPEN),
    ):
        desk.tell(wrong)
        assert desk.state == State.CLOSING
    desk.tell(right)
    desk.tell(right)
    assert desk.kinds == ["CLOSE", "DELETE"]


# --- who is not answered ---------------------------------------------------------------------------------------


def test_a_request_for_another_card_is_refused() -> None:
    """A good signature of one card does not open another one."""
    desk = a_desk()
    desk.ask(Operation.DELETE, password=RIGHT, iccid=iccid_of(2), signer=iccid_of(1))
    assert (desk.state, desk.waiting, desk.orders, desk.texts) == (State.REFUSED, [], [], [])


@pytest.mark.parametrize("octets", [b"", b"\1", b"\1" * 66, bytes(66), b"\xff" * 200])
def test_a_malformed_request_is_stored_and_refused(octets: bytes) -> None:
    """It is acknowledged, so that the SMSC does not offer it for ever, and changes nothing."""
    desk = a_desk()
    desk.take(a_request(octets))
    row = desk.rows()[-1]
    assert row.state == State.REFUSED
    assert row.reason.startswith("malformed")
    assert (desk.orders, desk.texts, desk.waiting) == ([], [], [])


def test_a_card_without_a_subscriber_is_refused() -> None:
    """There is nobody to answer."""
    desk = Desk(a_world())
    desk.ask(Operation.BALANCE)
    assert desk.state == State.REFUSED


def test_answers_go_to_the_registered_number_whatever_the_packet_came_from() -> None:
    """T06: the source address is free text."""
    desk = a_desk()
    desk.ask(Operation.BALANCE)  # the request came from the number of member 9
    desk.end(JobKind.ANSWER, JobState.FAILED, answer_status=None)
    assert {msisdn for msisdn, _, _ in desk.texts} == {msisdn_of(1)}
