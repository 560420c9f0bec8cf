"""The purse and the records of an enterprise application, as platform, member and terminal see them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stk_applet_sim.applet.enterprise import TapRefused
from stk_applet_sim.applet.purse import ApplicationState
from telecom_codecs.crypto.key_derivation import KeyUsage
from telecom_codecs.onecard.enterprise_answer import CardStatus
from telecom_codecs.onecard.orders import NumberedLoad, Order
from telecom_codecs.onecard.records import NO_TIME, Record, RecordType, is_bcd_time
from telecom_codecs.onecard.rights import LifeCycle
from telecom_codecs.ota.remote_command import CompactResponse
from tests.stk_applet_sim.uicc.issuing import (
    ENTERPRISE,
    GET_RESPONSE,
    NOON,
    TERMINAL,
    code,
    issue,
    load,
    load_command,
    order,
    order_command,
    query,
)
from tests.stk_applet_sim.uicc.ota import Platform, a_card, exchange

CLOSE, REOPEN, FREEZE, UNFREEZE = 1, 2, 3, 4


def an_issued_card(**changes: int) -> Platform:
    platform = Platform.of(a_card())
    issue(platform, **changes)
    return platform


def test_a_load_is_booked_once() -> None:
    """20.00 yuan arrive; the same order again says "already applied" and changes nothing."""
    platform = an_issued_card()
    first = load(platform, 0, 1, 2000, 77)
    assert (first.status, first.rsn, first.amount, first.job, first.balance) == (0, 1, 2000, 77, 2000)
    again = load(platform, 0, 1, 2000, 77)
    assert (again.status, again.rsn, again.balance) == (1, 1, 2000)
    second = load(platform, 1, 5, 100, 78)
    assert (second.status, second.rsn, second.balance) == (0, 5, 2100)


@pytest.mark.parametrize(
    ("old_rsn", "rsn", "amount", "status"),
    [
        (1, 2, 100, CardStatus.OLD_RSN_DIFFERS),
        (0, 0, 100, CardStatus.OLD_RSN_DIFFERS),
        (0, 1, 0, CardStatus.OVER_CAP),
        (0, 1, 100_001, CardStatus.OVER_CAP),
        (0, 1, 100_000, CardStatus.DONE),
        (0, 1, 1, CardStatus.DONE),
    ],
)
def test_a_load_out_of_bounds_is_refused(old_rsn: int, rsn: int, amount: int, status: CardStatus) -> None:
    """Wrong predecessor, no amount, more than the cap."""
    platform = an_issued_card()
    assert load(platform, old_rsn, rsn, amount, 7).status == status
    application = platform.card.application_of(ENTERPRISE)
    assert application is not None
    assert application.balance == (amount if status is CardStatus.DONE else 0)


def test_the_balance_never_exceeds_the_enterprise_cap() -> None:
    """Cap 50.00: the second load of 30.00 is over it."""
    platform = an_issued_card(cap=5000)
    assert load(platform, 0, 1, 3000, 1).status == CardStatus.DONE
    assert load(platform, 1, 2, 3000, 2).status == CardStatus.OVER_CAP
    assert load(platform, 1, 2, 2000, 3).status == CardStatus.DONE


def test_an_application_without_purse_takes_no_money() -> None:
    """Door and attendance only."""
    assert load(an_issued_card(rights=3), 0, 1, 100, 1).status == CardStatus.OVER_CAP


def test_a_forged_load_changes_nothing() -> None:
    """The operator's OTA keys do not make money: the inner MAC is the enterprise's."""
    platform = an_issued_card()
    before = platform.card.snapshot()
    assert load(platform, 0, 1, 100, 1, mac=bytes(8)).status == CardStatus.MAC_WRONG
    application = platform.card.application_of(ENTERPRISE)
    assert application is not None
    assert (application.balance, application.state.rsn) == (0, 0)
    assert before != platform.card.snapshot()  # the OTA counter alone has moved


def test_a_mac_of_another_card_is_wrong() -> None:
    """The ICCID is in the MAC."""
    platform = an_issued_card()
    foreign = load_command(a_card("weak"), 0, 1, 100, 1)
    answer = platform.run("594B01", foreign, GET_RESPONSE)
    assert answer.data[0] == CardStatus.MAC_WRONG


def test_an_old_order_expires_by_the_date_of_the_last_tap() -> None:
    """The card knows the date from terminals only."""
    platform = an_issued_card()
    assert load(platform, 0, 1, 100, 1, valid_until="20261101").status == CardStatus.DONE
    application = platform.card.application_of(ENTERPRISE)
    assert application is not None
    application.tap_attendance(TERMINAL, NOON)
    assert load(platform, 1, 2, 100, 2, valid_until="20261121").status == CardStatus.EXPIRED
    assert load(platform, 1, 2, 100, 2, valid_until="20261122").status == CardStatus.DONE


def test_query_is_fresh_and_shows_the_marks() -> None:
    """The TAC covers the challenge; closed and frozen show as status."""
    platform = an_issued_card()
    load(platform, 0, 1, 500, 9)
    assert (query(platform).status, query(platform, b"\x22" * 8).balance) == (0, 500)
    order(platform, FREEZE, 1)
    assert query(platform).status == CardStatus.FROZEN
    order(platform, CLOSE, 2)
    assert query(platform).status == CardStatus.CLOSED


def test_close_returns_the_final_state_and_is_idempotent() -> None:
    """CLOSE, CLOSE again, REOPEN: loads are refused in between."""
    platform = an_issued_card()
    load(platform, 0, 1, 500, 9)
    closed = order(platform, CLOSE, 31)
    assert (closed.status, closed.balance, closed.rsn) == (0, 500, 1)
    assert order(platform, CLOSE, 31).status == CardStatus.ALREADY_DONE
    assert load(platform, 1, 2, 100, 10).status == CardStatus.CLOSED
    assert load(platform, 0, 1, 500, 9).status == CardStatus.ALREADY_DONE
    assert order(platform, REOPEN, 32).status == CardStatus.DONE
    assert load(platform, 1, 2, 100, 10).status == CardStatus.DONE


def test_freeze_and_close_are_independent() -> None:
    """Unfreezing does not reopen."""
    platform = an_issued_card()
    order(platform, FREEZE, 1)
    assert load(platform, 0, 1, 100, 1).status == CardStatus.FROZEN
    order(platform, CLOSE, 2)
    application = platform.card.application_of(ENTERPRISE)
    assert application is not None
    seen = [application.life_cycle]
    for number, job in ((UNFREEZE, 3), (REOPEN, 4)):
        order(platform, number, job)
        seen.append(application.life_cycle)
    assert seen == [LifeCycle.CLOSED_FROZEN, LifeCycle.CLOSED, LifeCycle.ACTIVE]


def test_a_forged_order_changes_nothing() -> None:
    """CLOSE with a wrong MAC: status 06."""
    platform = an_issued_card()
    command = order_command(platform.card, CLOSE, 1, mac=bytes(8))
    assert platform.run("594B01", command, GET_RESPONSE).data[0] == CardStatus.MAC_WRONG
    assert query(platform).status == CardStatus.DONE


def test_an_open_tap_makes_orders_wait() -> None:
    """A terminal holds the card: 6985, try again."""
    platform = an_issued_card()
    application = platform.card.application_of(ENTERPRISE)
    assert application is not None
    application.tap_in_progress = True
    answer = platform.run("594B01", order_command(platform.card, CLOSE, 1))
    assert answer == CompactResponse(1, 0x6985)
    platform.card.reset()
    assert order(platform, CLOSE, 1).status == CardStatus.DONE


@pytest.mark.parametrize(
    ("command", "sw"),
    [
        ("805A00011B" + "00" * 27, 0x6700),
        ("805A00021C" + "00" * 28, 0x6A86),
        ("805C000109" + "00" * 9, 0x6700),
        ("805E050010" + "00" * 16, 0x6A86),
        ("805E010110" + "00" * 16, 0x6A86),
        ("80FF000001" + "00", 0x6D00),
        ("A05A00011C" + "00" * 28, 0x6E00),
        ("00B2010418", 0x6A83),
        ("00B2010518", 0x6A86),
    ],
)
def test_malformed_commands_get_their_status_word(command: str, sw: int) -> None:
    """Nothing is changed by a command of the wrong form."""
    platform = an_issued_card()
    application = platform.card.application_of(ENTERPRISE)
    assert application is not None
    before = application.state
    assert platform.run("594B01", command).sw == sw
    assert application.state == before


def test_orders_by_the_contacts_are_refused() -> None:
    """Somebody with the card in a reader cannot replay a recorded CLOSE."""
    platform = an_issued_card()
    card = platform.card
    application = card.application_of(ENTERPRISE)
    assert application is not None
    assert exchange(card, "00A4040010" + application.aid.octets.hex()).sw == 0x9000
    assert exchange(card, order_command(card, CLOSE, 1)).sw == 0x6982
    assert exchange(card, load_command(card, 0, 1, 100, 1)).sw == 0x6982


def test_taps_pay_count_and_prove() -> None:
    """Top-up 50.00, lunch 12.50, attendance: counters in order, TACs good, records newest first."""
    platform = an_issued_card()
    card = platform.card
    application = card.application_of(ENTERPRISE)
    assert application is not None
    taps = [
        application.tap_load(5000, TERMINAL, NOON),
        application.tap_purchase(1250, TERMINAL, NOON),
        application.tap_attendance(TERMINAL, NOON),
        application.tap_door(TERMINAL, NOON),
    ]
    assert [tap.counter for tap in taps] == [1, 2, 3, 4]
    assert [tap.balance for tap in taps] == [5000, 3750, 3750, 3750]
    assert all(tap.tac == code(card, KeyUsage.TAC, tap.record.encode()) for tap in taps)
    assert application.records == tuple(tap.record for tap in reversed(taps))
    assert [record.type for record in application.records] == [5, 3, 2, 4]
    assert query(platform).offline_counter == 4
    newest = platform.run("594B01", "00B2010418")
    assert newest == CompactResponse(1, 0x9000, taps[-1].record.encode())


def test_ten_records_are_kept() -> None:
    """The eleventh pushes the oldest out."""
    application = an_issued_card().card.application_of(ENTERPRISE)
    assert application is not None
    for _ in range(11):
        application.tap_attendance(TERMINAL, NOON)
    assert [record.counter for record in application.records] == list(range(11, 1, -1))


def test_a_load_leaves_a_record() -> None:
    """Type 01, the job reference in place of a terminal."""
    platform = an_issued_card()
    load(platform, 0, 1, 500, 0x01020304)
    application = platform.card.application_of(ENTERPRISE)
    assert application is not None
    assert application.records == (Record(RecordType.LOAD, 0, 500, 500, bytes(7), bytes.fromhex("000001020304")),)


def test_taps_are_refused_without_a_trace() -> None:
    """Not enough money, over the cap, frozen, closed, no right, nonsense."""
    platform = an_issued_card(rights=6, cap=1000)
    application = platform.card.application_of(ENTERPRISE)
    assert application is not None
    application.tap_load(1000, TERMINAL, NOON)
    before = application.state
    attempts: list[Callable[[], object]] = [
        lambda: application.tap_purchase(1001, TERMINAL, NOON),
        lambda: application.tap_purchase(0, TERMINAL, NOON),
        lambda: application.tap_load(1, TERMINAL, NOON),
        lambda: application.tap_load(-5, TERMINAL, NOON),
        lambda: application.tap_door(TERMINAL, NOON),
        lambda: application.tap_attendance(TERMINAL, bytes.fromhex("20261322120000")),
        lambda: application.tap_attendance(b"", NOON),
    ]
    for attempt in attempts:
        with pytest.raises(TapRefused):
            attempt()
    assert application.state == before
    for number, job in ((FREEZE, 1), (CLOSE, 2), (UNFREEZE, 3)):
        order(platform, number, job)
        with pytest.raises(TapRefused):
            application.tap_purchase(1, TERMINAL, NOON)


def test_the_offline_counter_ends() -> None:
    """At FFFF no tap is taken."""
    state = ApplicationState(1, 1, 7, 100, "", life_cycle=LifeCycle.ACTIVE, offline_counter=0xFFFF)
    application = an_issued_card().card.application_of(ENTERPRISE)
    assert application is not None
    application._memory.write("slot/1/state", state.encode())
    with pytest.raises(TapRefused):
        application.tap_attendance(TERMINAL, NOON)


@pytest.mark.parametrize(
    ("time", "good"),
    [
        ("20261122120000", True),
        ("20261122240000", False),
        ("20260022120000", False),
        ("2026112212000A", False),
        ("202611221200", False),
    ],
)
def test_times_are_bcd(time: str, good: bool) -> None:
    """Month, day and time of day must exist."""
    assert is_bcd_time(bytes.fromhex(time)) is good


records = st.builds(
    Record,
    st.sampled_from(RecordType),
    st.integers(0, 0xFFFF),
    st.integers(0, 0xFFFFFFFF),
    st.integers(0, 0xFFFFFFFF),
    st.just(NO_TIME) | st.datetimes().map(lambda at: bytes.fromhex(f"{at.year:04d}{at:%m%d%H%M%S}")),
    st.binary(min_size=6, max_size=6),
)


@given(
    st.builds(
        ApplicationState,
        st.integers(0, 0xFFFFFFFF),
        st.integers(1, 8),
        st.integers(1, 7),
        st.integers(0, 0xFFFFFFFF),
        st.text(st.characters(min_codepoint=0x20, max_codepoint=0xD7FF), max_size=8),
        balance=st.integers(0, 0xFFFFFFFF),
        records=st.lists(records, max_size=10).map(tuple),
    )
)
def test_a_state_survives_its_octets(state: ApplicationState) -> None:
    """What is stored is what was there."""
    assert ApplicationState.decode(state.encode()) == state


@settings(max_examples=200)
@given(
    st.lists(
        st.one_of(
            st.tuples(st.integers(0, 5), st.integers(0, 6), st.integers(0, 1200), st.integers(1, 4)),
            st.tuples(st.sampled_from(Order), st.integers(1, 4)),
        ),
        max_size=20,
    )
)
def test_no_order_of_orders_makes_or_loses_money(orders: list[tuple[int, ...]]) -> None:
    """Balance is the sum of applied loads, RSN only grows, the cap holds, refusals change nothing."""
    state = ApplicationState(1, 1, 7, 1000, "", life_cycle=LifeCycle.ACTIVE)
    booked = 0
    for item in orders:
        if len(item) == 2:
            _, state = state.ordered(Order(item[0]), item[1])
            continue
        old_rsn, rsn, amount, job = item
        verdict, after = state.loaded(NumberedLoad(old_rsn, rsn, amount, job))
        assert (verdict is CardStatus.DONE) == (after is not state)
        booked += amount if verdict is CardStatus.DONE else 0
        assert after.rsn >= state.rsn
        state = after
        assert state.balance == booked <= 1000
