"""Jobs end to end on real octets: order, packet, card, PoR, verdict — and everything that may go wrong between."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from smsc_gateway.smpp.receipt import parse_text
from telecom_codecs.crypto.secret_key import KeySet
from telecom_codecs.ota.secured_packet import PorStatus
from tests.ykt_telecom.lab import ACCEPTED, LOST, REFUSED, TERMINAL, THROTTLED, Crash, Lab, a_key, a_response
from ykt_telecom.messaging.outgoing import Answer
from ykt_telecom.ota.outcome import JobKind
from ykt_telecom.ota.states import JobState
from ykt_telecom.ota.tables import counter_mark
from ykt_telecom.registry.audit.tables import audit_row
from ykt_telecom.registry.cards.states import Refused
from ykt_telecom.registry.cards.tables import card, card_application
from ykt_telecom.registry.directory.tables import enterprise
from ykt_telecom.storage.database import Location


@pytest.fixture
def lab(place: Location) -> Iterator[Lab]:
    made = Lab(place)
    yield made
    made.close()


def application_states(lab: Lab) -> list[str]:
    return [row.state for row in lab.read(select(card_application.c.state))]


def test_an_application_is_issued_over_the_air(lab: Lab) -> None:
    """INSTALL and keys reach the card; the card's own PoR makes the application and the card ACTIVE."""
    lab.issue()
    assert lab.states() == {"issue": "APPLIED"}
    assert application_states(lab) == ["ACTIVE"]
    assert [row.state for row in lab.read(select(card.c.state))] == ["ACTIVE"]
    [purse] = lab.card.applications.values()
    assert sorted(purse.keys) == [1, 2, 3, 4, 5]
    assert [(outcome.state, outcome.status, outcome.status_word) for outcome in lab.outcomes] == [
        (JobState.APPLIED, 0, 0x9000)
    ]


def test_close_delete_and_the_cards_signed_answer(lab: Lab) -> None:
    """CLOSE brings the signed balance, DELETE removes the application; the card is ISSUED again."""
    lab.issue()
    lab.order(JobKind.CLOSE, "close")
    assert application_states(lab) == ["PENDING_DELETE"]
    lab.turn()
    answer = lab.outcomes[-1].answer
    assert answer is not None
    assert (answer.status, answer.balance_fen, answer.rsn) == (0, 0, 0)
    lab.order(JobKind.DELETE, "delete")
    lab.turn()
    assert lab.states() == {"issue": "APPLIED", "close": "APPLIED", "delete": "APPLIED"}
    assert application_states(lab) == ["DELETED"]
    assert lab.card.applications == {}
    assert [row.state for row in lab.read(select(card.c.state))] == ["ISSUED"]


def test_a_query_verifies_the_cards_word(lab: Lab) -> None:
    """The TAC of a QUERY covers our challenge; the balance stands in the application's row."""
    lab.issue()
    next(iter(lab.card.applications.values())).balance = 12345
    lab.order(JobKind.QUERY, "query")
    lab.turn()
    assert lab.outcomes[-1].answer is not None
    assert lab.outcomes[-1].answer.balance_fen == 12345
    [row] = lab.read(select(card_application.c.card_balance_fen))
    assert row.card_balance_fen == 12345


def test_a_delete_of_what_is_not_closed_is_refused_and_can_be_reopened(lab: Lab) -> None:
    """The card says 6985: the job has failed by authentic evidence, and REOPEN makes the application ACTIVE again."""
    lab.issue()
    next(iter(lab.card.applications.values())).balance = 5
    lab.order(JobKind.CLOSE, "close")
    lab.turn()
    lab.order(JobKind.DELETE, "delete")
    lab.turn()
    assert lab.states()["delete"] == "FAILED"
    assert lab.outcomes[-1].status_word == 0x6985
    lab.order(JobKind.REOPEN, "reopen")
    lab.turn()
    assert lab.states()["reopen"] == "APPLIED"
    assert application_states(lab) == ["ACTIVE"]


def test_an_answer_reaches_the_menu_applet(lab: Lab) -> None:
    """The MT answer carries request number, serial and text; the PoR says it was queued."""
    lab.order(JobKind.ANSWER, "answer", kind=1, request=7, serial="010203040506", text="余额12.30元")
    lab.turn()
    assert lab.states() == {"answer": "APPLIED"}
    assert lab.outcomes[-1].answer_status == 0
    assert lab.card.texts == [bytes.fromhex("01010000000701020304050608") + "余额12.30元".encode("utf-16-be")]


def test_orders_that_do_not_fit_are_refused(lab: Lab) -> None:
    """No second application of one enterprise, nothing to close where nothing is, no name that does not fit."""
    with pytest.raises(Refused, match="no application"):
        lab.order(JobKind.CLOSE, "close")
    with pytest.raises(Refused, match="characters"):
        lab.order(JobKind.ISSUE, "long", name="一二三四五六七八九")
    lab.issue()
    with pytest.raises(Refused, match="already"):
        lab.order(JobKind.ISSUE, "again", name="x")


@pytest.mark.parametrize(("cap", "rights"), [(1 << 32, 7), (100_000, 256), (100_000, -1)])
def test_an_order_that_cannot_be_written_fails_alone(lab: Lab, cap: int, rights: int) -> None:
    """A figure too large for its field must not stop the jobs of every other card, at this start and at the next."""
    lab.step(lambda conn, _: conn.execute(update(enterprise).values(load_cap_fen=cap)))
    lab.order(JobKind.ISSUE, "issue", name="红岩", rights=rights)
    lab.turn()
    assert lab.states() == {"issue": "FAILED"}
    lab.order(JobKind.ANSWER, "answer", kind=1, request=7, serial="010203040506", text="ok")
    lab.turn()
    assert lab.states()["answer"] == "APPLIED"


def test_one_lane_per_card(lab: Lab) -> None:
    """While one job waits for its PoR, the next one of the card is not built."""
    lab.issue()
    lab.order(JobKind.QUERY, "first")
    lab.order(JobKind.QUERY, "second")
    answers = lab.send()
    assert lab.states()["first"] == "SUBMITTED"
    assert lab.states()["second"] == "QUEUED"
    for answer in answers:
        lab.deliver(answer)
    lab.turn()
    assert lab.states()["second"] == "APPLIED"


def test_a_throttled_packet_goes_again_with_identical_octets(lab: Lab) -> None:
    """Explicit refusals are no attempt: same CNTR, same octets, however often; the job is never failed by them."""
    lab.issue()
    lab.order(JobKind.QUERY, "query")
    lab.smsc.answers = [THROTTLED] * 7
    for _ in range(8):
        lab.turn()
        lab.clock.advance(61)
    assert lab.states()["query"] == "APPLIED"
    assert len(lab.packets("query")) == 1
    packets = [packet for counter, packet in lab.wire()]
    assert len(packets) == 8
    assert len(set(packets)) == 1


def test_a_packet_refused_for_good_that_never_left_has_failed(lab: Lab) -> None:
    """Nothing was accepted: there is nothing to be in doubt about."""
    lab.issue()
    lab.order(JobKind.QUERY, "query")
    lab.smsc.answers = [REFUSED]
    lab.turn()
    assert lab.states()["query"] == "FAILED"
    assert lab.packets("query")[0].state == "REFUSED"


def test_no_answer_from_the_smsc_is_in_doubt_and_sent_again_under_a_new_counter(lab: Lab) -> None:
    """It may have been accepted: INDETERMINATE, then a new attempt with new CNTR; never the old octets again."""
    lab.issue()
    lab.order(JobKind.CLOSE, "close")
    lab.smsc.answers = [LOST]
    lab.sweep()
    lab.send(to_card=False)
    assert lab.states()["close"] == "INDETERMINATE"
    lab.clock.advance(6)
    lab.turn()
    assert lab.states()["close"] == "APPLIED"
    assert [row.counter for row in lab.packets("close")] == [2, 3]


def test_a_late_por_of_the_first_attempt_still_counts(lab: Lab) -> None:
    """The phone was off; both packets arrive; the first answer ends the job, the second changes nothing."""
    lab.issue()
    lab.order(JobKind.CLOSE, "close")
    lab.sweep()
    late = lab.send()
    lab.clock.advance(11)
    lab.sweep()
    assert lab.states()["close"] == "INDETERMINATE"
    lab.clock.advance(6)
    lab.sweep()
    lab.smsc.answers = [THROTTLED]
    assert lab.send() == []
    assert lab.states()["close"] == "RETRY_WAIT"
    assert [lab.deliver(answer) for answer in late] == ["por.counted"]
    assert lab.states()["close"] == "APPLIED"
    lab.clock.advance(60)
    assert lab.send() == [], "the second packet must not leave any more"


def test_a_replayed_por_counts_once(lab: Lab) -> None:
    """A recorded PoR a hundred times: one outcome, ninety-nine duplicates."""
    lab.issue()
    lab.order(JobKind.QUERY, "query")
    lab.sweep()
    [answer] = lab.send()
    words = [lab.deliver(answer) for _ in range(100)]
    assert words == ["por.counted"] + ["por.duplicate"] * 99
    assert len([one for one in lab.outcomes if one.job_id == lab.jobs["query"]]) == 1


def test_a_forged_por_changes_nothing(lab: Lab) -> None:
    """Right shape, right counter, wrong key: the job stays where it was and an audit row tells."""
    lab.issue()
    lab.order(JobKind.CLOSE, "close")
    lab.sweep()
    lab.send(to_card=False)
    forged = a_response(KeySet(a_key("x"), a_key("y")), 2, bytes.fromhex("594b01"))
    assert lab.deliver(forged) == "por.forged"
    assert lab.states()["close"] == "SUBMITTED"
    assert "por.forged" in [row.action for row in lab.read(select(audit_row.c.action))]


@pytest.mark.parametrize(
    ("counter", "tar"), [(99, "594b01"), (2, "594b02"), (1, "594b01")], ids=["counter", "tar", "old counter"]
)
def test_an_authentic_por_of_no_outstanding_packet_changes_nothing(lab: Lab, counter: int, tar: str) -> None:
    """TAR and CNTR must equal an outstanding packet of this card."""
    lab.issue()
    lab.order(JobKind.CLOSE, "close")
    lab.sweep()
    lab.send(to_card=False)
    assert lab.deliver(a_response(lab.card.keys, counter, bytes.fromhex(tar))) in ("por.unmatched", "por.duplicate")
    assert lab.states()["close"] == "SUBMITTED"


def test_a_por_from_another_number_is_nobodys(lab: Lab) -> None:
    """No card behind the number: nothing is tried, nothing changes."""
    lab.issue()
    lab.order(JobKind.CLOSE, "close")
    lab.sweep()
    [answer] = lab.send()
    assert lab.deliver(answer, source="8613911111111") == "por.foreign"
    assert lab.states()["close"] == "SUBMITTED"


def test_an_unsecured_error_por_decides_nothing(lab: Lab) -> None:
    """Anyone can write one: the job is in doubt, goes again at its time, and a true PoR still ends it."""
    lab.issue()
    lab.order(JobKind.CLOSE, "close")
    lab.sweep()
    late = lab.send()
    clear = bytes.fromhex("027100 000B 0A 594B01 0000000002 00 06")
    assert lab.deliver(clear) == "por.unsecured"
    assert lab.states()["close"] == "INDETERMINATE"
    lab.sweep()
    assert lab.states()["close"] == "INDETERMINATE", "a forger must not hurry us"
    assert [lab.deliver(answer) for answer in late] == ["por.counted"]
    assert lab.states()["close"] == "APPLIED"


def test_a_card_that_is_ahead_is_caught_up_with(lab: Lab) -> None:
    """Authentic 02: the mark is raised by 256, the job goes on."""
    lab.issue()
    lab.card.counter = 40
    lab.order(JobKind.QUERY, "query")
    lab.turn()
    lab.turn()
    assert lab.states()["query"] == "APPLIED"
    [mark] = lab.read(select(counter_mark.c.high_water))
    assert mark.high_water > 40


def test_a_forged_counter_hint_does_not_move_the_mark(lab: Lab) -> None:
    """Only an authentic 02 raises the counter."""
    lab.issue()
    lab.order(JobKind.QUERY, "query")
    lab.sweep()
    lab.send(to_card=False)
    keys = KeySet(a_key("x"), a_key("y"))
    lab.deliver(a_response(keys, 2, bytes.fromhex("594b01"), status=PorStatus.COUNTER_LOW))
    [mark] = lab.read(select(counter_mark.c.high_water))
    assert mark.high_water == 2


def test_an_issue_in_doubt_is_audited_before_anything_is_repeated(lab: Lab) -> None:
    """The PoR was lost: GET STATUS finds the application ACTIVE, nothing is installed twice."""
    lab.order(JobKind.ISSUE, "issue", name="红岩", rights=7)
    lab.sweep()
    lab.send()
    lab.clock.advance(11)
    lab.sweep()
    assert lab.states() == {"issue": "INDETERMINATE"}
    lab.clock.advance(6)
    lab.turn()
    assert lab.states() == {"issue": "APPLIED"}
    assert [row.purpose for row in lab.packets("issue")] == ["SCRIPT", "AUDIT"]
    assert application_states(lab) == ["ACTIVE"]


def test_an_issue_that_never_arrived_is_installed_after_the_audit(lab: Lab) -> None:
    """GET STATUS says 6A88 under a higher counter: the first packet can never run, so it is sent anew."""
    lab.order(JobKind.ISSUE, "issue", name="红岩", rights=7)
    lab.sweep()
    lab.send(to_card=False)
    lab.finish_everything()
    assert lab.states() == {"issue": "APPLIED"}
    assert [row.purpose for row in lab.packets("issue")] == ["SCRIPT", "AUDIT", "SCRIPT"]
    assert lab.packets("issue")[0].fenced == 1


def test_an_installed_application_without_keys_gets_them(lab: Lab) -> None:
    """The card lost power between INSTALL and STORE DATA: the audit sees it, only the keys are sent."""
    lab.order(JobKind.ISSUE, "issue", name="红岩", rights=7)
    lab.sweep()
    lab.send()
    for purse in lab.card.applications.values():
        purse.keys.clear()
    lab.finish_everything()
    assert [row.purpose for row in lab.packets("issue")] == ["SCRIPT", "AUDIT", "PERSON"]
    assert lab.states() == {"issue": "APPLIED"}


def test_a_repeated_delete_answered_6a88_is_done_only_if_one_was_sent_before(lab: Lab) -> None:
    """First attempt did it, its PoR was lost: done. Without an earlier attempt: failed, and the application is gone."""
    lab.issue()
    lab.order(JobKind.CLOSE, "close")
    lab.turn()
    lab.order(JobKind.DELETE, "delete")
    lab.sweep()
    lab.send()
    lab.finish_everything()
    assert lab.states()["delete"] == "APPLIED"
    assert lab.outcomes[-1].status_word == 0x6A88
    lab.order(JobKind.ISSUE, "issue2", name="红岩", rights=7)
    lab.turn()
    lab.card.applications.clear()
    lab.order(JobKind.DELETE, "delete2")
    lab.turn()
    assert lab.states()["delete2"] == "FAILED"
    assert application_states(lab) == ["DELETED", "DELETED"]


def test_a_card_that_never_answers_expires_once(lab: Lab) -> None:
    """Bounded attempts, then the deadline: one terminal state, the application is UNKNOWN until it is audited."""
    lab.order(JobKind.ISSUE, "issue", name="红岩", rights=7)
    for _ in range(5):
        lab.sweep()
        lab.send(to_card=False)
        lab.clock.advance(30)
    lab.clock.advance(timedelta(days=3).total_seconds())
    lab.sweep()
    assert lab.states() == {"issue": "EXPIRED"}
    assert application_states(lab) == ["UNKNOWN"]
    assert [outcome.state for outcome in lab.outcomes] == [JobState.EXPIRED]


def test_the_only_application_of_a_card_in_doubt_may_turn_out_not_to_be_there(lab: Lab) -> None:
    """The first issue expired while the phone was off; the card then proves that it has nothing: the slot is free."""
    lab.order(JobKind.ISSUE, "issue", name="红岩", rights=7)
    while lab.states()["issue"] != "EXPIRED":
        lab.sweep()
        lab.send(to_card=False)
        lab.clock.advance(7200)
    assert application_states(lab) == ["UNKNOWN"]
    lab.order(JobKind.DELETE, "delete")
    assert lab.turn() == ["por.counted"]
    assert lab.states()["delete"] == "FAILED"
    assert application_states(lab) == ["DELETED"]
    assert [row.state for row in lab.read(select(card.c.state))] == ["ISSUED"]
    lab.order(JobKind.ISSUE, "again", name="红岩", rights=7)
    lab.turn()
    assert lab.states()["again"] == "APPLIED"


def test_a_failed_receipt_leaves_the_job_in_doubt(lab: Lab) -> None:
    """UNDELIV proves nothing about the card; the PoR wins whenever it comes."""
    lab.issue()
    lab.order(JobKind.CLOSE, "close")
    lab.sweep()
    late = lab.send()
    number = lab.smsc.numbers
    receipt = parse_text(f"id:{number:08X} sub:001 dlvrd:000 stat:UNDELIV err:001 text:".encode())
    assert receipt is not None
    assert lab.receive(receipt) == "receipt.matched"
    assert lab.states()["close"] == "INDETERMINATE"
    assert [lab.deliver(answer) for answer in late] == ["por.counted"]
    assert lab.states()["close"] == "APPLIED"


def test_a_partly_refused_packet_is_in_doubt(lab: Lab) -> None:
    """First segment accepted, second refused for good: the rest is withdrawn and the job audited later."""
    lab.order(JobKind.ISSUE, "issue", name="红岩", rights=7)
    lab.smsc.answers = [ACCEPTED, REFUSED]
    lab.sweep()
    lab.send()
    assert lab.states() == {"issue": "INDETERMINATE"}
    lab.finish_everything()
    assert lab.states() == {"issue": "APPLIED"}


def test_a_packet_in_flight_when_its_job_ends_is_not_sent_again(lab: Lab) -> None:
    """Expired while the SMSC still considered it, then throttled: what was given up must not happen later."""
    lab.issue()
    lab.order(JobKind.QUERY, "query")
    lab.sweep()
    [(owner, segment)] = lab.claim()
    lab.clock.advance(2 * 86_400)
    lab.sweep()
    assert lab.states()["query"] == "EXPIRED"
    lab.note([(owner, Answer(segment.row, segment.segment, THROTTLED))])
    lab.clock.advance(60)
    before = len(lab.smsc.submitted)
    lab.send()
    assert len(lab.smsc.submitted) == before


def test_the_rest_of_an_attempt_that_was_given_up_is_not_sent(lab: Lab) -> None:
    """An unsecured PoR comes while the second segment is throttled: the next attempt is not followed by the old one."""
    lab.order(JobKind.ISSUE, "issue", name="红岩", rights=7)
    lab.sweep()
    lab.smsc.answers = [ACCEPTED, THROTTLED]
    lab.send()
    assert lab.deliver(bytes.fromhex("027100 000B 0A 000000 0000000001 00 06")) == "por.unsecured"
    lab.clock.advance(5)
    before = len(lab.smsc.submitted)
    lab.send()
    assert len(lab.smsc.submitted) == before
    lab.finish_everything()
    assert lab.states() == {"issue": "APPLIED"}


def test_the_refusal_of_an_old_attempt_does_not_fail_what_a_newer_one_did(lab: Lab) -> None:
    """The card had no room for the first packet and executed the second; both answers were on the way for long."""
    lab.issue()
    lab.order(JobKind.CLOSE, "close")
    lab.smsc.answers = [LOST]
    lab.sweep()
    lab.send(to_card=False)
    lab.clock.advance(6)
    lab.sweep()
    second = lab.send()
    first = lab.packets("close")[0]
    late = a_response(lab.card.keys, first.counter, first.tar.to_bytes(3, "big"), status=PorStatus.INSUFFICIENT_MEMORY)
    assert lab.deliver(late) == "por.counted"
    assert lab.states()["close"] == "SUBMITTED"
    assert [lab.deliver(answer) for answer in second] == ["por.counted"]
    assert lab.states()["close"] == "APPLIED"


def test_a_late_answer_is_not_the_cards_last_word(lab: Lab) -> None:
    """Two queries of one job are answered in the wrong order: the balance that stays is the later one."""
    lab.issue()
    purse = next(iter(lab.card.applications.values()))
    purse.balance = 100
    lab.order(JobKind.QUERY, "query")
    lab.sweep()
    late = lab.send()
    lab.clock.advance(11)
    lab.sweep()
    lab.clock.advance(6)
    purse.balance = 50
    assert lab.turn() == ["por.counted"]
    assert [lab.deliver(answer) for answer in late] == ["por.counted"]
    assert [row.card_balance_fen for row in lab.read(select(card_application.c.card_balance_fen))] == [50]


def test_an_application_under_another_name_on_the_card_ends_the_issue(lab: Lab) -> None:
    """6985 to INSTALL, 6A88 to the audit: the enterprise has another one there. Asking forty times changes nothing."""
    lab.card.refuses_installs = True
    lab.issue()
    lab.finish_everything()
    assert lab.states() == {"issue": "FAILED"}
    assert len(lab.packets("issue")) == 2
    assert application_states(lab) == ["FAILED"]


def test_whatever_step_the_program_dies_at_every_job_ends_once(tmp_path: Path) -> None:
    """Crash before each transaction of issue, close and delete; after the restart all ends well, counters only rise."""
    for point in range(2, 60):
        lab = Lab(tmp_path / f"{point}.db")
        lab.crash_before = point
        crashed = _life(lab)
        if not crashed:
            lab.close()
            assert point > 15
            return
        assert set(lab.states().values()) <= TERMINAL, point
        _check_wire(lab)
        lab.close()
    pytest.fail("the scenario never ran through")


def _life(lab: Lab) -> bool:
    crashed = False
    for kind, name in ((JobKind.ISSUE, "issue"), (JobKind.CLOSE, "close"), (JobKind.DELETE, "delete")):
        for _ in range(3):
            try:
                if name not in lab.states():
                    lab.order(kind, name, name="红岩", rights=7)
                lab.finish_everything()
                break
            except Crash:
                crashed = True
                lab.restart()
        assert lab.states()[name] == "APPLIED"
    assert [outcome.job_id for outcome in lab.outcomes] == [lab.jobs[name] for name in ("issue", "close", "delete")]
    assert application_states(lab) == ["DELETED"]
    return crashed


def _check_wire(lab: Lab) -> None:
    """I6: per card and key set the CNTR never falls, and a repeated one carries identical octets."""
    seen: dict[int, bytes] = {}
    highest = 0
    for counter, packet in lab.wire():
        assert counter >= highest
        assert seen.setdefault(counter, packet) == packet
        highest = counter
