"""`ykt card`."""

from __future__ import annotations

from pathlib import Path

import click
from sqlalchemy import Connection, select

from telecom_codecs.errors import CodecError
from telecom_codecs.identities import Iccid, Imsi, Msisdn
from telecom_codecs.providers.openssl import OpenSslProvider
from telecom_codecs.secret_key import SecretKey

from ..cards.states import Refused
from ..cards.steps import NewCard, add_card
from ..cards.tables import card as card_table
from ..cards.tables import card_application
from ..keys.steps import KeyRefused, KeyUsage, store_card_keys
from ..storage.context import StepContext
from .access import actor as acting
from .access import configured, reading, ring_of, settings_of, write
from .directory import read_table
from .output import Trouble, as_json, show

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
