"""The platform's link against the simulator over a real loopback port."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from random import Random

import pytest

from smsc_gateway.links.backoff import Backoff
from smsc_gateway.links.outcome import NO_ANSWER, Certainty, result_of
from smsc_gateway.smpp import operations as op
from smsc_gateway.smpp.receipt import canonical_ids, find_receipt
from smsc_gateway.smpp.session import Limits
from smsc_gateway.smpp.status import BindFailure, CommandStatus
from tests.tasks import in_task

from ..loopback import PHONE, a_submit, lab


@pytest.mark.parametrize("before", [False, True], ids=["receipts after", "receipts before the answer"])
@in_task
async def test_hundred_messages_and_their_hundred_receipts(before: bool) -> None:
    """Every submission is accepted and its receipt found by the id, early ones included."""
    async with lab(deliver_before_resp=before, config_window=10) as made:
        await made.link.bound.wait()
        results = await asyncio.gather(*(made.link.submit(a_submit()) for _ in range(100)))
        assert {result.certainty for result in results} == {Certainty.ACCEPTED}
        await made.until(lambda: len(made.received) == 100)
        receipts = [find_receipt(pdu) for pdu in made.received]
        keys = {key for receipt in receipts if receipt for key in canonical_ids(receipt.message_id)}
        assert all(set(canonical_ids(result.message_id or "")) & keys for result in results)
        assert len(made.phone.inbox) == 100


@in_task
async def test_window_bounds_what_is_in_flight() -> None:
    """Never more unanswered than configured, and the order of submission is kept."""
    async with lab(config_window=3) as made:
        await made.link.bound.wait()
        futures = [made.link.submit(a_submit(short_message=b"%d" % number)) for number in range(20)]
        assert (made.link.in_flight, made.link.waiting) == (3, 17)
        await asyncio.gather(*futures)
        await made.until(lambda: len(made.phone.inbox) == 20)
        assert [tpdu.user_data for tpdu in made.phone.inbox] == [b"%d" % number for number in range(20)]


@in_task
async def test_link_binds_again_after_the_server_drops_it() -> None:
    """A cut connection costs a moment; what was in flight is in doubt, what was not sent may be sent again."""
    async with lab(config_window=2) as made:
        await made.link.bound.wait()
        futures = [made.link.submit(a_submit()) for _ in range(5)]
        made.server.drop_lines()
        results = await asyncio.gather(*futures)
        assert all(result.certainty in (Certainty.UNKNOWN, Certainty.NOT_SENT) for result in results)
        assert Certainty.UNKNOWN in {result.certainty for result in results}
        await made.until(lambda: made.link.counts["binds"] == 2)
        assert (await made.link.submit(a_submit())).certainty is Certainty.ACCEPTED


@in_task
async def test_wrong_password_is_not_hammered() -> None:
    """Credential errors back off long."""
    backoff = Backoff(Random(1), first=0.01, credentials=60.0)
    async with lab(password="wrong", backoff=backoff) as made:
        await made.until(lambda: made.link.counts["binds refused"] == 1)
        await asyncio.sleep(0.1)
        assert made.server.counts["connections"] == 1
        assert not made.link.is_bound
        assert (await made.link.submit(a_submit())).certainty is Certainty.NOT_SENT


@pytest.mark.parametrize("first", [None, 0x64, RuntimeError("disk full")], ids=["None", "0x64", "exception"])
@in_task
async def test_delivery_is_acknowledged_only_when_stored(first: int | Exception | None) -> None:
    """Whatever keeps the owner from storing it, the SMSC sends it again."""
    async with lab() as made:
        await made.link.bound.wait()
        made.server.centre.outgoing["ykt"]._retry_after = (0.01,)
        made.answers.append(first)
        made.phone.send("10086", "balance")
        await made.until(lambda: len(made.received) == 2)
        await made.until(lambda: made.server.counts["delivered to accounts"] == 1)
        assert made.received[0].short_message == made.received[1].short_message == b"balance"
        assert made.server.counts["deferred by accounts"] == 1


@in_task
async def test_stop_drains_and_unbinds() -> None:
    """Submissions in flight get their answers before the line closes."""
    async with lab() as made:
        await made.link.bound.wait()
        futures = [made.link.submit(a_submit()) for _ in range(10)]
        await made.link.stop()
        assert {(await future).certainty for future in futures} == {Certainty.ACCEPTED}
        assert (await made.link.submit(a_submit())).status == NO_ANSWER
        await made.until(lambda: not made.server._lines)


@in_task
async def test_dead_peer_is_noticed_by_enquire_link() -> None:
    """A server that stops talking without closing loses the link within interval + two timeouts."""
    async with lab(config_enquire_link=0.1) as made:
        await made.link.bound.wait()
        (line,) = made.server._lines.values()
        line.dataReceived = lambda data: None  # type: ignore[method-assign]
        await made.until(lambda: made.link.counts["lines lost"] >= 1, 5.0)


@in_task
async def test_silent_server_leaves_a_submission_in_doubt() -> None:
    """No answer is not a failure: the message may have been accepted."""
    async with lab(config_response_timeout=0.05, config_drain_timeout=0.1) as made:
        await made.link.bound.wait()
        (line,) = made.server._lines.values()
        line.dataReceived = lambda data: None  # type: ignore[method-assign]
        result = await made.link.submit(a_submit())
        assert (result.certainty, result.status) == (Certainty.UNKNOWN, NO_ANSWER)


@in_task
async def test_value_that_cannot_be_encoded_fails_the_caller_only() -> None:
    """The link goes on."""
    async with lab() as made:
        await made.link.bound.wait()
        result = await made.link.submit(a_submit(short_message=b"x" * 255))
        assert result.certainty is Certainty.REFUSED_FINAL
        assert "short_message" in result.reason
        assert (await made.link.submit(a_submit())).certainty is Certainty.ACCEPTED


@in_task
async def test_pace_limits_submissions_per_second() -> None:
    """A rate of 100/s with bursts of 10 takes at least a tenth of a second for 21."""
    async with lab(config_rate=100.0) as made:
        await made.link.bound.wait()
        loop = asyncio.get_running_loop()
        start = loop.time()
        await asyncio.gather(*(made.link.submit(a_submit(registered_delivery=0)) for _ in range(21)))
        assert loop.time() - start >= 0.1


@in_task
async def test_phone_message_reaches_the_owner_of_the_access_code() -> None:
    """MO by the longest prefix."""
    async with lab() as made:
        await made.link.bound.wait()
        (report,) = made.phone.send("1008601", "余额")
        assert report.is_ack
        await made.until(lambda: len(made.received) == 1)
        pdu = made.received[0]
        assert (pdu.source_addr, pdu.destination_addr, pdu.data_coding) == (PHONE.encode(), b"1008601", 8)
        assert pdu.short_message.decode("utf-16-be") == "余额"


@pytest.mark.parametrize(
    ("status", "certainty"),
    [
        (0, Certainty.ACCEPTED),
        (CommandStatus.RTHROTTLED, Certainty.REFUSED_RETRY),
        (CommandStatus.RMSGQFUL, Certainty.REFUSED_RETRY),
        (CommandStatus.RINVDSTADR, Certainty.REFUSED_FINAL),
        (0x0400, Certainty.REFUSED_RETRY),
    ],
)
def test_answers_become_certainties(status: int, certainty: Certainty) -> None:
    """An explicit refusal is certain; only silence is UNKNOWN."""
    assert result_of(op.SubmitSmResp(status=status)).certainty is certainty


def test_ok_without_an_id_is_accepted_and_not_trackable() -> None:
    """submit_sm_resp "" or without body."""
    assert result_of(op.SubmitSmResp()).message_id is None


def test_backoff_grows_to_its_cap_and_forgets_after_a_stable_session() -> None:
    """Exponential with jitter; a session of ten seconds wipes the slate."""
    backoff = Backoff(Random(3), first=1.0, cap=8.0)
    waits = [backoff.delay() for _ in range(6)]
    assert all(wait <= later * 1.5 for wait, later in pairwise(waits))
    assert 8.0 <= waits[-1] <= 12.0
    backoff.was_bound(11.0)
    assert backoff.delay() <= 1.5
    backoff.bind_refused(BindFailure.CREDENTIALS)
    assert backoff.delay() >= 60.0


def test_limits_follow_the_configuration() -> None:
    """A missed enquire_link shows within half the interval."""
    from smsc_gateway.links.config import LinkConfig  # noqa: PLC0415

    limits = LinkConfig("h", 1, "id", "pw", window=7, enquire_link=20.0).limits()
    assert (limits.window, limits.enquire_timeout) == (7, 10.0)
    assert isinstance(limits, Limits)
    assert "pw" not in repr(LinkConfig("h", 1, "id", "pw"))
