"""Many at once is the same as one after the other: requests, verdicts and ends of jobs in one step, or each alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any, TypeVar

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import event, select, update

from telecom_codecs.card.identities import Iccid
from telecom_codecs.onecard.language import Language
from telecom_codecs.onecard.requests import FORMS, CardRequest, Operation
from tests.ykt_telecom.flows.dialogue.desk import RIGHT, WRONG, Desk, a_request, again, an_outcome
from tests.ykt_telecom.ledger.money.world import CUIHU, HUAXIN, NOON, a_world, iccid_of
from ykt_telecom.flows.dialogue.machine import State
from ykt_telecom.flows.dialogue.neighbours import Verdict
from ykt_telecom.flows.dialogue.tables import dialogue_serial, service_password
from ykt_telecom.ledger.money.steps import CardTransaction, Kind, post_transactions
from ykt_telecom.messaging.facts import MoRequest
from ykt_telecom.ota.outcome import JobKind, JobOutcome
from ykt_telecom.ota.states import JobState
from ykt_telecom.ota.tables import job
from ykt_telecom.registry.audit.tables import audit_row
from ykt_telecom.registry.cards.tables import card, card_application

T = TypeVar("T")

MALFORMED, FOREIGN = "malformed", "foreign"
_what = st.sampled_from(
    (
        *(Operation.BALANCE, Operation.BALANCE, Operation.DELETE, Operation.DELETE),
        *(Operation.RECORDS, Operation.NOT_SHOWN, MALFORMED, FOREIGN),
    )
)
_requests = st.lists(
    st.tuples(
        _what,
        st.integers(1, 5),  # the card; 4 is lost, 5 is nobody's
        st.sampled_from((HUAXIN, CUIHU)),
        st.integers(1, 9),  # its counter
        st.sampled_from((RIGHT, WRONG)),
        st.booleans() | st.just(False),  # told to be a repetition
        st.integers(1, 9),  # a serial
    ),
    max_size=14,
)
_ends = st.lists(
    st.sampled_from(
        (
            {"state": JobState.APPLIED},
            {"state": JobState.APPLIED, "balance": 700, "answer_status": 2},
            {"state": JobState.APPLIED, "offline": 1, "answer_status": 1},
            {"state": JobState.FAILED, "status": 9},
            {"state": JobState.FAILED, "status": None},
            {"state": JobState.EXPIRED},
        )
    ),
    min_size=1,
    max_size=7,
)


def a_crowded_desk() -> Desk:
    """Members of two enterprises, one with money, one whose card is lost, one without a number."""
    world = a_world()
    for number in range(1, 6):
        world.add_member(number, HUAXIN)
    world.add_member(1, CUIHU)
    world.add_member(2, CUIHU)
    desk = Desk(world)
    for number in range(1, 5):
        desk.give_password(number)
    money = CardTransaction(iccid_of(2), HUAXIN, Kind.LOAD, 900, 1, "CZ01", NOON)
    world.run(lambda conn, context: post_transactions(conn, context, [money], origin="test"))
    world.run(lambda conn, _: conn.execute(update(card).where(card.c.iccid == iccid_of(4)).values(state="LOST")))
    world.run(lambda conn, _: conn.execute(update(card).where(card.c.iccid == iccid_of(5)).values(msisdn=None)))
    return desk


def written(asked: tuple[Any, ...]) -> MoRequest:
    what, number, enterprise, counter, password, is_repeat, serial = asked
    signer = iccid_of(number)
    if what == MALFORMED:
        request = a_request(b"\1\2\3", counter=counter, iccid=signer)
    else:
        operation = Operation.DELETE if what == FOREIGN else what
        named = Iccid(iccid_of(number % 3 + 1) if what == FOREIGN else signer)
        form = FORMS[operation]
        octets = CardRequest(
            operation,
            0x100 + counter,
            named,
            enterprise if form.enterprise else 0,
            Language.EN if counter % 3 == 0 else Language.ZH,
            password=password if operation is Operation.DELETE else None,
            serial=serial if operation is Operation.NOT_SHOWN else None,
            page=1 if operation is Operation.RECORDS else None,
        ).encode()
        request = a_request(octets, counter=counter, iccid=signer)
    return again(request) if is_repeat else request


def story(desk: Desk) -> dict[str, Any]:
    """All that there is to see, without the numbers of rows that are given in the order of writing."""
    with desk.world.reading() as conn:
        rows = [dict(row._mapping) for row in desk.rows()]
        jobs = conn.execute(select(job).order_by(job.c.id)).all()
        told = conn.execute(select(audit_row.c.action, audit_row.c.subject, audit_row.c.facts)).all()
        applications = conn.execute(select(card_application.c.id, card_application.c.state)).all()
        passwords = conn.execute(select(service_password.c.iccid, service_password.c.tries, service_password.c.wrong))
        counts = sorted(map(tuple, passwords))
        last = conn.execute(select(dialogue_serial.c.last)).scalar()
    kinds = {row.id: row.kind for row in jobs}
    for row in rows:
        row["job_id"] = kinds.get(row["job_id"])
        row["outbox_id"] = row["outbox_id"] is not None
        row["covered"] = row["covered"] is not None
    return {
        "dialogues": rows,
        "jobs": sorted((row.origin_id, row.kind, row.iccid, row.enterprise_id, row.payload, row.state) for row in jobs),
        "texts": sorted(desk.texts),
        "audit": Counter((row.action, one) for row in told for one in row.facts.get("dialogues", [row.subject])
                         if row.action.startswith(("dialogue.", "password."))),
        "applications": sorted(map(tuple, applications)),
        "passwords": counts,
        "judged": [(order.dialogue_id, order.verifier, order.candidate) for order in desk.waiting],
        "serial": last,
    }  # fmt: skip


def both(together: Desk, alone: Desk, items: Sequence[T], act: Callable[[Desk, Sequence[T]], object]) -> None:
    """The items to one desk at once, to the other one by one; afterwards nothing tells the two apart."""
    act(together, items)
    for item in items:
        act(alone, (item,))
    assert story(together) == story(alone)


def open_jobs(desk: Desk, ends: Sequence[dict[str, Any]]) -> list[JobOutcome]:
    """An end for each job that is on its way."""
    with desk.world.reading() as conn:
        waiting = set(conn.execute(select(job.c.id).where(job.c.state == JobState.QUEUED)).scalars())
    mine = sorted((one for one in desk.orders if one.job_id in waiting), key=lambda one: (one.origin_id, one.job_id))
    found = []
    for place, ordered in enumerate(mine):
        changes = dict(ends[place % len(ends)])
        state = changes.pop("state")
        if ordered.kind == JobKind.ANSWER and state is JobState.APPLIED:
            changes = {"answer_status": changes.get("answer_status", 0)}
        else:
            changes.pop("answer_status", None)
        found.append(an_outcome(ordered, state, **changes))
    return found


@given(_requests, _requests, _ends)
@settings(max_examples=25, deadline=None, phases=(Phase.explicit, Phase.reuse, Phase.generate))
def test_a_batch_is_as_many_batches_of_one(
    first: list[tuple[Any, ...]], second: list[tuple[Any, ...]], ends: list[dict[str, Any]]
) -> None:
    """Doubled counters, malformed octets, other people's cards, two deletions of one application: in any mix."""
    together, alone = a_crowded_desk(), a_crowded_desk()
    for asked in (first, second):
        both(together, alone, [written(one) for one in asked], lambda desk, some: desk.take(*some))
        verdicts = [
            Verdict(order.dialogue_id, None if order.candidate is None else order.candidate == RIGHT)
            for order in together.waiting
        ]
        for desk in (together, alone):
            desk.waiting.clear()
        both(together, alone, verdicts + verdicts[:2], lambda desk, some: desk.decide(*some))
        while outcomes := open_jobs(together, ends):
            same = open_jobs(alone, ends)
            together.finish(outcomes)
            for one in same:
                alone.finish((one,))
            assert story(together) == story(alone)
            together.tell(*outcomes)
            for one in same:
                alone.tell(one)
            assert story(together) == story(alone)
        for desk in (together, alone):
            desk.world.now += timedelta(seconds=6)
    assert not {row.state for row in together.rows()} - {State.DONE, State.TEXTED, State.REFUSED}


@pytest.mark.usefixtures("worlds")
def test_serials_follow_one_another_whatever_is_let_in_together() -> None:
    """People read them out: small, and without a gap; a doubled request takes none."""
    desk = a_crowded_desk()
    asked = [(Operation.BALANCE, number, HUAXIN, counter, RIGHT, False, 1) for counter in (1, 2) for number in (1, 2)]
    desk.take(*(written(one) for one in (*asked, *asked)))
    desk.take(written((Operation.BALANCE, 3, HUAXIN, 1, RIGHT, False, 1)))
    assert [row.id for row in desk.rows()] == [1, 2, 3, 4, 5]


@pytest.mark.usefixtures("worlds")
def test_serials_go_on_above_those_that_were_given_before_they_were_counted() -> None:
    """A database of an earlier version: no serial is given twice."""
    desk = a_crowded_desk()
    desk.take(written((Operation.BALANCE, 1, HUAXIN, 1, RIGHT, False, 1)))
    desk.world.run(lambda conn, _: conn.execute(dialogue_serial.delete()))
    desk.take(written((Operation.BALANCE, 1, HUAXIN, 2, RIGHT, False, 1)))
    assert [row.id for row in desk.rows()] == [1, 2]


def test_a_hundred_balances_cost_as_many_statements_as_one() -> None:
    """The writer's time: a statement is paid once for all of a step."""
    counted = []
    for count in (1, 100):
        desk = a_crowded_desk()
        asked = [
            written((Operation.BALANCE, number % 3 + 1, HUAXIN, counter, RIGHT, False, 1))
            for counter, number in enumerate(range(count), start=1)
        ]
        statements: list[str] = []
        listen = (desk.world.engine, "before_cursor_execute", lambda *given, to=statements: to.append(given[2]))
        desk.take(written((Operation.BALANCE, 1, HUAXIN, 500, RIGHT, False, 1)))  # the counter of serials is there
        event.listen(*listen)
        desk.take(*asked)
        balances = len(statements)
        ends = [an_outcome(one) for one in desk.orders]
        statements.clear()
        desk.tell(*ends)
        event.remove(*listen)
        counted.append((balances, len(statements) - desk_audit_rows(statements)))
    assert counted[0] == counted[1]


def desk_audit_rows(statements: Sequence[str]) -> int:
    return sum("audit_row" in statement for statement in statements)
