"""Enterprises and rosters."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection

from telecom_codecs.card.identities import Msisdn
from tests.ykt_telecom.lab import ENTERPRISE, Lab
from ykt_telecom.registry.directory.steps import (
    DirectoryRefused,
    ImportCount,
    NewMember,
    add_enterprise,
    add_members,
    find_enterprise,
    members_of,
)
from ykt_telecom.storage.context import StepContext
from ykt_telecom.texts.signature import signed


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    made = Lab(tmp_path)
    yield made
    made.close()


def enter(lab: Lab, *members: NewMember) -> ImportCount:
    return lab.step(lambda conn, context: add_members(conn, ENTERPRISE, members, actor="test", now=context.now))


def names(lab: Lab) -> list[str]:
    return lab.step(lambda conn, _: [row.name for row in members_of(conn, ENTERPRISE)])


ZHANG = NewMember(Msisdn("8613800000001"), "张三", "0001")


def test_a_roster_can_be_imported_twice(lab: Lab) -> None:
    """The second time nothing changes."""
    assert enter(lab, ZHANG) == ImportCount(1, 0)
    assert enter(lab, ZHANG) == ImportCount(0, 1)
    assert names(lab) == ["张三"]


def test_a_roster_is_entered_whole_or_not_at_all(lab: Lab) -> None:
    """A clash in the last line leaves nothing of the first."""
    with pytest.raises(DirectoryRefused, match="employee number"):
        enter(lab, ZHANG, NewMember(Msisdn("8613800000002"), "李四", "0001"))
    assert names(lab) == []


@pytest.mark.parametrize("name", ["", "   ", "a\nb", "a\x1bb", "ab\u202ec", "x" * 65])
def test_a_name_that_would_spoil_a_statement_is_refused(lab: Lab, name: str) -> None:
    """Line breaks, escapes, direction marks, empty or endless names."""
    with pytest.raises(DirectoryRefused):
        enter(lab, NewMember(Msisdn("8613800000003"), name))


def test_an_enterprise_is_found_by_code_and_by_number(lab: Lab) -> None:
    """Its id is the next free one; a code is taken once."""
    made = lab.step(
        lambda conn, context: add_enterprise(conn, code="B", name="二厂", signature=None, actor="test", now=context.now)
    )
    assert made == ENTERPRISE + 1
    for name in ("B", str(made)):
        assert lab.step(lambda conn, _, name=name: find_enterprise(conn, name).id) == made  # type: ignore[misc]
    with pytest.raises(DirectoryRefused, match="already"):
        lab.step(
            lambda conn, context: add_enterprise(
                conn, code="B", name="三厂", signature=None, actor="test", now=context.now
            )
        )


def signature_of(lab: Lab, name: str, signature: str | None) -> str:
    """The signature that a new enterprise of that name gets."""

    def step(conn: Connection, context: StepContext) -> str:
        add_enterprise(conn, code="S", name=name, signature=signature, actor="test", now=context.now)
        return str(find_enterprise(conn, "S").signature)

    return lab.step(step)


@pytest.mark.parametrize("name", ["重庆市渝中区某某科技有限公司", "甲", "【甲】", "甲【乙】"])
def test_every_enterprise_has_a_signature_that_can_be_sent(lab: Lab, name: str) -> None:
    """Whatever its name is like: its statements and results go out under 2 to 12 characters without brackets."""
    assert signed("账单。", signature_of(lab, name, None)).startswith("【")


@pytest.mark.parametrize("signature", ["甲", "一二三四五六七八九十甲乙丙", "【甲乙】"])
def test_a_signature_that_could_not_be_sent_is_refused(lab: Lab, signature: str) -> None:
    """At once, and not when the first statement is due."""
    with pytest.raises(DirectoryRefused, match="signature"):
        signature_of(lab, "二厂", signature)
