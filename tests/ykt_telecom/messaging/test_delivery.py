"""What goes out and what comes in: saved before sending, saved before acknowledging, each thing once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import select

from smsc_gateway.links.outcome import Certainty, SubmitResult
from smsc_gateway.smpp.receipt import Receipt, parse_text
from smsc_gateway.smpp.status import UNCLEAR_TRIES
from telecom_codecs.sms.concat import split_packet, split_text
from telecom_codecs.sms.udh import IEI_RESPONSE_PACKET
from tests.ykt_telecom.lab import (
    ACCESS_CODE,
    LOST,
    MSISDN,
    NOT_SENT,
    REFUSED,
    THROTTLED,
    Crash,
    Lab,
    a_request,
    refused,
)
from ykt_telecom.messaging.facts import TextMo
from ykt_telecom.messaging.inbox import OPEN_SETS_PER_SOURCE, Delivered
from ykt_telecom.messaging.outgoing import Answer
from ykt_telecom.messaging.tables import inbox, outbox
from ykt_telecom.messaging.texts import Text, enqueue_texts
from ykt_telecom.ota.outcome import JobKind
from ykt_telecom.ota.replay import ReplayWindow
from ykt_telecom.storage.database import Location


@pytest.fixture
def lab(place: Location) -> Iterator[Lab]:
    made = Lab(place)
    yield made
    made.close()


def a_text(lab: Lab, text: str = "【红岩】本月消费合计12.30元", origin_id: int = 7, msisdn: str = MSISDN) -> int:
    """Save a text to send; how many segments it takes."""
    told = Text(msisdn, text, "STATEMENT", "statement", origin_id)
    return lab.step(lambda conn, context: enqueue_texts(conn, context, [told]))[0].segments


def rows(lab: Lab) -> list[tuple[str, bool]]:
    return [(row.state, row.possible_duplicate) for row in lab.read(select(outbox).order_by(outbox.c.id))]


def a_receipt(identity: str, state: str = "DELIVRD") -> Receipt:
    found = parse_text(f"id:{identity} sub:001 dlvrd:001 stat:{state} err:000 text:".encode())
    assert found is not None
    return found


def test_a_long_text_is_one_message_of_several_segments(lab: Lab) -> None:
    """134 characters of Chinese take two segments of 67, each with its receipt asked for."""
    assert a_text(lab, "账" * 134) == 2
    lab.send()
    assert [len(segment.user_data) for segment in lab.smsc.submitted] == [140, 140]
    assert all(segment.receipt for segment in lab.smsc.submitted)
    assert rows(lab) == [("ACCEPTED", False)] * 2


def test_a_refused_text_is_not_overtaken_by_the_next_to_that_number(lab: Lab) -> None:
    """Throttled: what was written later to the same number waits behind it, what goes to others does not."""
    a_text(lab, "one")
    lab.smsc.answers = [THROTTLED]
    lab.send()
    a_text(lab, "two")
    a_text(lab, "other", msisdn="8613800000009")
    lab.send()
    lab.clock.advance(2)
    lab.send()
    assert [segment.msisdn[-1] for segment in lab.smsc.submitted] == ["1", "9", "1", "1"]


def test_the_segments_of_a_text_leave_together(lab: Lab) -> None:
    """Two long texts to one number: their segments are never mixed, and their references differ."""
    a_text(lab, "账" * 134)
    a_text(lab, "单" * 134)
    lab.send()
    references = [segment.user_data[3] for segment in lab.smsc.submitted]
    assert references[0] == references[1] != references[2] == references[3]


def test_the_references_of_a_number_follow_one_another(lab: Lab) -> None:
    """No two of 256 long texts to one number carry the same reference, whoever writes them and when."""
    for _ in range(4):
        texts = [Text(MSISDN, "账" * 100, "STATEMENT", "statement") for _ in range(64)]
        lab.step(lambda conn, context, texts=texts: enqueue_texts(conn, context, texts))  # type: ignore[misc]
    kept = [row.reference for row in lab.read(select(outbox.c.reference).where(outbox.c.segment == 1))]
    assert len(set(kept)) == 256


def test_a_text_that_never_left_stays_queued_however_often_the_link_drops(lab: Lab) -> None:
    """What was not sent is no try: after fifty dropped links the text still goes, and is no doubt."""
    a_text(lab)
    lab.smsc.answers = [NOT_SENT] * 50
    for _ in range(51):
        lab.send()
        lab.clock.advance(1)
    assert rows(lab) == [("ACCEPTED", False)]


def test_a_text_in_doubt_twice_ends_unknown_and_somebody_is_told(lab: Lab) -> None:
    """At most two copies: then it is not silently given up, but told as UNKNOWN."""
    a_text(lab)
    lab.smsc.answers = [LOST] * 3
    for _ in range(4):
        lab.send()
        lab.clock.advance(2)
    assert rows(lab) == [("UNKNOWN", True)]
    assert len(lab.smsc.submitted) == 2
    assert lab.texts[-1].state == "UNKNOWN"


def test_a_late_answer_ends_the_doubt(lab: Lab) -> None:
    """The answer comes after the time-out: it is adopted, and the second copy never leaves."""
    a_text(lab)
    lab.smsc.answers = [LOST]
    [(owner, segment)] = lab.claim()
    lab.note([(owner, Answer(segment.row, 1, LOST))])
    accepted = SubmitResult(0, "00000001", Certainty.ACCEPTED)
    lab.note([(owner, Answer(segment.row, 1, accepted))])
    lab.clock.advance(5)
    assert lab.claim() == []
    assert rows(lab) == [("ACCEPTED", True)]


def test_a_text_without_an_answer_is_sent_again_and_flagged(lab: Lab) -> None:
    """Never missing; the possible double is visible."""
    a_text(lab)
    lab.smsc.answers = [LOST]
    lab.send()
    lab.clock.advance(2)
    lab.send()
    assert rows(lab) == [("ACCEPTED", True)]


def test_a_text_that_was_throttled_for_long_is_sent_again_when_in_doubt(lab: Lab) -> None:
    """Refusals are no doubts: the first lost answer after six of them still gets its second copy, flagged."""
    a_text(lab)
    lab.smsc.answers = [*[THROTTLED] * 6, LOST]
    for _ in range(8):
        lab.send()
        lab.clock.advance(61)
    assert rows(lab) == [("ACCEPTED", True)]


def test_a_refusal_nobody_understands_is_tried_three_times_more_and_then_final(lab: Lab) -> None:
    """A vendor's status may mean anything: four tries with growing waits, then it is final. Throttling never is."""
    a_text(lab)
    lab.smsc.answers = [refused(0x0410)] * 9
    for _ in range(9):
        lab.send()
        lab.clock.advance(61)
    assert rows(lab) == [("REFUSED", False)]
    assert len(lab.smsc.submitted) == UNCLEAR_TRIES


def test_messages_that_wait_for_a_refusal_to_pass_stand_in_nobodys_way(lab: Lab) -> None:
    """Long bills to full mailboxes are tried again for days; what comes behind them goes out meanwhile."""
    for number in range(3):
        a_text(lab, "账" * 200, msisdn=f"861380000001{number}")
    lab.smsc.answers = [THROTTLED] * 9
    lab.send()
    a_text(lab)
    assert [segment.msisdn for _, segment in lab.claim(2)] == [MSISDN]


def test_a_text_handed_over_when_the_program_died_is_sent_again_and_flagged(lab: Lab) -> None:
    """The claim was durable, the answer was not: after the restart the text goes once more."""
    a_text(lab)
    lab.crash_before = lab.steps + 2
    with pytest.raises(Crash):
        lab.send()
    lab.restart()
    lab.clock.advance(2)
    lab.send()
    assert rows(lab) == [("ACCEPTED", True)]
    assert len(lab.smsc.submitted) == 2


def test_the_rest_of_a_text_refused_for_good_is_withdrawn(lab: Lab) -> None:
    """Half a bill is no bill."""
    a_text(lab, "账" * 134)
    lab.smsc.answers = [REFUSED, THROTTLED]
    lab.send()
    lab.clock.advance(2)
    lab.send()
    assert rows(lab) == [("REFUSED", False), ("WITHDRAWN", False)]


@pytest.mark.parametrize("spelling", ["00000001", "1", "'00000001'"])
def test_a_receipt_finds_its_segment_in_any_spelling(lab: Lab, spelling: str) -> None:
    """Centres add and drop zeros and quotes; the number it went to must agree."""
    a_text(lab)
    lab.send()
    assert lab.receive(a_receipt(spelling), "8613900000000") == "receipt.parked"
    assert lab.receive(a_receipt(spelling)) == "receipt.matched"
    assert [(fact.state, fact.origin, fact.origin_id) for fact in lab.receipts] == [("DELIVRD", "statement", 7)]


def test_a_receipt_before_the_answer_waits_for_it(lab: Lab) -> None:
    """Some centres deliver the receipt first; it is parked and applied with the answer."""
    a_text(lab)
    assert lab.receive(a_receipt("00000001")) == "receipt.parked"
    lab.send()
    assert [fact.state for fact in lab.receipts] == ["DELIVRD"]


def test_a_late_intermediate_receipt_does_not_undo_a_final_one(lab: Lab) -> None:
    """ENROUTE after DELIVRD says nothing; the same receipt twice is told once."""
    a_text(lab)
    lab.send()
    for state in ("DELIVRD", "ENROUTE", "DELIVRD"):
        lab.receive(a_receipt("1", state))
    assert [fact.state for fact in lab.receipts] == ["DELIVRD"]


@pytest.mark.parametrize(("first", "later"), [("DELIVRD", "EXPIRED"), ("UNDELIV", "DELIVRD")])
def test_the_first_final_receipt_stands(lab: Lab, first: str, later: str) -> None:
    """A centre that contradicts itself, or another message's look-alike id: what was told once is not untold."""
    a_text(lab)
    lab.send()
    for state in ("ENROUTE", first, later):
        lab.receive(a_receipt("1", state))
    assert [fact.state for fact in lab.receipts] == ["ENROUTE", first]
    assert [row.receipt for row in lab.read(select(outbox.c.receipt))] == [first]


def test_a_request_of_the_card_is_taken_once(lab: Lab) -> None:
    """The SMSC delivers twice, with another id: one request, one marked as its repetition; the octets are not kept."""
    request = a_request(5, b"\x01\x01" + bytes(64))
    assert [lab.deliver(request), lab.deliver(request)] == ["mo.taken", "mo.duplicate"]
    assert [(taken.counter, taken.is_repeat) for taken in lab.requests] == [(5, False), (5, True)]
    assert lab.requests[0].request_octets[:2] == b"\x01\x01"
    assert [row.user_data for row in lab.read(select(inbox.c.user_data))] == [None, None]


def test_requests_out_of_order_are_taken_within_the_window(lab: Lab) -> None:
    """64 counters back are remembered; older ones are refused, because nobody can tell."""
    words = [lab.deliver(a_request(counter)) for counter in (70, 69, 7, 6, 69)]
    assert words == ["mo.taken", "mo.taken", "mo.taken", "mo.duplicate", "mo.duplicate"]


def test_a_request_under_another_cards_key_is_refused(lab: Lab) -> None:
    """The number says one card, the key another: nothing happens."""
    foreign = a_request(5, iccid="89860099999999999999")
    assert lab.deliver(foreign) == "mo.forged"
    assert lab.deliver(a_request(5), source="8613911111111") == "mo.foreign"
    assert lab.requests == []


def test_a_request_that_changed_on_its_way_is_refused(lab: Lab) -> None:
    """One flipped bit anywhere in the packet: refused, the window untouched."""
    request = a_request(5)
    for at in range(3, len(request), 7):
        spoilt = request[:at] + bytes((request[at] ^ 1,)) + request[at + 1 :]
        assert lab.deliver(spoilt) != "mo.taken"
    assert lab.deliver(request) == "mo.taken"


def test_a_request_whose_business_fails_is_not_acknowledged_and_comes_again(lab: Lab) -> None:
    """The hook raises: everything is rolled back, the counter too, so the SMSC's next try is new."""
    request = a_request(5)
    lab.means.requests = lambda *_: (_ for _ in ()).throw(RuntimeError("broken"))
    with pytest.raises(RuntimeError):
        lab.deliver(request)
    lab.means.requests = lambda _conn, _context, requests: lab.requests.extend(requests)
    assert lab.deliver(request) == "mo.taken"


def test_a_por_in_several_segments_survives_a_crash_between_them(lab: Lab) -> None:
    """Segments are rows: in any order, with a restart in between, with one of them twice."""
    lab.issue()
    lab.order(JobKind.QUERY, "query")
    lab.sweep()
    [answer] = lab.send()
    packet = answer[3:]
    first, second = _in_two(packet)
    assert lab.deliver(second) == "segment"
    lab.restart()
    assert lab.deliver(second) == "segment"
    assert lab.deliver(first) == "por.counted"
    assert lab.states()["query"] == "APPLIED"


def _in_two(packet: bytes) -> tuple[bytes, bytes]:
    """A short packet cut in two as a long one would be."""
    whole = split_packet(packet + bytes(140 - len(packet)), iei=IEI_RESPONSE_PACKET, reference=9)
    assert len(whole) == 2
    head = whole[0][:8]
    return head + packet[:20], whole[1][:6] + packet[20:]


def test_a_flood_of_first_segments_is_bounded(lab: Lab) -> None:
    """A source may open eight messages at a time; the ninth is refused, a legal one goes through later."""
    for reference in range(OPEN_SETS_PER_SOURCE + 5):
        lab.deliver(bytes((5, 0, 3, reference, 255, 1)) + b"x")
    kept = lab.read(select(inbox.c.id).where(inbox.c.state == "PART"))
    assert len(kept) == OPEN_SETS_PER_SOURCE
    lab.clock.advance(601)
    assert lab.deliver(bytes((5, 0, 3, 200, 255, 1)) + b"x") == "segment"


@pytest.mark.parametrize("octets", ["", "ff", "05000300", "027100", "02710000", "0270000001", "027000ffff"])
def test_octets_that_do_not_read_are_stored_as_refused(lab: Lab, octets: str) -> None:
    """Short, cut or hostile: acknowledged, kept as a refused row, nothing changes."""
    before = lab.states()
    lab.deliver(bytes.fromhex(octets))
    assert lab.states() == before
    assert len(lab.read(select(inbox.c.id))) == 1


def test_a_text_of_a_member_is_told_once(lab: Lab) -> None:
    """The text goes to its hook; the same text again within ten minutes is the SMSC's repetition."""
    texts: list[TextMo] = []
    lab.receivers.texts = lambda _conn, _context, facts: texts.extend(facts)
    [segment] = split_text("余额", reference=1)
    message = Delivered(MSISDN, ACCESS_CODE, 0, segment.dcs, segment.udhi, segment.user_data)
    words = [*lab.take([message]), *lab.take([message])]
    assert words == ["text.taken", "text.duplicate"]
    assert [one.text for one in texts] == ["余额"]


def test_the_replay_window_admits_each_counter_once() -> None:
    """Any order within 64, never twice, nothing older."""
    window = ReplayWindow()
    for counter in (1, 100, 99, 37, 101):
        after = window.admit(counter)
        assert after is not None
        window = after
    assert [window.admit(counter) for counter in (1, 37, 99, 100, 101)] == [None] * 5
    assert window.admit(38) is not None
    assert ReplayWindow.from_row(window.highest, window.to_hex()) == window
