"""`ykt card`."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click
from sqlalchemy import Connection, select

from telecom_codecs.card.identities import Iccid, Imsi, Msisdn
from telecom_codecs.crypto.openssl import OpenSslProvider
from telecom_codecs.crypto.secret_key import SecretKey
from telecom_codecs.errors import CodecError
from telecom_codecs.onecard.rights import Rights

from ...ledger.money.steps import balance
from ...ota.outcome import JobKind
from ...ota.steps import order_job
from ...registry.cards.states import Refused
from ...registry.cards.steps import NewCard, add_card, find_card
from ...registry.cards.tables import card as card_table
from ...registry.cards.tables import card_application
from ...registry.directory.steps import find_enterprise
from ...registry.keys.steps import KeyRefused, KeyUsage, store_card_keys
from ...storage.context import StepContext
from ...usecases.issuing import ISSUE_PRIORITY, order_application
from .access import actor as acting
from .access import configured, reading, ring_of, settings_of, write
from .directory import read_table
from .output import Trouble, as_json, show, show_one

_KEY_COLUMNS = {
    "mt_kic": KeyUsage.MT_KIC,
    "mt_kid": KeyUsage.MT_KID,
    "mt_dek": KeyUsage.MT_DEK,
    "mo_kic": KeyUsage.MO_KIC,
    "mo_kid": KeyUsage.MO_KID,
}


@click.group()
def card() -> None:
    """Cards and the applications on them."""


@card.command("list")
@as_json
@configured
def list_cards(as_json: bool, config: Path | None, data: Path | None) -> None:
    """Cards with the enterprises whose applications they carry."""
    with reading(settings_of(config, data)) as conn:
        applications: dict[str, list[str]] = {}
        for row in conn.execute(select(card_application).order_by(card_application.c.slot)):
            applications.setdefault(row.iccid, []).append(f"{row.slot}:{row.enterprise_id}:{row.state}")
        rows = [
            {
                "iccid": row.iccid,
                "msisdn": row.msisdn,
                "state": row.state,
                "profile": row.profile,
                "applications": " ".join(applications.get(row.iccid, [])) or None,
            }
            for row in conn.execute(select(card_table).order_by(card_table.c.iccid))
        ]
    show(rows, ("iccid", "msisdn", "state", "profile", "applications"), as_json=as_json)


_APPLICATION = ("slot", "enterprise_id", "name", "state", "card_balance_fen", "booked_fen", "card_answered_at")


@card.command("show")
@click.argument("iccid")
@as_json
@configured
def show_card(iccid: str, as_json: bool, config: Path | None, data: Path | None) -> None:
    """One card with its applications: the balance as the card told it last, and as it is booked (fen)."""
    with reading(settings_of(config, data)) as conn:
        found = find_card(conn, iccid)
        facts = {name: getattr(found, name) for name in ("iccid", "msisdn", "state", "profile", "created_at")}
        rows = [
            {
                **{name: getattr(row, name) for name in _APPLICATION if name != "booked_fen"},
                "booked_fen": balance(conn, iccid=iccid, enterprise_id=row.enterprise_id),
            }
            for row in conn.execute(
                select(card_application)
                .where(card_application.c.iccid == iccid)
                .order_by(card_application.c.created_at, card_application.c.slot)
            )
        ]
    if as_json:
        show_one({**facts, "applications": rows}, as_json=True)
        return
    show_one(facts, as_json=False)
    click.echo()
    show(rows, _APPLICATION, as_json=False)


@card.command("issue")
@click.argument("iccid")
@click.argument("enterprise_code")
@click.option("--name", help="As it stands on the card, at most 8 characters; the enterprise's name unless given.")
@click.option(
    "--right",
    "rights",
    multiple=True,
    type=click.Choice([right.name.lower() for right in Rights if right.name], case_sensitive=False),
    help="What the application is good for; repeatable. Everything unless given.",
)
@click.option("--valid-until", type=click.DateTime(["%Y-%m-%d"]), help="Last day of the purse, as 2027-12-31.")
@configured
def issue(
    *,
    iccid: str,
    enterprise_code: str,
    name: str | None,
    rights: tuple[str, ...],
    valid_until: datetime | None,
    config: Path | None,
    data: Path | None,
) -> None:
    """Order an enterprise's application onto a card; the service sends it over the air from its next start on."""
    wanted = Rights(sum(Rights[right.upper()] for right in set(rights)) or sum(Rights))

    def step(conn: Connection, context: StepContext) -> str:
        owner = find_enterprise(conn, enterprise_code)
        return order_application(
            conn,
            context,
            iccid=iccid,
            enterprise_id=owner.id,
            name=name or owner.name,
            rights=wanted,
            valid_until=valid_until.date() if valid_until else None,
            actor=acting(),
        )

    click.echo(f"ordered: job {write(settings_of(config, data), step)}")


@card.command("query")
@click.argument("iccid")
@click.argument("enterprise_code")
@configured
def query(iccid: str, enterprise_code: str, config: Path | None, data: Path | None) -> None:
    """Ask a card over the air for an application's balance and counters; `ykt card show` tells the answer."""

    def step(conn: Connection, context: StepContext) -> str:
        job_id = context.next_id()
        order_job(
            conn,
            job_id=job_id,
            kind=JobKind.QUERY,
            iccid=iccid,
            enterprise_id=find_enterprise(conn, enterprise_code).id,
            payload={},
            origin=acting(),
            origin_id=None,
            priority=ISSUE_PRIORITY,
            now=context.now,
        )
        return job_id

    click.echo(f"ordered: job {write(settings_of(config, data), step)}")


@card.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--plaintext-keys", is_flag=True, help="The file holds keys in clear. Destroy it afterwards.")
@configured
def import_cards(file: Path, plaintext_keys: bool, config: Path | None, data: Path | None) -> None:
    """Enter cards: CSV with iccid, imsi, msisdn, mt_kic, mt_kid, mt_dek, mo_kic, mo_kid; optionally keys, profile.

    `keys` is aes or 3des; the keys themselves are hexadecimal. All lines are entered or none; a card that is
    there already stays as it is.
    """
    if not plaintext_keys:
        raise Trouble("the file holds keys in clear: say so with --plaintext-keys, and destroy it afterwards")
    required = ("iccid", "imsi", "msisdn", *_KEY_COLUMNS)
    rows = list(read_table(file, required=required, optional=("keys", "profile")))
    settings = settings_of(config, data)
    ring, provider = ring_of(settings), OpenSslProvider()

    def step(conn: Connection, context: StepContext) -> int:
        added = 0
        for number, row in rows:
            try:
                new = NewCard(
                    Iccid(row["iccid"]),
                    Imsi(row["imsi"]) if row["imsi"] else None,
                    Msisdn(row["msisdn"]) if row["msisdn"] else None,
                    row.get("profile") or "ykt",
                    row.get("keys") or "aes",
                )
                if not add_card(conn, new, actor=acting(), now=context.now):
                    continue
                store_card_keys(
                    conn,
                    ring,
                    new.iccid.digits,
                    {usage: _key(row[column], column) for column, usage in _KEY_COLUMNS.items()},
                    generation=1,
                    provider=provider,
                    nonce=lambda: context.tokens.octets(12),
                    weak_algorithms=settings.ota.weak_algorithms,
                )
            except (CodecError, KeyRefused, Refused) as error:
                raise Trouble(f"{file}: line {number}: {error}") from None
            added += 1
        return added

    added = write(settings, step)
    click.echo(f"{added} added, {len(rows) - added} unchanged; now destroy {file}: shred -u {file}")


def _key(text: str, column: str) -> SecretKey:
    try:
        return SecretKey(bytes.fromhex(text))
    except ValueError:
        raise KeyRefused(f"{column}: a key is 32 hexadecimal digits (AES-128, 3DES-2)") from None
