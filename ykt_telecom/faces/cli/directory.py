"""`ykt enterprise` and `ykt member`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from ...usecases.enterprises import ADD_ENTERPRISE, LIST_ENTERPRISES, AddEnterprise, ListEnterprises
from ...usecases.members import (
    ADD_MEMBER,
    COLUMNS,
    IMPORT_MEMBERS,
    LIST_MEMBERS,
    AddMember,
    Entered,
    ImportMembers,
    ListMembers,
)
from ...usecases.sheets import LARGEST_FILE
from ...usecases.sheets import template as template_of
from .access import Place, placed
from .output import show, show_one


@click.group()
def enterprise() -> None:
    """Enterprises: the tenants, each with its own mother key."""


@enterprise.command("add")
@click.argument("code")
@click.argument("name")
@click.option("--signature", help="Stands in 【】 before every SMS; the name unless given.")
@click.option("--id", "number", type=click.IntRange(1, 0xFFFFFFFF), help="u32; the next free one unless given.")
@placed
def add_one_enterprise(*, code: str, name: str, signature: str | None, number: int | None, place: Place) -> None:
    """Register an enterprise and make its mother key."""
    line = place.ask(ADD_ENTERPRISE, AddEnterprise(code, name, signature, number))
    if place.as_json:
        show_one(asdict(line), as_json=True)
    else:
        click.echo(f"enterprise {line.code} {line.name} has the id {line.id}")


@enterprise.command("list")
@placed
def list_enterprises(*, place: Place) -> None:
    """Enterprises by id."""
    lines = place.ask(LIST_ENTERPRISES, ListEnterprises())
    show(map(asdict, lines), ("id", "code", "name", "signature", "state"), as_json=place.as_json)


@click.group()
def member() -> None:
    """Members: who belongs to which enterprise."""


@member.command("add")
@click.argument("enterprise_code")
@click.argument("msisdn")
@click.argument("name")
@click.option("--employee-no", help="The enterprise's own number for the person.")
@click.option("--department")
@placed
def add_one_member(
    *,
    enterprise_code: str,
    msisdn: str,
    name: str,
    employee_no: str | None,
    department: str | None,
    place: Place,
) -> None:
    """Enter one member; the number as people write it."""
    _tell(place, place.ask(ADD_MEMBER, AddMember(enterprise_code, msisdn, name, employee_no, department)))


@member.command("import")
@click.argument("enterprise_code")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@placed
def import_members(*, enterprise_code: str, file: Path, place: Place) -> None:
    """Enter a roster: CSV with 手机号 (msisdn), 姓名 (name) and, if wanted, 工号 (employee_no), 部门 (department).

    UTF-8 or GBK, parted by comma, semicolon or tab. All lines or none; `ykt member template` prints a first line.
    """
    _tell(place, place.ask(IMPORT_MEMBERS, ImportMembers(enterprise_code, read_file(file))))


@member.command("template")
def template() -> None:
    """Print the first line of a roster: `ykt member template > roster.csv`."""
    click.echo("\ufeff" + template_of(COLUMNS), nl=False)


@member.command("list")
@click.option("--enterprise", "enterprise_code", help="Only this enterprise's.")
@placed
def list_members(*, enterprise_code: str | None, place: Place) -> None:
    """Active members."""
    lines = place.ask(LIST_MEMBERS, ListMembers(enterprise_code))
    show(map(asdict, lines), ("enterprise", "msisdn", "name", "employee_no", "department"), as_json=place.as_json)


def read_file(file: Path) -> bytes:
    """The file, one octet more than is taken at most: the use case says that it is too large."""
    with file.open("rb") as stream:
        return stream.read(LARGEST_FILE + 1)


def _tell(place: Place, entered: Entered) -> None:
    if place.as_json:
        show_one(asdict(entered), as_json=True)
    else:
        click.echo(f"{entered.added} added, {entered.unchanged} unchanged")
