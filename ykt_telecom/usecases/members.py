"""Members: entered one by one or by a roster, and looked at."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection

from telecom_codecs.card.identities import Msisdn
from telecom_codecs.errors import CodecError

from ..registry.audit.subject import Subject
from ..registry.directory.steps import (
    Entry,
    NewMember,
    insert_members,
    judge_members,
    members_of,
)
from ..registry.directory.steps import add_members as enter
from ..registry.people.principals import Principal
from ..texts.refusals import BadRow, Code, Refused, Words, invalid
from .means import Context, Means
from .results import Done, Result
from .runner import UseCase
from .sheets import Column, Sheet, bad_rows, read_sheet
from .subjects import enterprises_named

#: A roster's columns.
COLUMNS = (
    Column("msisdn", "手机号", ("手机", "手机号码", "号码", "电话", "mobile", "phone", "phone number", "number")),
    Column("name", "姓名", ("名字", "full name")),
    Column("employee_no", "工号", ("员工号", "员工编号", "编号", "employee no", "employee number"), is_required=False),
    Column("department", "部门", ("单位部门", "dept"), is_required=False),
)
#: The column that a refusal of a member speaks of.
_COLUMN_OF = {Code.VALIDATION.value: "name", Code.DUPLICATE.value: "employee_no"}
_EVERY = 1000  #: lines between two words on how far an import is


@dataclass(frozen=True, slots=True)
class AddMember:
    """Enter one member of an enterprise."""

    enterprise: str
    msisdn: str = field(repr=False)
    name: str
    employee_no: str | None = None
    department: str | None = None


@dataclass(frozen=True, slots=True)
class ImportMembers:
    """Enter a roster: the file as it is. All lines or none; lines that are there already change nothing."""

    enterprise: str
    file: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Entered:
    """How many were new, and how many were there already."""

    added: int
    unchanged: int


@dataclass(frozen=True, slots=True)
class ListMembers:
    """The active members of one enterprise, or of all that the principal may see."""

    enterprise: str | None = None


@dataclass(frozen=True, slots=True)
class MemberLine:
    """A member as it is listed."""

    enterprise: str
    msisdn: str = field(repr=False)
    name: str
    employee_no: str | None
    department: str | None


@dataclass(frozen=True, slots=True)
class _Read:
    """A roster that was read before the transaction began."""

    enterprise: str
    digest: str
    sheet: Sheet
    numbers: tuple[Msisdn, ...]


def number_of(text: str) -> Msisdn | Refused:
    """The one way a number comes in."""
    try:
        return Msisdn.of(text)
    except CodecError as error:
        return invalid("手机号应为 11 位数字，如 13800000001；表格请把该列设为文本格式", str(error))


def add_member(
    conn: Connection, context: Context, who: Principal, orders: Sequence[AddMember]
) -> list[Result[Entered]]:
    """Enter each for itself."""
    owners = enterprises_named(conn, who, (order.enterprise for order in orders))
    judged: list[NewMember | Refused] = []
    for order in orders:
        owner, number = owners[order.enterprise], number_of(order.msisdn)
        if isinstance(number, Refused):
            judged.append(number)
        elif isinstance(owner, Refused):
            judged.append(owner)
        else:
            judged.append(NewMember(owner.id, number, order.name, order.employee_no or None, order.department or None))
    entries = iter(enter(conn, context.step, [one for one in judged if isinstance(one, NewMember)]))
    return [one if isinstance(one, Refused) else _entered(one, next(entries)) for one in judged]


def _entered(one: NewMember, entry: Entry | Refused) -> Result[Entered]:
    if isinstance(entry, Refused):
        return entry
    if entry is Entry.KNOWN:
        return Done(Entered(0, 1))
    return Done(Entered(1, 0), Subject.enterprise(one.enterprise_id), {"members": 1})


def read_rosters(_means: Means, orders: Sequence[ImportMembers]) -> list[_Read | Refused]:
    """Read the files; bad lines wait until the database has judged the others, too."""
    return [_read(order) for order in orders]


def _read(order: ImportMembers) -> _Read | Refused:
    sheet = read_sheet(order.file, COLUMNS)
    if isinstance(sheet, Refused):
        return sheet
    rows, numbers, bad = [], [], list(sheet.bad)
    for row in sheet.rows:
        number = number_of(row.fields["msisdn"])
        if isinstance(number, Refused):
            bad.append(BadRow(row.line, sheet.called("msisdn"), number.words))
        else:
            rows.append(row)
            numbers.append(number)
    digest = hashlib.sha256(order.file).hexdigest()
    return _Read(order.enterprise, digest, Sheet(tuple(rows), tuple(bad), sheet.headings), tuple(numbers))


def import_members(
    conn: Connection, context: Context, who: Principal, rosters: Sequence[_Read]
) -> list[Result[Entered]]:
    """Each roster whole or not at all."""
    owners = enterprises_named(conn, who, (roster.enterprise for roster in rosters))
    results: list[Result[Entered]] = []
    for roster in rosters:
        owner = owners[roster.enterprise]
        results.append(owner if isinstance(owner, Refused) else _import(conn, context, roster, owner.id))
    return results


def _import(conn: Connection, context: Context, roster: _Read, enterprise_id: int) -> Result[Entered]:
    members = [
        NewMember(
            enterprise_id,
            number,
            row.fields["name"],
            row.fields.get("employee_no") or None,
            row.fields.get("department") or None,
        )
        for row, number in zip(roster.sheet.rows, roster.numbers, strict=True)
    ]
    entries = judge_members(conn, members)
    bad = list(roster.sheet.bad)
    lines: dict[str, int] = {}
    for row, one, entry in zip(roster.sheet.rows, members, entries, strict=True):
        first = lines.setdefault(one.msisdn.digits, row.line)
        if isinstance(entry, Refused):
            repeats = Words(f"与第{first}行重复", f"repeats line {first}, with other facts")
            column = roster.sheet.called(_COLUMN_OF.get(entry.code, "msisdn"))
            bad.append(BadRow(row.line, column, entry.words if first == row.line else repeats))
    if bad:
        return bad_rows(bad)
    new = [one for one, entry in zip(members, entries, strict=True) if entry is Entry.NEW]
    for start in range(0, len(new), _EVERY):
        insert_members(conn, context.step, new[start : start + _EVERY])
        context.progress(min(start + _EVERY, len(new)), len(new))
    entered = Entered(len(new), len(members) - len(new))
    subject = Subject.enterprise(enterprise_id) if new else None
    return Done(entered, subject, {"members": len(new), "file": roster.digest[:16]})


def list_members(
    conn: Connection, _context: Context, who: Principal, orders: Sequence[ListMembers]
) -> list[Result[tuple[MemberLine, ...]]]:
    """By enterprise, in the order they were entered."""
    owners = enterprises_named(conn, who, (order.enterprise for order in orders if order.enterprise))
    results: list[Result[tuple[MemberLine, ...]]] = []
    for order in orders:
        owner = owners[order.enterprise] if order.enterprise else None
        if isinstance(owner, Refused):
            results.append(owner)
        else:
            rows = members_of(conn, who.tenant if owner is None else owner.id)
            lines = (MemberLine(row.enterprise, row.msisdn, row.name, row.employee_no, row.department) for row in rows)
            results.append(Done(tuple(lines)))
    return results


ADD_MEMBER: UseCase[AddMember, Entered] = UseCase("add_member", AddMember, Entered, add_member, action="member.add")
IMPORT_MEMBERS: UseCase[ImportMembers, Entered] = UseCase(
    "import_members", ImportMembers, Entered, import_members, action="member.import", prepare=read_rosters, bulk=True
)
LIST_MEMBERS: UseCase[ListMembers, tuple[MemberLine, ...]] = UseCase(
    "list_members", ListMembers, tuple[MemberLine, ...], list_members
)
