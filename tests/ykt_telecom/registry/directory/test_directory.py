"""Enterprises and rosters."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection

from telecom_codecs.card.identities import Msisdn
from tests.ykt_telecom.lab import ENTERPRISE, Lab
from ykt_telecom.registry.directory.steps import (
    Entry,
    NewEnterprise,
    NewMember,
    add_enterprises,
    add_members,
    find_enterprises,
    members_of,
)
from ykt_telecom.storage.context import StepContext
from ykt_telecom.storage.database import Location
from ykt_telecom.texts.refusals import Refused
from ykt_telecom.texts.signature import signed


@pytest.fixture
def lab(place: Location) -> Iterator[Lab]:
    made = Lab(place)
    yield made
    made.close()


def enter(lab: Lab, *members: NewMember) -> list[Entry | str]:
    """What came of each line; of a refusal its words."""
    results = lab.step(lambda conn, context: add_members(conn, context, members))
    return [one.told() if isinstance(one, Refused) else one for one in results]


def register(lab: Lab, *news: NewEnterprise) -> list[int | str]:
    results = lab.step(lambda conn, context: add_enterprises(conn, context, news))
    return [one.told() if isinstance(one, Refused) else one for one in results]


def names(lab: Lab) -> list[str]:
    return lab.step(lambda conn, _: [row.name for row in members_of(conn, ENTERPRISE)])


def a_member(number: int = 1, name: str = "张三", employee_no: str | None = None) -> NewMember:
    return NewMember(ENTERPRISE, Msisdn(f"86138{number:08d}"), name, employee_no)


def test_a_roster_can_be_entered_twice(lab: Lab) -> None:
    """The second time nothing changes; twice in one list it is one member."""
    assert enter(lab, a_member(), a_member()) == [Entry.NEW, Entry.KNOWN]
    assert enter(lab, a_member()) == [Entry.KNOWN]
    assert names(lab) == ["张三"]


def test_each_line_is_judged_beside_those_before_it(lab: Lab) -> None:
    """A clash refuses its own line alone, and says what clashes."""
    first, second, third = enter(lab, a_member(1, employee_no="7"), a_member(2, "李四", "7"), a_member(1, "王五"))
    assert first is Entry.NEW
    assert "employee number 7 is there already" in second
    assert "under another name" in third
    assert names(lab) == ["张三"]


@pytest.mark.parametrize("name", ["", "   ", "a\nb", "a\x1bb", "ab\u202ec", "x" * 65])
def test_a_name_that_would_spoil_a_statement_is_refused(lab: Lab, name: str) -> None:
    """Line breaks, escapes, direction marks, empty or endless names."""
    assert "name" in str(enter(lab, a_member(3, name))[0])
    assert names(lab) == []


def test_an_enterprise_is_found_by_code_and_by_number(lab: Lab) -> None:
    """Its id is the next free one; a code is taken once, however it is written."""
    made, again = register(lab, NewEnterprise("Beta", "二厂"), NewEnterprise("BETA", "三厂"))
    assert made == ENTERPRISE + 1
    assert "enterprise BETA is there already" in str(again)
    for name in ("Beta", "bEtA", str(made)):
        assert lab.step(lambda conn, _, name=name: find_enterprises(conn, [name])[name].id) == made  # type: ignore[misc]
    assert "enterprise id 1001" in str(register(lab, NewEnterprise("C", "x", id=ENTERPRISE))[0])


@pytest.mark.parametrize("code", ["", "1001", "红岩", "a b", "x" * 33, "²"])
def test_a_code_can_be_typed_and_is_no_number(lab: Lab, code: str) -> None:
    """It stands in files and on command lines beside the ids."""
    assert "a letter first" in str(register(lab, NewEnterprise(code, "二厂"))[0])


def signature_of(lab: Lab, name: str, signature: str | None) -> str:
    """The signature that a new enterprise of that name gets, or why it gets none."""

    def step(conn: Connection, context: StepContext) -> str:
        (made,) = add_enterprises(conn, context, [NewEnterprise("S", name, signature)])
        return made.told() if isinstance(made, Refused) else str(find_enterprises(conn, ["S"])["S"].signature)

    return lab.step(step)


@pytest.mark.parametrize("name", ["重庆市渝中区某某科技有限公司", "甲", "【甲】", "甲【乙】"])
def test_every_enterprise_has_a_signature_that_can_be_sent(lab: Lab, name: str) -> None:
    """Whatever its name is like: its statements and results go out under 2 to 12 characters without brackets."""
    assert signed("账单。", signature_of(lab, name, None)).startswith("【")


@pytest.mark.parametrize("signature", ["甲", "一二三四五六七八九十甲乙丙", "【甲乙】"])
def test_a_signature_that_could_not_be_sent_is_refused(lab: Lab, signature: str) -> None:
    """At once, and not when the first statement is due."""
    assert "signature" in signature_of(lab, "二厂", signature)
