"""Two sessions talk in memory: the whole state table, windows, deadlines, hostile octets, good-byes."""

from __future__ import annotations

from itertools import product

import pytest

from smsc_gateway.smpp import operations as op
from smsc_gateway.smpp.codec import HEADER, RESPONSE
from smsc_gateway.smpp.errors import NotAllowed, WindowFull
from smsc_gateway.smpp.events import (
    Answered,
    BindRefused,
    BindRequested,
    Bound,
    Close,
    Misbehaved,
    OutbindReceived,
    PeerUnbinds,
    Requested,
    Stray,
    Unanswered,
)
from smsc_gateway.smpp.session import Limits, Session
from smsc_gateway.smpp.states import ALLOWED, BOUND, REFUSED, TRANSITIONS, Role, State, Step, may_send
from smsc_gateway.smpp.status import CommandStatus

from .pair import BINDS, Pair, a_bound_pair, a_pair

SUBMIT = op.SubmitSm(source_addr=b"1069", destination_addr=b"8613800000001", short_message=b"hello")
DELIVER = op.DeliverSm(source_addr=b"8613800000001", destination_addr=b"1069", short_message=b"hi")
MODES = {"transceiver": State.BOUND_TRX, "transmitter": State.BOUND_TX, "receiver": State.BOUND_RX}


def header(octets: bytes) -> tuple[int, int, int]:
    """command_id, status, sequence."""
    return HEADER.unpack_from(octets)[1:]


def test_every_pair_of_state_and_step_is_listed_once() -> None:
    """The table is total: every pair is a transition or a refusal, never both."""
    for pair in product(State, Step):
        assert (pair in TRANSITIONS) != (pair in REFUSED), pair


def test_every_request_of_the_standard_is_in_the_table() -> None:
    """Whoever adds an operation must say who may send it when."""
    assert set(ALLOWED) == {command_id for command_id in op.CLASSES if not command_id & RESPONSE}


@pytest.mark.parametrize("mode", MODES)
def test_bind_brings_both_ends_to_the_same_state(mode: str) -> None:
    """The three binds of the standard."""
    pair = a_bound_pair(mode)
    assert pair.esme.state is pair.smsc.state is MODES[mode]


@pytest.mark.parametrize(("role", "mode", "command_id"), list(product(Role, [*MODES, "none"], sorted(ALLOWED))))
def test_only_allowed_requests_leave_and_others_are_answered_with_a_status(
    role: Role, mode: str, command_id: int
) -> None:
    """Table 2-1 from both sides: we do not send what is forbidden; a peer that does gets a status, not a hang-up."""
    pair = a_pair() if mode == "none" else a_bound_pair(mode)
    sender, receiver = (pair.esme, pair.smsc) if role is Role.ESME else (pair.smsc, pair.esme)
    pdu = op.CLASSES[command_id](sequence=77)
    if may_send(role, sender.state, command_id):
        if command_id not in (op.Unbind.command_id, op.EnquireLink.command_id):
            sender.request(pdu, pair.now)
        return
    with pytest.raises(NotAllowed):
        sender.request(pdu, pair.now)
    before = receiver.state
    (event,) = receiver.receive(op.encode(pdu), pair.now)
    assert isinstance(event, Misbehaved)
    expected = op.response_class(command_id) or op.GenericNack
    answer = header(receiver.take())
    assert (answer[0], answer[2]) == (expected.command_id, 77)
    assert answer[1] in (CommandStatus.RINVBNDSTS, CommandStatus.RALYBND)
    assert receiver.state is before


def test_second_bind_is_already_bound_and_the_session_stays() -> None:
    """RALYBND, not a closed line."""
    pair = a_bound_pair()
    pair.smsc.receive(op.encode(op.BindReceiver(system_id=b"ykt"), 9), pair.now)
    assert header(pair.smsc.take()) == (op.BindReceiverResp.command_id, CommandStatus.RALYBND, 9)
    assert pair.smsc.is_bound


def test_refused_bind_may_be_tried_again() -> None:
    """A wrong password costs an answer, not the line."""
    pair = a_pair()
    pair.esme.request(op.BindTransceiver(system_id=b"ykt", password=b"wrong"), pair.now)
    pair.settle()
    (asked,) = pair.smsc_events
    assert isinstance(asked, BindRequested)
    pair.smsc.respond(op.BindTransceiverResp(sequence=asked.pdu.sequence, status=CommandStatus.RINVPASWD), pair.now)
    pair.settle()
    assert pair.esme_events == [BindRefused(CommandStatus.RINVPASWD)]
    assert pair.esme.state is pair.smsc.state is State.OPEN
    pair.esme.request(op.BindTransceiver(system_id=b"ykt"), pair.now)


@pytest.mark.parametrize("octets", ["", "6d00", "6d00 0210 0001 34", "6d00 1400 0003 010203"])
def test_bind_answer_in_any_shape_is_a_bind(octets: str) -> None:
    """Without system_id, with unknown TLVs, with or without sc_interface_version."""
    pair = a_pair()
    pair.esme.request(op.BindTransceiver(system_id=b"ykt"), pair.now)
    body = bytes.fromhex(octets)
    sent = HEADER.pack(16 + len(body), op.BindTransceiverResp.command_id, 0, 1) + body
    (event,) = pair.esme.receive(sent, pair.now)
    assert isinstance(event, Bound)
    assert pair.esme.peer_version == (0x34 if "0210" in octets else 0)


def test_submission_is_answered_to_its_token() -> None:
    """The token of the request comes back with the answer."""
    pair = a_bound_pair()
    pair.esme.request(SUBMIT, pair.now, token="job 1")
    pair.settle()
    (asked,) = pair.smsc_events
    assert isinstance(asked, Requested)
    pair.smsc.respond(op.SubmitSmResp(sequence=asked.pdu.sequence, message_id=b"7"), pair.now)
    pair.settle()
    assert pair.esme_events == [Answered("job 1", op.SubmitSmResp(sequence=2, message_id=b"7"))]
    assert pair.esme.in_flight == 0


def test_answers_in_reverse_order_find_their_requests() -> None:
    """Responses match by sequence only."""
    pair = a_bound_pair()
    for number in range(5):
        pair.esme.request(SUBMIT, pair.now, token=number)
    pair.settle()
    for event in reversed(pair.smsc_events):
        assert isinstance(event, Requested)
        pair.smsc.respond(op.SubmitSmResp(sequence=event.pdu.sequence), pair.now)
    pair.settle()
    assert [event.token for event in pair.esme_events if isinstance(event, Answered)] == [4, 3, 2, 1, 0]


def test_window_is_never_exceeded() -> None:
    """The fourth request waits for an answer to one of three."""
    pair = a_bound_pair(window=3)
    for _ in range(3):
        pair.esme.request(SUBMIT, pair.now)
    assert not pair.esme.has_room
    with pytest.raises(WindowFull):
        pair.esme.request(SUBMIT, pair.now)


def test_unanswered_request_times_out_and_its_late_answer_is_told_apart() -> None:
    """A late ROK still says that the message was accepted; a second copy of it is a stray."""
    pair = a_bound_pair(response_timeout=4.0, enquire_link=0)
    sequence = pair.esme.request(SUBMIT, pair.now, token="x")
    assert pair.esme.next_wakeup == pair.now + 4.0
    pair.tick(4.0)
    assert pair.esme_events == [Unanswered("x", "no answer in time")]
    late = op.encode(op.SubmitSmResp(message_id=b"9"), sequence)
    (event,) = pair.esme.receive(late, pair.now)
    assert isinstance(event, Answered)
    assert (event.late, event.token, event.response.message_id) == (True, "x", b"9")
    assert pair.esme.receive(late, pair.now) == [Stray(sequence)]


@pytest.mark.parametrize("sequence", [0, 999, 0xFFFFFFFF])
def test_response_to_nothing_is_counted_and_never_nacked(sequence: int) -> None:
    """Peers that nack strays and peers that invent answers must not talk each other to death."""
    pair = a_bound_pair()
    for pdu in (op.SubmitSmResp(), op.GenericNack(status=3)):
        assert pair.esme.receive(op.encode(pdu, sequence), pair.now) == [Stray(sequence)]
    assert pair.esme.take() == b""
    assert pair.esme.strays == 2


@pytest.mark.parametrize("status", [CommandStatus.RINVCMDLEN, CommandStatus.RINVCMDID, CommandStatus.RSYSERR])
def test_generic_nack_of_a_submission_ends_that_submission_only(status: int) -> None:
    """One nack must not wedge the link (Jasmin)."""
    pair = a_bound_pair()
    sequence = pair.esme.request(SUBMIT, pair.now, token="x")
    pair.esme.take()
    (event,) = pair.esme.receive(op.encode(op.GenericNack(status=status), sequence), pair.now)
    assert event == Answered("x", op.GenericNack(status=status, sequence=sequence))
    assert pair.esme.has_room
    pair.esme.request(SUBMIT, pair.now)


def test_unreadable_answer_counts_by_its_status() -> None:
    """A ROK with a broken body is an acceptance without an id."""
    pair = a_bound_pair()
    sequence = pair.esme.request(SUBMIT, pair.now, token="x")
    broken = HEADER.pack(19, op.SubmitSmResp.command_id, 0, sequence) + b"abc"
    assert pair.esme.receive(broken, pair.now) == [Answered("x", op.SubmitSmResp(sequence=sequence))]


def test_sequence_wraps_and_skips_numbers_in_flight() -> None:
    """At 0x7FFFFFFF the next is 1, unless 1 still waits for its answer."""
    esme = Session(Role.ESME, 0.0, Limits(), first_sequence=1)
    esme.request(op.BindTransceiver(), 0.0)
    esme.receive(op.encode(op.BindTransceiverResp(), 1), 0.0)
    assert esme.request(SUBMIT, 0.0) == 2
    esme._window._next = 0x7FFFFFFF
    assert [esme.request(SUBMIT, 0.0) for _ in range(3)] == [0x7FFFFFFF, 1, 3]


def test_enquire_link_is_answered_in_every_living_state() -> None:
    """Before bind, bound, throttled or unbinding."""
    ask = op.encode(op.EnquireLink(), 5)
    for pair in (a_pair(), a_bound_pair(), a_bound_pair("receiver")):
        assert pair.smsc.receive(ask, pair.now) == []
        assert header(pair.smsc.take()) == (op.EnquireLinkResp.command_id, 0, 5)
    unbinding = a_bound_pair()
    unbinding.esme.request(SUBMIT, unbinding.now)
    unbinding.esme.unbind(unbinding.now)
    unbinding.esme.take()
    unbinding.esme.receive(ask, unbinding.now)
    assert header(unbinding.esme.take()) == (op.EnquireLinkResp.command_id, 0, 5)


def test_silence_is_broken_by_enquire_link_and_two_misses_close() -> None:
    """Half-open TCP is noticed within interval + 2 timeouts."""
    pair = a_bound_pair(enquire_link=10.0, enquire_timeout=4.0)
    for _ in range(2):
        pair.now = pair.esme.next_wakeup or 0.0
        assert pair.esme.tick(pair.now) == []
        assert header(pair.esme.take())[0] == op.EnquireLink.command_id
    pair.now = pair.esme.next_wakeup or 0.0
    (event,) = pair.esme.tick(pair.now)
    assert isinstance(event, Close)
    assert pair.now == 100.0 + 10.0 + 4.0 + 4.0


def test_answered_enquire_link_keeps_the_line() -> None:
    """A quiet, living peer stays."""
    pair = a_bound_pair(enquire_link=10.0, enquire_timeout=4.0)
    for _ in range(50):
        pair.tick(5.0)
        pair.settle()
    assert pair.esme.is_bound
    assert pair.esme_events == pair.smsc_events == []


@pytest.mark.parametrize("length", [0, 15, 0x7FFFFFFF, 0x47455420])
def test_hostile_length_is_nacked_and_closed(length: int) -> None:
    """HTTP, TLS and 2**31-1: one nack, one line, closed."""
    pair = a_pair()
    (event,) = pair.smsc.receive(length.to_bytes(4, "big"), pair.now)
    assert isinstance(event, Close)
    assert header(pair.smsc.take()) == (op.GenericNack.command_id, CommandStatus.RINVCMDLEN, 0)
    assert pair.smsc.receive(op.encode(op.EnquireLink(), 1), pair.now) == []
    assert pair.smsc.take() == b""


def test_unknown_command_is_nacked_with_its_sequence_and_the_session_stays() -> None:
    """Vendors add operations."""
    pair = a_bound_pair()
    pair.smsc.receive(HEADER.pack(16, 0x00010200, 0, 0xFFFFFFFE), pair.now)
    assert header(pair.smsc.take()) == (op.GenericNack.command_id, CommandStatus.RINVCMDID, 0xFFFFFFFE)
    assert pair.smsc.is_bound


def test_unreadable_submission_is_refused_and_the_session_stays() -> None:
    """A truncated TLV is answered RINVTLVSTREAM in submit_sm_resp."""
    pair = a_bound_pair()
    octets = op.encode(SUBMIT, 8) + bytes.fromhex("0424 0009 00")
    pair.smsc.receive(len(octets).to_bytes(4, "big") + octets[4:], pair.now)
    assert header(pair.smsc.take()) == (op.SubmitSmResp.command_id, CommandStatus.RINVTLVSTREAM, 8)
    assert pair.smsc.is_bound


def test_dribbled_pdu_is_cut_off() -> None:
    """One octet per second does not hold a connection for ever."""
    pair = a_bound_pair(pdu_timeout=10.0, enquire_link=0)
    for octet in op.encode(SUBMIT, 2)[:10]:
        pair.smsc.receive(bytes((octet,)), pair.now)
        pair.now += 1.0
    (event,) = pair.smsc.tick(pair.now)
    assert isinstance(event, Close)


def test_line_without_a_bind_is_closed() -> None:
    """A connection that says nothing, or a bind nobody answers, ends by the init timer at both ends."""
    pair = a_pair(bind_timeout=10.0)
    pair.tick(10.0)
    assert isinstance(pair.esme_events[0], Close)
    assert isinstance(pair.smsc_events[0], Close)


def test_unbind_waits_for_answers_then_says_good_bye() -> None:
    """The platform stops without losing an answer."""
    pair = a_bound_pair()
    sequence = pair.esme.request(SUBMIT, pair.now, token="x")
    assert pair.esme.unbind(pair.now) == []
    with pytest.raises(NotAllowed):
        pair.esme.request(SUBMIT, pair.now)
    pair.settle()
    pair.smsc.respond(op.SubmitSmResp(sequence=sequence), pair.now)
    pair.settle()
    assert [type(event) for event in pair.esme_events] == [Answered, Close]
    assert [type(event) for event in pair.smsc_events] == [Requested, PeerUnbinds, Close]


def test_peer_that_unbinds_mid_flight_gets_its_answers_first() -> None:
    """A receipt being stored is answered before unbind_resp."""
    pair = a_bound_pair()
    pair.smsc.request(DELIVER, pair.now)
    pair.smsc.unbind(pair.now)  # waits for the answer
    pair.settle()
    (asked,) = pair.esme_events
    assert isinstance(asked, Requested)
    pair.esme.respond(op.DeliverSmResp(sequence=asked.pdu.sequence), pair.now)
    pair.settle()
    assert isinstance(pair.esme_events[-1], PeerUnbinds)
    assert isinstance(pair.smsc_events[-1], Close)  # it closes the line, as whoever unbinds does


def test_receipts_of_a_centre_that_leaves_are_taken_in_until_the_line_closes() -> None:
    """Many centres do not bring them again: 0 for each, before unbind_resp and after."""
    pair = a_bound_pair(drain_timeout=5.0)
    octets = [op.encode(DELIVER, number) for number in (71, 72)]
    pair.esme.request(SUBMIT, pair.now)  # keeps unbind_resp back
    pair.smsc.unbind(pair.now)
    pair.settle()
    pair.esme_events += pair.esme.receive(octets[0], pair.now)
    pair.smsc.respond(op.SubmitSmResp(sequence=1), pair.now)
    pair.settle()
    pair.esme_events += pair.esme.receive(octets[1], pair.now)
    asked = [event.pdu for event in pair.esme_events if isinstance(event, Requested)]
    assert [pdu.sequence for pdu in asked] == [71, 72]
    for pdu in asked:
        pair.esme.respond(op.DeliverSmResp(sequence=pdu.sequence), pair.now)
    assert not any(isinstance(event, Close) for event in pair.esme_events)
    pair.tick(5.0)
    assert pair.esme_events[-1] == Close("the peer unbound")  # it never closed


@pytest.mark.parametrize(
    "answer",
    [op.GenericNack(), op.EnquireLinkResp(), op.DeliverSmResp(), op.DataSmResp(message_id=b"A1"), op.UnbindResp()],
    ids=lambda answer: op.name_of(answer.command_id),
)
def test_only_submit_sm_resp_accepts_a_submission(answer: op.Pdu) -> None:
    """Anything else with its sequence is a fault of the SMSC, and the submission stays in doubt."""
    pair = a_bound_pair(response_timeout=10.0)
    sequence = pair.esme.request(SUBMIT, pair.now, token="x")
    (event,) = pair.esme.receive(op.encode(answer, sequence), pair.now)
    assert isinstance(event, Misbehaved)
    (event,) = pair.esme.tick(pair.now + 10.0)
    assert event == Unanswered("x", "no answer in time")
    (event,) = pair.esme.receive(op.encode(answer, sequence), pair.now + 10.0)
    assert isinstance(event, Misbehaved)
    (event,) = pair.esme.receive(op.encode(op.SubmitSmResp(message_id=b"A1"), sequence), pair.now + 11.0)
    assert isinstance(event, Answered)
    assert (event.token, event.late, event.response.message_id) == ("x", True, b"A1")


def test_nack_with_a_status_refuses_the_submission_it_names() -> None:
    """generic_nack is how some centres say no."""
    pair = a_bound_pair()
    sequence = pair.esme.request(SUBMIT, pair.now, token="x")
    (event,) = pair.esme.receive(op.encode(op.GenericNack(status=2), sequence), pair.now)
    assert isinstance(event, Answered)
    assert (event.token, event.response.status) == ("x", 2)


def test_unbind_from_both_sides_at_once_closes_both() -> None:
    """Crossing good-byes."""
    pair = a_bound_pair()
    pair.esme.unbind(pair.now)
    pair.smsc.unbind(pair.now)
    pair.settle()
    assert isinstance(pair.esme_events[-1], Close)
    assert isinstance(pair.smsc_events[-1], Close)


def test_unbind_nobody_answers_ends_by_the_drain_timer() -> None:
    """An SMSC that is gone does not hold up a shutdown."""
    pair = a_bound_pair(drain_timeout=5.0)
    pair.esme.request(SUBMIT, pair.now, token="x")
    pair.esme.unbind(pair.now)
    pair.now += 5.0
    (event,) = pair.esme.tick(pair.now)
    assert isinstance(event, Close)
    assert pair.esme.line_lost() == [Unanswered("x", "the line was lost")]


def test_lost_line_leaves_every_open_request_in_doubt() -> None:
    """Nothing in flight is forgotten."""
    pair = a_bound_pair()
    for number in range(3):
        pair.esme.request(SUBMIT, pair.now, token=number)
    assert [event.token for event in pair.esme.line_lost() if isinstance(event, Unanswered)] == [0, 1, 2]
    assert pair.esme.state is State.CLOSED
    assert pair.esme.line_lost() == []


def test_duplicate_sequence_of_a_peer_is_answered_twice() -> None:
    """Its numbering is its own business."""
    pair = a_bound_pair()
    events = pair.smsc.receive(op.encode(SUBMIT, 4) * 2, pair.now)
    assert [type(event) for event in events] == [Requested, Requested]


def test_outbind_is_told_to_the_owner() -> None:
    """The SMSC asks us to bind."""
    pair = a_pair()
    outbind = op.Outbind(system_id=b"smsc", password=b"x")
    assert pair.esme.receive(op.encode(outbind, 1), pair.now) == [
        OutbindReceived(op.Outbind(system_id=b"smsc", password=b"x", sequence=1))
    ]


def test_trace_sees_every_pdu_of_both_directions() -> None:
    """The PDU log misses nothing."""
    seen: list[tuple[bool, int]] = []
    smsc = Session(Role.SMSC, 0.0, trace=lambda inward, octets: seen.append((inward, header(octets)[0])))
    smsc.receive(op.encode(op.BindTransceiver(), 1) + op.encode(op.EnquireLink(), 2), 0.0)
    assert seen == [
        (True, op.BindTransceiver.command_id),
        (True, op.EnquireLink.command_id),
        (False, op.EnquireLinkResp.command_id),
    ]


def test_bound_states_are_the_three_of_the_modes() -> None:
    """No fourth way to be bound."""
    assert set(MODES.values()) == BOUND
    assert set(BINDS) == set(MODES)
    assert isinstance(a_pair(), Pair)
