"""Every fault of the script against our link: each message is accounted for, receipts find theirs."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest

from smsc_gateway.links.outcome import Certainty
from smsc_gateway.smpp import operations as op
from smsc_gateway.smsc.faults import Faults, FaultScript, FaultScriptError, Kind
from telecom_codecs.sms.concat import split_text
from tests.tasks import in_task

from ..sender import Sender, accepted, all_texts, certainties
from ..virtual import PHONE, World, a_text

MESSAGES = 60
SCRIPTS = {
    Kind.BIND_REFUSED: "count = 3",
    Kind.THROTTLE: "probability = 0.3",
    Kind.QUEUE_FULL: "probability = 0.3",
    Kind.SYSTEM_ERROR: "probability = 0.3",
    Kind.NACK: "probability = 0.3\ncount = 3",
    Kind.SILENCE: "probability = 0.2",
    Kind.LATE_ANSWER: "probability = 0.3\nseconds = 12",
    Kind.SEGMENT_REFUSED: "probability = 1",
    Kind.ID: "style = 'decimal'",
    Kind.EARLY_RECEIPT: "probability = 0.5",
    Kind.LATE_RECEIPT: "probability = 0.5\nseconds = 40",
    Kind.LOST_RECEIPT: "probability = 0.3",
    Kind.DOUBLED_RECEIPT: "probability = 0.5",
    Kind.REORDERED_RECEIPT: "probability = 0.5",
    Kind.CONTRADICTORY_RECEIPT: "probability = 0.5",
    Kind.PLAIN_RECEIPT: "probability = 0.5",
    Kind.REPEATED_MO: "probability = 1",
    Kind.POR_DROPPED: "probability = 1",
    Kind.POR_CUT: "probability = 1\noctets = 5",
    Kind.GHOST: "probability = 1",
    Kind.DISCONNECT: "probability = 0.1",
    Kind.HALF_OPEN: "probability = 0.05\ncount = 3",
    Kind.DRIBBLE: "probability = 0.2\nseconds = 3",
    Kind.MALFORMED: "probability = 0.3",
}


def a_script(kind: Kind, more: str = "") -> str:
    return f'seed = 7\n[[fault]]\nkind = "{kind.value}"\n{more or SCRIPTS[kind]}\n'


async def played(world: World, count: int = MESSAGES) -> Sender:
    """Send so many messages to a few numbers; what became of each, and its receipts awaited."""
    sender = Sender(world, [world.esme()])
    for number in range(count):
        sender.add(a_text(f"message {number}", PHONE if number % 3 else "8613800000009"))
    await sender.done()
    await world.pass_by(120.0)
    await sender.stop()
    return sender


#: faults after which a submission may be in doubt: nobody can know whether it was taken
DOUBTFUL = {Kind.SILENCE, Kind.LATE_ANSWER, Kind.DISCONNECT, Kind.HALF_OPEN, Kind.DRIBBLE, Kind.MALFORMED}


@pytest.mark.parametrize("kind", list(Kind), ids=lambda kind: kind.value)
@in_task
async def test_every_message_is_accounted_for(kind: Kind) -> None:
    """Each is accepted, refused or in doubt; none twice on the phone; each accepted one has its receipt."""
    world = World(a_script(kind), enquire_link=5.0)
    sender = await played(world)
    assert len(sender.outcomes) == MESSAGES
    outcomes = set(certainties(sender))
    assert outcomes <= {Certainty.ACCEPTED, Certainty.UNKNOWN}, outcomes
    assert kind in DOUBTFUL or outcomes == {Certainty.ACCEPTED}
    texts = [tpdu.user_data.decode() for tpdu in world.phone.inbox]
    assert len(texts) == len(set(texts)), "a copy without a resend"
    here = {text for text in accepted(sender) if int(text.split()[1]) % 3}
    assert here <= set(texts)
    told = sender.book.told
    assert len(told) == len(set(told))
    if kind is Kind.LOST_RECEIPT:
        assert len(told) == MESSAGES - world.server.faults.counts[kind.value]
    else:
        assert accepted(sender) <= set(told)
    if kind not in NOT_STRUCK_HERE:
        assert world.server.faults.counts[kind.value] > 0


#: these need a phone's message, a PoR, segments or a cancellation: their own tests are below
NOT_STRUCK_HERE = {Kind.SEGMENT_REFUSED, Kind.REPEATED_MO, Kind.POR_DROPPED, Kind.POR_CUT, Kind.GHOST}


@pytest.mark.parametrize("style", ["decimal", "padded", "lower", "hex"])
@in_task
async def test_receipts_are_matched_in_every_spelling_of_the_id(style: str) -> None:
    """The answer says 000000A1, the receipt 161, a1 or 0…A1."""
    world = World(a_script(Kind.ID, f'style = "{style}"'))
    sender = await played(world)
    assert len(sender.book.told) == MESSAGES
    assert sender.book.unknown == 0


@in_task
async def test_doubled_and_contradictory_receipts_are_counted() -> None:
    """The first final one is told, the others are numbers."""
    world = World(a_script(Kind.DOUBLED_RECEIPT, "count = 10") + '[[fault]]\nkind="contradictory_receipt"\ncount=5\n')
    sender = await played(world)
    assert sender.book.counts == {"doubled": 10, "contradictory": 5}


@in_task
async def test_second_segment_refused_is_told_for_the_segment() -> None:
    """Segment 1 accepted, segment 2 refused for good: the sender knows which."""
    world = World(a_script(Kind.SEGMENT_REFUSED, "status = 0x0B"))
    sender = Sender(world, [world.esme()])
    segments = split_text("余额" * 50, reference=9)
    whole = a_text("", esm_class=0x40, data_coding=8)
    sender.add(*(replace(whole, short_message=segment.user_data) for segment in segments))
    await sender.done()
    first, second = [sender.outcomes[text].certainty for text in all_texts(sender)]
    assert (first, second) == (Certainty.ACCEPTED, Certainty.REFUSED_FINAL)
    await sender.stop()


@in_task
async def test_phone_message_repeated_reaches_the_owner_twice() -> None:
    """At least once: telling copies apart is the owner's, by source and text."""
    world = World(a_script(Kind.REPEATED_MO, "count = 1"))
    link = world.link()
    await world.reactor.run_until(lambda: link.is_bound)
    world.phone.send("10086", "balance")
    await world.reactor.run_until(lambda: len(world.received) == 2)
    assert world.received[0].short_message == world.received[1].short_message
    await world.stop(link)


@pytest.mark.parametrize(("kind", "left"), [(Kind.POR_DROPPED, []), (Kind.POR_CUT, [5])])
@in_task
async def test_proof_of_receipt_is_dropped_or_cut(kind: Kind, left: list[int]) -> None:
    """As many centres do with a DELIVER-REPORT's user data."""
    world = World(a_script(kind))
    link = world.link()
    await world.reactor.run_until(lambda: link.is_bound)
    por = op.DeliverSm(source_addr=PHONE.encode(), esm_class=0x40, short_message=bytes.fromhex("027100") + bytes(12))
    world.server.centre.outgoing["ykt"].put(por)
    world.server._soon()
    end = world.reactor.seconds() + 5
    world.reactor.callLater(5, lambda: None)
    await world.reactor.run_until(lambda: world.reactor.seconds() >= end)
    assert [len(pdu.short_message) for pdu in world.received] == left
    await world.stop(link)


@in_task
async def test_copy_is_delivered_after_cancel() -> None:
    """cancel_sm said OK, the phone gets it all the same."""
    world = World(a_script(Kind.GHOST))
    link = world.link()
    await world.reactor.run_until(lambda: link.is_bound)
    future = link.submit(a_text("later", schedule_delivery_time=b"000000010000000R"))
    await world.reactor.run_until(future.done)
    account = world.server.centre.accounts["ykt"]
    cancel = op.CancelSm(message_id=(future.result().message_id or "").encode(), source_addr=b"10086")
    assert world.server.centre.cancel(account, cancel, world.server._clock()) == 0
    await world.reactor.run_until(lambda: len(world.phone.inbox) == 1)
    await world.stop(link)


def test_same_seed_gives_the_same_faults() -> None:
    """A run can be played again; another seed is another run."""

    def struck(seed: int) -> list[bool]:
        faults = Faults(FaultScript.parse(f'seed = {seed}\n[[fault]]\nkind = "throttle"\nprobability = 0.5\n'))
        return [faults.strikes(Kind.THROTTLE, float(now)) is not None for now in range(50)]

    assert struck(1) == struck(1) != struck(2)


def test_count_window_account_and_destination_bound_a_fault() -> None:
    """It strikes twice, from second 10 to 20, for one account and one prefix."""
    table = 'kind = "throttle"\ncount = 2\nafter = 10\nuntil = 20\naccount = "ykt"\ndestination = "86138"'
    faults = Faults(FaultScript.parse(f"[[fault]]\n{table}\n"))
    here = {"account": "ykt", "destination": "8613800000001"}
    assert not faults.strikes(Kind.THROTTLE, 9.0, **here)
    assert not faults.strikes(Kind.THROTTLE, 20.0, **here)
    assert not faults.strikes(Kind.THROTTLE, 11.0, account="other", destination="8613800000001")
    assert not faults.strikes(Kind.THROTTLE, 11.0, account="ykt", destination="8613900000001")
    assert [bool(faults.strikes(Kind.THROTTLE, 11.0, **here)) for _ in range(3)] == [True, True, False]


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("fault = 1", "nothing else"),
        ("seeds = 1", "nothing else"),
        ("seed = 'x'", "whole number"),
        ("[[fault]]\nkind = 'slow'", "kind is one of"),
        ("[[fault]]\nkind = 'nack'\nchance = 1", "'chance' is unknown"),
        ("[[fault]]\nkind = 'nack'\ncount = -1", "does not fit"),
        ("[[fault]]\nkind = 'nack'\nprobability = 2", "probability is 0 to 1"),
        ("[[fault]]\nkind = 'id'\nstyle = 'roman'", "style one of"),
        ("[[fault", "array declaration"),
    ],
)
def test_script_that_cannot_be_used_says_why(text: str, what: str) -> None:
    """The table and the remedy are named."""
    with pytest.raises(FaultScriptError, match=what):
        FaultScript.parse(text)


@pytest.mark.parametrize("seed", [1, 2, 3])
@in_task
async def test_everything_at_once(seed: int) -> None:
    """A bad day: every fault of the line and of the answers together; nothing is lost, nothing is told twice."""
    kinds = [kind for kind in Kind if kind not in (Kind.LOST_RECEIPT, Kind.ID)]
    chance = Random(seed)
    tables = [
        f'[[fault]]\nkind = "{kind.value}"\nprobability = {chance.uniform(0.02, 0.1):.3f}\nuntil = 100\n'
        for kind in kinds
    ]
    world = World(f"seed = {seed}\n" + "".join(tables), enquire_link=5.0)
    sender = await played(world)
    assert accepted(sender)
    told = sender.book.told
    assert accepted(sender) <= set(told)
    assert len(told) == len(set(told))
    texts = [tpdu.user_data.decode() for tpdu in world.phone.inbox]
    assert len(texts) == len(set(texts))
