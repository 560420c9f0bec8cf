"""The way through a use case: who asks, may he, once, and what the log says of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.ykt_telecom.usecases.desk import BOSS, CARDS, Desk, two_enterprises
from ykt_telecom.registry.audit.subject import Subject
from ykt_telecom.registry.people.principals import Principal
from ykt_telecom.registry.people.roles import Role
from ykt_telecom.storage.database import Location
from ykt_telecom.usecases.applications import ISSUE_APPLICATION, IssueApplication
from ykt_telecom.usecases.enterprises import ADD_ENTERPRISE, LIST_ENTERPRISES, AddEnterprise, ListEnterprises
from ykt_telecom.usecases.members import ADD_MEMBER, AddMember, Entered
from ykt_telecom.usecases.people import (
    ADD_USER,
    LIST_USERS,
    REVOKE_USER,
    AddUser,
    ListUsers,
    RevokeUser,
)
from ykt_telecom.usecases.results import Done, Refused


@pytest.fixture
def desk(place: Location, tmp_path: Path) -> Iterator[Desk]:
    made = Desk(place, tmp_path)
    yield made
    made.close()


def test_a_list_of_orders_has_a_list_of_results_in_its_order(desk: Desk) -> None:
    """One that is refused spoils none of the others."""
    two_enterprises(desk)
    results = desk.run(
        ADD_MEMBER,
        AddMember("A", "13800000003", "丙"),
        AddMember("NOPE", "13800000004", "丁"),
        AddMember("A", "138", "戊"),
        AddMember("b", "13800000003", "丙"),
    )
    told = [result.value if isinstance(result, Done) else getattr(result, "code", "") for result in results]
    assert told == [Entered(1, 0), "no-such-enterprise", "validation", Entered(1, 0)]


def test_each_change_has_one_audit_row_and_what_changed_nothing_has_none(desk: Desk) -> None:
    """Who, by which way, what, and about whom."""
    two_enterprises(desk)
    before = len(desk.audit())
    order = AddMember("A", "13800000003", "丙")
    desk.ask(ADD_MEMBER, order, order)
    desk.ask(LIST_ENTERPRISES, ListEnterprises())
    assert desk.audit()[before:] == [("cli:root", "member.add", "enterprise:1001")]


def test_what_a_role_may_not_is_refused_and_written_down(desk: Desk) -> None:
    """A clerk of an enterprise tries to enter an enterprise."""
    two_enterprises(desk)
    token = desk.user("enterprise-clerk", enterprise="A")
    before = len(desk.audit())
    assert desk.code(ADD_ENTERPRISE, AddEnterprise("C", "单位C"), token) == "role-missing"
    assert [row.code for row in desk.rows("select code from enterprise order by id")] == ["A", "B"]
    ((actor, action, subject),) = desk.audit()[before:]
    assert (actor, action) == ("cli:A-enterprise-clerk", "enterprise.add.refused")
    assert subject.startswith("user:")


def test_a_key_makes_a_request_once(desk: Desk) -> None:
    """The same again is answered as before and changes nothing; other content under the same key is refused."""
    two_enterprises(desk)
    order = IssueApplication(CARDS["A"][0], "A")
    first = desk.ask(ISSUE_APPLICATION, order, key="k" * 16)
    assert desk.ask(ISSUE_APPLICATION, order, key="k" * 16) == [
        Done(done.value) for done in first if isinstance(done, Done)
    ]
    assert len(desk.rows("select id from job")) == 1
    (other,) = desk.ask(ISSUE_APPLICATION, IssueApplication(CARDS["B"][0], "B"), key="k" * 16)
    assert isinstance(other, Refused)
    assert other.code == "idempotency-key-reused"


def test_a_key_belongs_to_its_principal_and_is_forgotten_in_time(desk: Desk) -> None:
    """Two people may choose the same one; after three days it is free."""
    two_enterprises(desk)
    someone = Principal(7, "someone", frozenset({Role.OA}))
    order = AddMember("A", "13800000003", "丙")
    (first,) = desk.run(ADD_MEMBER, order, key="same-key-of-two-people")
    assert first == Done(Entered(1, 0), Subject.enterprise(1001), {"members": 1})
    (known,) = desk.run(ADD_MEMBER, order, who=someone, key="same-key-of-two-people")
    assert known == Done(Entered(0, 1))
    desk.clock.advance(timedelta(hours=73).total_seconds())
    desk.run(ADD_MEMBER, AddMember("A", "13800000004", "丁"), key="another-key-than-that")
    (again,) = desk.run(ADD_MEMBER, order, key="same-key-of-two-people")
    assert again == Done(Entered(0, 1))


@pytest.mark.parametrize("key", ["short", "x" * 65, "with a blank in it", "号" * 16])
def test_a_key_that_cannot_be_kept_is_refused(desk: Desk, key: str) -> None:
    """Before anything happens: an effect without its key would happen twice."""
    (refused,) = desk.run(ADD_ENTERPRISE, AddEnterprise("A", "单位A"), key=key)
    assert isinstance(refused, Refused)
    assert refused.code == "validation"
    assert desk.rows("select * from enterprise") == []


def test_a_refusal_is_judged_anew(desk: Desk) -> None:
    """Nothing happened, so there is nothing to remember."""
    two_enterprises(desk)
    order = AddMember("C", "13800000003", "丙")
    desk.ask(ADD_MEMBER, order, key="k" * 16)
    desk.value(ADD_ENTERPRISE, AddEnterprise("C", "单位C"))
    (result,) = desk.ask(ADD_MEMBER, order, key="k" * 16)
    assert isinstance(result, Done)


def test_a_token_lives_until_its_day_or_its_revocation(desk: Desk) -> None:
    """Its text is nowhere in the database, and a wrong one is like none."""
    token = desk.user("clerk", days=10)
    assert desk.value(LIST_ENTERPRISES, ListEnterprises(), token) == ()
    kept = desk.rows("select digest from access_token")[0].digest
    assert token.encode() not in bytes(kept)
    for wrong in ("", "ykt_person_x", token[:-1] + ("A" if token[-1] != "A" else "B"), token.swapcase()):
        assert desk.code(LIST_ENTERPRISES, ListEnterprises(), wrong) == "unauthenticated"
    desk.clock.advance(timedelta(days=10).total_seconds())
    assert desk.code(LIST_ENTERPRISES, ListEnterprises(), token) == "unauthenticated"


def test_a_revoked_user_is_nobody_at_once(desk: Desk) -> None:
    """The name stays taken; the last administrator cannot be revoked."""
    admin, clerk = desk.user("admin", name="admin"), desk.user("clerk", name="clerk")
    desk.value(REVOKE_USER, RevokeUser("clerk"), admin)
    assert desk.code(LIST_ENTERPRISES, ListEnterprises(), clerk) == "unauthenticated"
    assert desk.code(ADD_USER, AddUser("clerk", ("clerk",)), admin) == "duplicate"
    assert desk.code(REVOKE_USER, RevokeUser("clerk"), admin) == "no-such-user"
    assert desk.code(REVOKE_USER, RevokeUser("admin"), admin) == "last-admin"
    desk.user("admin", name="deputy")
    assert desk.value(REVOKE_USER, RevokeUser("admin"), admin).name == "admin"


@pytest.mark.parametrize(
    ("roles", "enterprise", "code"),
    [
        (("ap", "ot"), None, "roles"),
        (("approver", "clerk"), None, "roles"),
        (("enterprise-admin",), None, "roles"),
        (("admin",), "A", "roles"),
        (("king",), None, "roles"),
        ((), None, "roles"),
        (("enterprise-admin",), "NOPE", "no-such-enterprise"),
    ],
)
def test_roles_that_do_not_go_together_are_refused(
    desk: Desk, roles: tuple[str, ...], enterprise: str | None, code: str
) -> None:
    """Who orders does not approve; an enterprise's people are no operators."""
    two_enterprises(desk)
    assert desk.code(ADD_USER, AddUser("x", roles, enterprise)) == code


def test_a_user_is_entered_with_bounds(desk: Desk) -> None:
    """A name on one line, a year at most, scopes that there are."""
    for order in (
        AddUser("a\nb", ("clerk",)),
        AddUser("x" * 41, ("clerk",)),
        AddUser("x", ("clerk",), days=0),
        AddUser("x", ("clerk",), days=400),
        AddUser("x", ("clerk",), scopes=("everything",)),
    ):
        assert desk.code(ADD_USER, order) == "validation"


def test_a_token_is_told_once(desk: Desk) -> None:
    """The same request again names the user and not the token."""
    order = AddUser("x", ("clerk",))
    (first,) = desk.run(ADD_USER, order, key="k" * 16)
    (again,) = desk.run(ADD_USER, order, key="k" * 16)
    assert isinstance(first, Done)
    assert isinstance(again, Done)
    assert (first.value.token is None, again.value.token, again.value.name) == (False, None, "x")
    (line,) = desk.value(LIST_USERS, ListUsers())
    assert (line.roles, line.enterprise, line.last_used_at) == ((Role.AM, Role.OT, Role.T1, Role.T2), None, None)


def test_the_use_of_a_token_is_noted_to_the_minute(desk: Desk) -> None:
    """Not at every look, which would be a write each."""
    two_enterprises(desk)
    token = desk.user("enterprise-clerk", enterprise="A")
    for number in range(3):
        desk.value(ADD_MEMBER, AddMember("A", f"1380000010{number}", "x"), token)
    (line,) = desk.value(LIST_USERS, ListUsers())
    assert line.last_used_at == desk.clock.now()


def test_the_owner_of_the_folder_may_everything(desk: Desk) -> None:
    """The files are his already."""
    assert BOSS.actor == "cli:root"
    assert desk.value(ADD_ENTERPRISE, AddEnterprise("A", "单位A")).id == 1001
