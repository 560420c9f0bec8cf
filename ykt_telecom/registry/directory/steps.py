"""Enterprises and members: entered in lists, one result for each. Nothing is written for one that is refused.

The audit row is the use case's: it knows who asked.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar

from sqlalchemy import Connection, Row, func, insert, select

from telecom_codecs.card.identities import Msisdn

from ...storage.context import StepContext
from ...storage.literal import among
from ...texts.refusals import Code, Refused, invalid, refuse
from ...texts.signature import is_signature, signature_from
from .states import MemberState
from .tables import enterprise, member

ACTIVE = MemberState.ACTIVE
DEFAULT_LOAD_CAP_FEN = 100_000
MOST_DIGITS = 10  #: of an enterprise id, which is a u32
FIRST_ID = 1001
LONGEST_NAME = 64

_CODE = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,31}", re.ASCII)
_AT_ONCE = 5000  #: parameters of one statement; PostgreSQL takes 65,535

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class NewEnterprise:
    """An enterprise to be entered; `id` is the next free one and the signature the name's beginning unless given."""

    code: str
    name: str
    signature: str | None = None
    id: int | None = None
    load_cap_fen: int = DEFAULT_LOAD_CAP_FEN


@dataclass(frozen=True, slots=True)
class NewMember:
    """A line of a roster."""

    enterprise_id: int
    msisdn: Msisdn
    name: str
    employee_no: str | None = None
    department: str | None = None


class Entry(StrEnum):
    """What a line of a roster is."""

    NEW = "NEW"
    KNOWN = "KNOWN"  #: the very same line is there already


def name_fault(text: str, zh: str, en: str, longest: int = LONGEST_NAME) -> Refused | None:
    """Why the text may not stand in a statement: too long, not one line, control or direction characters."""
    clean = clean_name(text)
    if not clean or len(clean) > longest:
        return invalid(f"{zh}应为 1 至 {longest} 个字符", f"{en}: 1 to {longest} characters, please")
    if any(unicodedata.category(character) in {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"} for character in clean):
        return invalid(
            f"{zh}含有控制字符或不可见字符", f"{en} {text!r}: control and invisible characters are not allowed"
        )
    return None


def clean_name(text: str) -> str:
    """The text as it is kept: NFC, without blanks around it."""
    return unicodedata.normalize("NFC", text).strip()


# --- enterprises -----------------------------------------------------------------------------------------------------


def add_enterprises(conn: Connection, context: StepContext, news: Sequence[NewEnterprise]) -> list[int | Refused]:
    """Enter enterprises; for each its id. Codes are equal whether they are written large or small."""
    codes = {code.lower() for code in conn.execute(select(enterprise.c.code)).scalars()}
    ids = set(conn.execute(select(enterprise.c.id)).scalars())
    results: list[int | Refused] = []
    for new in news:
        fault = _enterprise_fault(new, codes, ids)
        if fault is not None:
            results.append(fault)
            continue
        number = new.id or max([FIRST_ID - 1, *ids]) + 1
        name = clean_name(new.name)
        conn.execute(
            insert(enterprise).values(
                id=number,
                code=new.code,
                name=name,
                signature=clean_name(new.signature) if new.signature else signature_from(name),
                load_cap_fen=new.load_cap_fen,
                state=ACTIVE,
                created_at=context.now,
            )
        )
        codes.add(new.code.lower())
        ids.add(number)
        results.append(number)
    return results


def _enterprise_fault(new: NewEnterprise, codes: set[str], ids: set[int]) -> Refused | None:
    if _CODE.fullmatch(new.code) is None:
        return invalid(
            "单位代码应以字母开头，由字母、数字、- 和 _ 组成，不超过 32 个字符",
            f"code {new.code[:40]!r}: a letter first, then letters, digits, - and _, at most 32 in all",
        )
    fault = name_fault(new.name, "单位名称", "name")
    if fault is not None:
        return fault
    if new.signature and not is_signature(clean_name(new.signature)):
        return invalid(
            "签名应为 2 至 12 个字符，不含括号", f"signature {new.signature!r}: 2 to 12 characters without brackets"
        )
    if new.code.lower() in codes:
        return refuse(Code.DUPLICATE, what=f"enterprise {new.code}")
    if new.id is not None and new.id in ids:
        return refuse(Code.DUPLICATE, what=f"enterprise id {new.id}")
    if new.id is not None and not 0 < new.id < 1 << 32:
        return invalid("单位编号应为 1 至 4294967295", f"enterprise id {new.id}: 1 to 4294967295, please")
    return None


def find_enterprises(conn: Connection, names: Iterable[str]) -> dict[str, Row[Any]]:
    """Those of the names that are an enterprise's code, however it is written, or its id in digits."""
    wanted = list(dict.fromkeys(names))
    numbers = {name: int(name) for name in wanted if name.isascii() and name.isdigit() and len(name) <= MOST_DIGITS}
    rows = conn.execute(
        select(enterprise).where(
            func.lower(enterprise.c.code).in_([name.lower() for name in wanted])
            | enterprise.c.id.in_(list(numbers.values()))
        )
    ).all()
    by_code, by_id = {row.code.lower(): row for row in rows}, {row.id: row for row in rows}
    found = {name: by_code.get(name.lower()) or by_id.get(numbers.get(name)) for name in wanted}
    return {name: row for name, row in found.items() if row is not None}


def enterprises(conn: Connection, only: int | None = None) -> list[Row[Any]]:
    """All enterprises by id, or one."""
    query = select(enterprise).order_by(enterprise.c.id)
    return list(conn.execute(query if only is None else query.where(enterprise.c.id == only)))


# --- members ---------------------------------------------------------------------------------------------------------


def judge_members(conn: Connection, members: Sequence[NewMember]) -> list[Entry | Refused]:
    """What each line is, beside what is there and the lines before it. Writes nothing."""
    by_number: dict[tuple[int, str], tuple[str, str | None]] = {}
    employees: dict[tuple[int, str], str] = {}
    for row in _known(conn, members):
        by_number[row.enterprise_id, row.msisdn] = row.name, row.employee_no
        if row.employee_no is not None:
            employees[row.enterprise_id, row.employee_no] = row.msisdn
    verdicts: list[Entry | Refused] = []
    for one in members:
        verdict = _judge(one, by_number, employees)
        if verdict is Entry.NEW:
            by_number[one.enterprise_id, one.msisdn.digits] = clean_name(one.name), one.employee_no
            if one.employee_no is not None:
                employees[one.enterprise_id, one.employee_no] = one.msisdn.digits
        verdicts.append(verdict)
    return verdicts


def _judge(
    one: NewMember,
    by_number: dict[tuple[int, str], tuple[str, str | None]],
    employees: dict[tuple[int, str], str],
) -> Entry | Refused:
    fault = name_fault(one.name, "姓名", "name") or _optional_fault(one)
    if fault is not None:
        return fault
    known = by_number.get((one.enterprise_id, one.msisdn.digits))
    if known == (clean_name(one.name), one.employee_no):
        return Entry.KNOWN
    if known is not None:
        return refuse(Code.MEMBER_DIFFERS, number=one.msisdn.masked())
    if one.employee_no is not None and (one.enterprise_id, one.employee_no) in employees:
        return refuse(Code.DUPLICATE, what=f"employee number {one.employee_no}")
    return Entry.NEW


def _optional_fault(one: NewMember) -> Refused | None:
    if one.employee_no is not None and (fault := name_fault(one.employee_no, "工号", "employee number", 32)):
        return fault
    return None if one.department is None else name_fault(one.department, "部门", "department")


def _known(conn: Connection, members: Sequence[NewMember]) -> Iterator[Any]:
    """The active members who share a number or an employee number with one of these."""
    by_enterprise: dict[int, list[NewMember]] = {}
    for one in members:
        by_enterprise.setdefault(one.enterprise_id, []).append(one)
    for enterprise_id, here in by_enterprise.items():
        query = select(member.c.enterprise_id, member.c.msisdn, member.c.name, member.c.employee_no).where(
            member.c.enterprise_id == enterprise_id, among(member.c.state, (ACTIVE,))
        )
        for some in _slices([one.msisdn.digits for one in here]):
            yield from conn.execute(query.where(member.c.msisdn.in_(some)))
        for some in _slices([one.employee_no for one in here if one.employee_no is not None]):
            yield from conn.execute(query.where(member.c.employee_no.in_(some)))


def _slices(values: Sequence[T]) -> Iterator[list[T]]:
    for start in range(0, len(values), _AT_ONCE):
        yield list(values[start : start + _AT_ONCE])


def insert_members(conn: Connection, context: StepContext, members: Sequence[NewMember]) -> None:
    """Write lines that were judged NEW."""
    if not members:
        return
    rows = [
        {
            "enterprise_id": one.enterprise_id,
            "msisdn": one.msisdn.digits,
            "name": clean_name(one.name),
            "employee_no": one.employee_no,
            "department": one.department,
            "state": ACTIVE,
            "created_at": context.now,
        }
        for one in members
    ]
    conn.execute(insert(member), rows)


def add_members(conn: Connection, context: StepContext, members: Sequence[NewMember]) -> list[Entry | Refused]:
    """Enter members, each for itself; lines that are there already change nothing."""
    verdicts = judge_members(conn, members)
    insert_members(conn, context, [one for one, verdict in zip(members, verdicts, strict=True) if verdict is Entry.NEW])
    return verdicts


def members_of(conn: Connection, enterprise_id: int | None = None) -> list[Row[Any]]:
    """The active members of an enterprise, or of all, with their enterprise's code."""
    query = (
        select(member, enterprise.c.code.label("enterprise"))
        .join(enterprise, enterprise.c.id == member.c.enterprise_id)
        .where(among(member.c.state, (ACTIVE,)))
        .order_by(member.c.enterprise_id, member.c.id)
    )
    if enterprise_id is not None:
        query = query.where(member.c.enterprise_id == enterprise_id)
    return list(conn.execute(query))


def memberships_of(conn: Connection, numbers: Iterable[str]) -> set[tuple[str, int]]:
    """Which of the numbers are members of which enterprise."""
    found: set[tuple[str, int]] = set()
    for some in _slices(list(dict.fromkeys(numbers))):
        rows = conn.execute(
            select(member.c.msisdn, member.c.enterprise_id).where(
                among(member.c.state, (ACTIVE,)), member.c.msisdn.in_(some)
            )
        )
        found.update((row.msisdn, row.enterprise_id) for row in rows)
    return found
