"""`ykt card`. A card is named by its number, its ICCID, or the ICCID's last six digits."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from pathlib import Path

import click

from telecom_codecs.onecard.rights import Rights

from ...texts.amount import format_yuan
from ...usecases.applications import (
    ALL_RIGHTS,
    CLOSE_APPLICATION,
    DELETE_APPLICATION,
    ISSUE_APPLICATION,
    QUERY_CARD,
    REOPEN_APPLICATION,
    CardAndEnterprise,
    IssueApplication,
    Ordered,
)
from ...usecases.cards import IMPORT_CARDS, LIST_CARDS, SHOW_CARD, ImportCards, ListCards, ShowCard
from ...usecases.runner import UseCase
from .access import Place, placed
from .directory import read_file
from .output import show, show_one


@click.group()
def card() -> None:
    """Cards and the applications on them."""


@card.command("list")
@placed
def list_cards(*, place: Place) -> None:
    """Cards with the applications that they carry: slot, enterprise, state."""
    lines = place.ask(LIST_CARDS, ListCards())
    show(map(asdict, lines), ("iccid", "msisdn", "state", "profile", "applications"), as_json=place.as_json)


@card.command("show")
@click.argument("name", metavar="CARD")
@placed
def show_card(*, name: str, place: Place) -> None:
    """One card with its applications: the balance as the card told it last, and as it is booked."""
    facts = asdict(place.ask(SHOW_CARD, ShowCard(name)))
    if place.as_json:
        show_one(facts, as_json=True)
        return
    applications = facts.pop("applications")
    show_one(facts, as_json=False)
    click.echo()
    for one in applications:
        for balance in ("card_balance", "booked"):
            fen = one.pop(f"{balance}_fen")
            one[balance] = None if fen is None else format_yuan(fen)
    show(
        applications,
        ("slot", "enterprise", "name", "state", "card_balance", "booked", "card_answered_at"),
        as_json=False,
    )


@card.command("issue")
@click.argument("name", metavar="CARD")
@click.argument("enterprise_code")
@click.option(
    "--name", "label", help="As it stands on the card, at most 8 characters; the enterprise's name unless given."
)
@click.option(
    "--right",
    "rights",
    multiple=True,
    type=click.Choice([right.name.lower() for right in Rights if right.name], case_sensitive=False),
    help="What the application is good for; repeatable. Everything unless given.",
)
@click.option("--valid-until", type=click.DateTime(["%Y-%m-%d"]), help="Last day of the purse, as 2027-12-31.")
@placed
def issue(
    *,
    name: str,
    enterprise_code: str,
    label: str | None,
    rights: tuple[str, ...],
    valid_until: datetime | None,
    place: Place,
) -> None:
    """Order an enterprise's application onto a member's card; the service sends it over the air."""
    wanted = sum(Rights[right.upper()] for right in set(rights)) or ALL_RIGHTS
    last_day = valid_until.date() if valid_until else None
    _tell(place, place.ask(ISSUE_APPLICATION, IssueApplication(name, enterprise_code, label, int(wanted), last_day)))


def _command(word: str, use_case: UseCase[CardAndEnterprise, Ordered], told: str) -> None:
    """`ykt card WORD CARD ENTERPRISE`."""

    @card.command(word, help=told)
    @click.argument("name", metavar="CARD")
    @click.argument("enterprise_code")
    @placed
    def order(*, name: str, enterprise_code: str, place: Place) -> None:
        _tell(place, place.ask(use_case, CardAndEnterprise(name, enterprise_code)))


_command(
    "query", QUERY_CARD, "Ask over the air for an application's balance and counters; `ykt card show` tells the answer."
)
_command("close", CLOSE_APPLICATION, "Close an application over the air: it takes no more taps and tells its balance.")
_command("reopen", REOPEN_APPLICATION, "Open a closed application again.")
_command("delete", DELETE_APPLICATION, "Delete an application over the air.")


def _tell(place: Place, ordered: Ordered) -> None:
    if place.as_json:
        show_one(asdict(ordered), as_json=True)
    else:
        click.echo(f"ordered: job {ordered.job}, card {ordered.card}, enterprise {ordered.enterprise}")


@card.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--plaintext-keys", is_flag=True, help="The file holds keys in clear. Destroy it afterwards.")
@placed
def import_cards(*, file: Path, plaintext_keys: bool, place: Place) -> None:
    """Enter cards: CSV with iccid, imsi, msisdn, mt_kic, mt_kid, mt_dek, mo_kic, mo_kid; optionally keys, profile.

    `keys` is aes or 3des; the keys themselves are hexadecimal. All lines are entered or none; a card that is
    there already stays as it is.
    """
    imported = place.ask(IMPORT_CARDS, ImportCards(read_file(file), plaintext_keys))
    if place.as_json:
        show_one(asdict(imported), as_json=True)
    else:
        click.echo(f"{imported.added} added, {imported.unchanged} unchanged; now destroy {file}: shred -u {file}")
