"""Two enterprises on one platform: neither finds anything of the other, and a foreign thing is like none."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.ykt_telecom.usecases.desk import CARDS, Desk, two_enterprises
from ykt_telecom.flows.statements.period import Period
from ykt_telecom.flows.statements.states import StatementKind
from ykt_telecom.storage.database import Location
from ykt_telecom.usecases import applications, cards, enterprises, jobs, members, passwords, people, statements, taps
from ykt_telecom.usecases.results import Done, Refused
from ykt_telecom.usecases.runner import UseCase
from ykt_telecom.usecases.wire import results_to_json

FOREIGN_ICCID, FOREIGN_MSISDN = CARDS["B"]
#: What must not be in any answer to A.
CANARIES = ("单位B", "成员B", FOREIGN_ICCID, FOREIGN_ICCID[-6:], FOREIGN_MSISDN, FOREIGN_MSISDN[2:])


@pytest.fixture
def desk(place: Location, tmp_path: Path) -> Iterator[Desk]:
    """A and B, each with an administrator, a member, a card and an application on its way."""
    made = Desk(place, tmp_path)
    two_enterprises(made)
    for code, (iccid, _) in CARDS.items():
        made.value(applications.ISSUE_APPLICATION, applications.IssueApplication(iccid, code))
    yield made
    made.close()


@pytest.fixture
def token(desk: Desk) -> str:
    """The administrator of A."""
    desk.user("enterprise-admin", enterprise="B")
    return desk.user("enterprise-admin", enterprise="A")


LOOKS: list[tuple[UseCase[Any, Any], Any]] = [
    (enterprises.LIST_ENTERPRISES, enterprises.ListEnterprises()),
    (members.LIST_MEMBERS, members.ListMembers()),
    (cards.LIST_CARDS, cards.ListCards()),
    (cards.SHOW_CARD, cards.ShowCard(CARDS["A"][0])),
    (jobs.LIST_JOBS, jobs.ListJobs()),
    (people.LIST_USERS, people.ListUsers()),
    (statements.SHOW_STATEMENTS, statements.ShowStatements(Period(2026, 1))),
]


@pytest.mark.parametrize(("use_case", "order"), LOOKS, ids=lambda one: getattr(one, "name", ""))
def test_a_list_holds_ones_own_alone(desk: Desk, token: str, use_case: UseCase[Any, Any], order: Any) -> None:
    """Something is there, and nothing of the other."""
    (result,) = desk.ask(use_case, order, token=token)
    assert isinstance(result, Done)
    told = results_to_json(use_case.result, [result]).decode()
    assert not [canary for canary in CANARIES if canary in told]
    if use_case is not statements.SHOW_STATEMENTS:
        assert "A" in told


def _foreign_orders() -> list[tuple[UseCase[Any, Any], Any, Any]]:
    """Orders on a thing of B, beside the same order on what does not exist."""
    iccid, msisdn = FOREIGN_ICCID, FOREIGN_MSISDN
    nobody, nowhere = "89860012345678905551", "8613900000009"
    both = applications.CardAndEnterprise
    found: list[tuple[UseCase[Any, Any], Any, Any]] = [
        (cards.SHOW_CARD, cards.ShowCard(iccid), cards.ShowCard(nobody)),
        (cards.SHOW_CARD, cards.ShowCard(msisdn), cards.ShowCard(nowhere)),
        (cards.SHOW_CARD, cards.ShowCard(iccid[-6:]), cards.ShowCard(nobody[-6:])),
        (jobs.LIST_JOBS, jobs.ListJobs(card=iccid), jobs.ListJobs(card=nobody)),
        (members.LIST_MEMBERS, members.ListMembers("B"), members.ListMembers("Z")),
        (members.LIST_MEMBERS, members.ListMembers("1002"), members.ListMembers("1009")),
        (members.ADD_MEMBER, members.AddMember("B", nowhere, "x"), members.AddMember("Z", nowhere, "x")),
        (
            members.IMPORT_MEMBERS,
            members.ImportMembers("B", b"msisdn,name\n13900000009,x\n"),
            members.ImportMembers("Z", b"msisdn,name\n13900000009,x\n"),
        ),
        (passwords.SET_PASSWORD, passwords.SetPassword(iccid, "194837"), passwords.SetPassword(nobody, "194837")),
        (passwords.LOCK_PASSWORD, passwords.OfCard(iccid), passwords.OfCard(nobody)),
        (passwords.UNLOCK_PASSWORD, passwords.OfCard(iccid), passwords.OfCard(nobody)),
        (
            applications.ISSUE_APPLICATION,
            applications.IssueApplication(iccid, "A"),
            applications.IssueApplication(nobody, "A"),
        ),
        (
            statements.RUN_STATEMENTS,
            statements.RunStatements(Period(2026, 1), "B"),
            statements.RunStatements(Period(2026, 1), "Z"),
        ),
        (
            statements.SHOW_STATEMENTS,
            statements.ShowStatements(None, "B"),
            statements.ShowStatements(None, "Z"),
        ),
        (
            statements.SCHEDULE_STATEMENTS,
            statements.ScheduleStatements("B", StatementKind.ATTENDANCE, 1, 9, Period(2026, 1)),
            statements.ScheduleStatements("Z", StatementKind.ATTENDANCE, 1, 9, Period(2026, 1)),
        ),
        (people.ADD_USER, people.AddUser("x", ("ec",), "B"), people.AddUser("x", ("ec",), "Z")),
        (people.REVOKE_USER, people.RevokeUser("B-enterprise-admin"), people.RevokeUser("Z-enterprise-admin")),
    ]
    for use_case in (
        applications.QUERY_CARD,
        applications.CLOSE_APPLICATION,
        applications.REOPEN_APPLICATION,
        applications.DELETE_APPLICATION,
    ):
        found.append((use_case, both(iccid, "B"), both(nobody, "B")))
        found.append((use_case, both(CARDS["A"][0], "B"), both(CARDS["A"][0], "Z")))
    return found


@pytest.mark.parametrize(("use_case", "foreign", "missing"), _foreign_orders())
def test_what_is_anothers_is_like_what_is_not_there(
    desk: Desk, token: str, use_case: UseCase[Any, Any], foreign: Any, missing: Any
) -> None:
    """The same code and the same words, but for the name that was asked for; and nothing was changed."""
    before = desk.rows("select count(*) as n from audit_row")[0].n
    (one,), (other,) = desk.ask(use_case, foreign, token=token), desk.ask(use_case, missing, token=token)
    assert isinstance(one, Refused)
    assert isinstance(other, Refused)
    assert (one.code, one.remedy) == (other.code, other.remedy)
    assert one.code.startswith("no-such")
    assert not [canary for canary in ("单位B", "成员B", FOREIGN_ICCID) if canary in one.told() + one.told("zh")]
    assert desk.rows("select count(*) as n from audit_row")[0].n == before


def test_a_job_of_another_is_not_there(desk: Desk, token: str) -> None:
    """By its id, which can be guessed."""
    (foreign,) = [line for line in desk.value(jobs.LIST_JOBS, jobs.ListJobs()) if line.enterprise == "B"]
    (mine,) = [line for line in desk.value(jobs.LIST_JOBS, jobs.ListJobs()) if line.enterprise == "A"]
    assert desk.code(jobs.SHOW_JOB, jobs.ShowJob(foreign.id), token) == "no-such-job"
    assert desk.value(jobs.SHOW_JOB, jobs.ShowJob(mine.id), token).line == mine


def test_a_file_of_taps_can_name_ones_own_enterprise_alone(desk: Desk, token: str) -> None:
    """A line of another enterprise is a bad line, by code and by id."""
    heading = "iccid,enterprise,kind,counter,terminal,time,tac"
    for name in ("B", "1002"):
        line = f"{FOREIGN_ICCID},{name},punch,1,KQ01,2026-02-12 08:52,"
        (result,) = desk.ask(taps.LOAD_ATTENDANCE, taps.LoadFile(f"{heading}\n{line}\n".encode()), token=token)
        assert isinstance(result, Refused)
        assert [row.line for row in result.rows] == [2]


def test_a_card_of_two_enterprises_shows_each_its_own(desk: Desk, token: str) -> None:
    """The state of the card, one's own application, and nothing of the neighbour's."""
    iccid, msisdn = CARDS["A"]
    desk.value(members.ADD_MEMBER, members.AddMember("B", msisdn, "成员A"))
    desk.value(applications.ISSUE_APPLICATION, applications.IssueApplication(iccid, "B"))
    shown = desk.value(cards.SHOW_CARD, cards.ShowCard(iccid), token)
    assert [one.enterprise for one in shown.applications] == ["A"]
    (line,) = desk.value(cards.LIST_CARDS, cards.ListCards(), token)
    assert line.applications == ("1:A:PENDING_INSTALL",)
    everything = desk.value(cards.SHOW_CARD, cards.ShowCard(iccid))
    assert [one.enterprise for one in everything.applications] == ["A", "B"]


def test_results_survive_the_way_over_the_socket(desk: Desk) -> None:
    """What is told there is what is told here."""
    for use_case, order in LOOKS:
        told = results_to_json(use_case.result, desk.ask(use_case, order))
        assert json.loads(told)
