"""Steps on enterprises and members; each change with its audit row."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select

from telecom_codecs.card.identities import Msisdn

from ...runtime.errors import Refusal
from ...texts.signature import is_signature, signature_from
from ..audit.steps import record
from ..audit.subject import Subject
from .states import MemberState
from .tables import enterprise, member

ACTIVE = MemberState.ACTIVE
DEFAULT_LOAD_CAP_FEN = 100_000
MOST_DIGITS = 10  #: of an enterprise id, which is a u32


class DirectoryRefused(Refusal, ValueError):
    """The entry contradicts one that is there, or a field is not acceptable. The message names it."""


@dataclass(frozen=True, slots=True)
class NewMember:
    """A line of a roster."""

    msisdn: Msisdn
    name: str
    employee_no: str | None = None
    department: str | None = None


@dataclass(frozen=True, slots=True)
class ImportCount:
    """How many lines of an import were new, and how many were there already."""

    added: int
    unchanged: int


def clean_name(text: str, field: str, longest: int) -> str:
    """The text as it may stand in a statement: NFC, one line, no control or direction characters."""
    text = unicodedata.normalize("NFC", text).strip()
    if not text or len(text) > longest:
        raise DirectoryRefused(f"{field}: 1 to {longest} characters, please")
    if any(unicodedata.category(character) in {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"} for character in text):
        raise DirectoryRefused(f"{field} {text!r}: control and invisible characters are not allowed")
    return text


def add_enterprise(
    conn: Connection,
    *,
    code: str,
    name: str,
    signature: str | None,
    actor: str,
    now: datetime,
    enterprise_id: int | None = None,
    load_cap_fen: int = DEFAULT_LOAD_CAP_FEN,
) -> int:
    """Add an enterprise; its id is the next free one unless given. Raises :class:`DirectoryRefused`."""
    code, name = clean_name(code, "code", 32), clean_name(name, "name", 64)
    signature = clean_name(signature, "signature", 20) if signature else signature_from(name)
    if not is_signature(signature):
        raise DirectoryRefused(f"signature {signature!r}: 2 to 12 characters without brackets, please")
    if conn.execute(select(enterprise.c.id).where(enterprise.c.code == code)).first() is not None:
        raise DirectoryRefused(f"enterprise {code} is there already")
    if enterprise_id is None:
        enterprise_id = (conn.execute(select(func.max(enterprise.c.id))).scalar() or 1000) + 1
    elif conn.execute(select(enterprise.c.id).where(enterprise.c.id == enterprise_id)).first() is not None:
        raise DirectoryRefused(f"enterprise id {enterprise_id} is taken")
    if not 0 < enterprise_id < 1 << 32:
        raise DirectoryRefused(f"enterprise id {enterprise_id}: 1 to 4294967295, please")
    conn.execute(
        insert(enterprise).values(
            id=enterprise_id,
            code=code,
            name=name,
            signature=signature,
            load_cap_fen=load_cap_fen,
            state=ACTIVE,
            created_at=now,
        )
    )
    record(conn, at=now, actor=actor, action="enterprise.add", subject=Subject.enterprise(enterprise_id))
    return enterprise_id


def find_enterprise(conn: Connection, name: str) -> Row[Any]:
    """By code, or by id in digits; raises :class:`DirectoryRefused`."""
    found = conn.execute(select(enterprise).where(enterprise.c.code == name)).one_or_none()
    if found is None and name.isascii() and name.isdigit() and len(name) <= MOST_DIGITS:
        found = conn.execute(select(enterprise).where(enterprise.c.id == int(name))).one_or_none()
    if found is None:
        raise DirectoryRefused(f"no enterprise {name!r}; `ykt enterprise list` shows those there are")
    return found


def add_members(
    conn: Connection, enterprise_id: int, members: Iterable[NewMember], *, actor: str, now: datetime
) -> ImportCount:
    """Add the members of a roster; lines that are there already change nothing. All or none."""
    added = unchanged = 0
    for one in members:
        name = clean_name(one.name, "name", 64)
        here = (member.c.enterprise_id == enterprise_id) & (member.c.state == ACTIVE)
        known = conn.execute(select(member).where(here, member.c.msisdn == one.msisdn.digits)).one_or_none()
        if known is not None:
            if (known.name, known.employee_no) != (name, one.employee_no):
                raise DirectoryRefused(f"{one.msisdn.masked()} is a member already, under another name or number")
            unchanged += 1
            continue
        if one.employee_no is not None:
            clash = conn.execute(select(member.c.id).where(here, member.c.employee_no == one.employee_no)).first()
            if clash is not None:
                raise DirectoryRefused(f"employee number {one.employee_no} is taken")
        conn.execute(
            insert(member).values(
                enterprise_id=enterprise_id,
                msisdn=one.msisdn.digits,
                name=name,
                employee_no=one.employee_no,
                department=one.department,
                state=ACTIVE,
                created_at=now,
            )
        )
        added += 1
    if added:
        record(
            conn,
            at=now,
            actor=actor,
            action="member.add",
            subject=Subject.enterprise(enterprise_id),
            facts={"members": added},
        )
    return ImportCount(added, unchanged)


def members_of(conn: Connection, enterprise_id: int | None = None) -> list[Row[Any]]:
    """The active members of an enterprise, or of all."""
    query = select(member).where(member.c.state == ACTIVE).order_by(member.c.enterprise_id, member.c.id)
    if enterprise_id is not None:
        query = query.where(member.c.enterprise_id == enterprise_id)
    return list(conn.execute(query))


def enterprises(conn: Connection) -> list[Row[Any]]:
    """All enterprises by id."""
    return list(conn.execute(select(enterprise).order_by(enterprise.c.id)))
