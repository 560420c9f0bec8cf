"""`ykt enterprise` and `ykt member`."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

import click
from sqlalchemy import Connection

from telecom_codecs.card.identities import Msisdn
from telecom_codecs.crypto.openssl import OpenSslProvider
from telecom_codecs.crypto.secret_key import SecretKey
from telecom_codecs.errors import CodecError

from ...registry.directory.steps import (
    ImportCount,
    NewMember,
    add_enterprise,
    add_members,
    enterprises,
    find_enterprise,
    members_of,
)
from ...registry.keys.steps import store_mother_key
from ...storage.context import StepContext
from .access import actor, configured, reading, ring_of, settings_of, write
from .output import Trouble, as_json, show

#: Most lines of a roster, and most characters of a line.
_ROSTER_LINES = 200_000
_LINE_LENGTH = 4096


@click.group()
def enterprise() -> None:
    """Enterprises: the tenants, each with its own mother key."""


@enterprise.command("add")
@click.argument("code")
@click.argument("name")
@click.option("--signature", help="Stands in 【】 before every SMS; the name unless given.")
@click.option("--id", "enterprise_id", type=click.IntRange(1, 0xFFFFFFFF), help="u32; the next free one unless given.")
@configured
def add_one_enterprise(
    *, code: str, name: str, signature: str | None, enterprise_id: int | None, config: Path | None, data: Path | None
) -> None:
    """Register an enterprise and make its mother key."""
    settings = settings_of(config, data)
    ring = ring_of(settings)

    def step(conn: Connection, context: StepContext) -> int:
        made = add_enterprise(
            conn,
            code=code,
            name=name,
            signature=signature,
            enterprise_id=enterprise_id,
            actor=actor(),
            now=context.now,
        )
        store_mother_key(
            conn,
            ring,
            made,
            1,
            SecretKey(context.tokens.octets(16)),
            provider=OpenSslProvider(),
            nonce=context.tokens.octets(12),
            actor=actor(),
            now=context.now,
        )
        return made

    click.echo(f"enterprise {code} has the id {write(settings, step)}")


@enterprise.command("list")
@as_json
@configured
def list_enterprises(as_json: bool, config: Path | None, data: Path | None) -> None:
    """Enterprises by id."""
    with reading(settings_of(config, data)) as conn:
        show(
            (dict(row._mapping) for row in enterprises(conn)),
            ("id", "code", "name", "signature", "state"),
            as_json=as_json,
        )


@click.group()
def member() -> None:
    """Members: who belongs to which enterprise."""


@member.command("add")
@click.argument("enterprise_code")
@click.argument("msisdn")
@click.argument("name")
@click.option("--employee-no", help="The enterprise's own number for the person.")
@click.option("--department")
@configured
def add_one_member(
    *,
    enterprise_code: str,
    msisdn: str,
    name: str,
    employee_no: str | None,
    department: str | None,
    config: Path | None,
    data: Path | None,
) -> None:
    """Enter one member."""
    new = NewMember(Msisdn(msisdn), name, employee_no, department)

    def step(conn: Connection, context: StepContext) -> ImportCount:
        owner = find_enterprise(conn, enterprise_code)
        return add_members(conn, owner.id, [new], actor=actor(), now=context.now)

    count = write(settings_of(config, data), step)
    click.echo(f"{count.added} added, {count.unchanged} unchanged")


@member.command("import")
@click.argument("enterprise_code")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@configured
def import_members(enterprise_code: str, file: Path, config: Path | None, data: Path | None) -> None:
    """Enter a roster: CSV with the columns msisdn, name and optionally employee_no, department. All or none."""
    roster = list(_read_roster(file))

    def step(conn: Connection, context: StepContext) -> ImportCount:
        owner = find_enterprise(conn, enterprise_code)
        return add_members(conn, owner.id, roster, actor=actor(), now=context.now)

    count = write(settings_of(config, data), step)
    click.echo(f"{count.added} added, {count.unchanged} unchanged")


def _read_roster(file: Path) -> Iterator[NewMember]:
    for number, row in read_table(file, required=("msisdn", "name"), optional=("employee_no", "department")):
        try:
            yield NewMember(
                Msisdn(row["msisdn"]), row["name"], row.get("employee_no") or None, row.get("department") or None
            )
        except CodecError as error:
            raise Trouble(f"{file}: line {number}: {error}") from None


def read_table(
    file: Path, *, required: tuple[str, ...], optional: tuple[str, ...] = ()
) -> Iterator[tuple[int, dict[str, str]]]:
    """The rows of a CSV file (UTF-8, first line names the columns) with their line numbers; bounded, strict."""
    try:
        with file.open(encoding="utf-8-sig", newline="") as stream:
            lines = (_bounded(line, number, file) for number, line in enumerate(_lines(stream), start=1))
            table = csv.DictReader(lines, strict=True)
            names = table.fieldnames or []
            unknown = [name for name in names if name not in required + optional]
            missing = [name for name in required if name not in names]
            if unknown or missing:
                raise Trouble(
                    f"{file}: line 1 must name the columns {', '.join(required + optional)}; "
                    f"missing {missing or 'none'}, unknown {unknown or 'none'}"
                )
            for row in table:
                if None in row or None in row.values():
                    raise Trouble(f"{file}: line {table.line_num}: {len(names)} fields, please")
                yield table.line_num, {name: value.strip() for name, value in row.items()}
    except UnicodeDecodeError:
        raise Trouble(f"{file}: not UTF-8; save it as UTF-8") from None
    except csv.Error as error:
        raise Trouble(f"{file}: not CSV: {error}") from None


def _lines(stream: TextIO) -> Iterator[str]:
    while line := stream.readline(_LINE_LENGTH + 1):
        yield line


def _bounded(line: str, number: int, file: Path) -> str:
    if len(line) > _LINE_LENGTH or number > _ROSTER_LINES + 1 or "\0" in line:
        raise Trouble(f"{file}: line {number}: too long, too many lines, or a NUL")
    return line


@member.command("list")
@click.option("--enterprise", "enterprise_code", help="Only this enterprise's.")
@as_json
@configured
def list_members(enterprise_code: str | None, as_json: bool, config: Path | None, data: Path | None) -> None:
    """Active members."""
    with reading(settings_of(config, data)) as conn:
        only = find_enterprise(conn, enterprise_code).id if enterprise_code else None
        columns = ("enterprise_id", "msisdn", "name", "employee_no", "department")
        show((dict(row._mapping) for row in members_of(conn, only)), columns, as_json=as_json)
