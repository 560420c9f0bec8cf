"""`ykt decode`: any octets, layer by layer."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import click

from telecom_codecs.crypto.openssl import OpenSslProvider
from telecom_codecs.crypto.secret_key import KeySet, SecretKey
from telecom_codecs.errors import CodecError
from telecom_codecs.ota.secured_packet import Spi

from ...tools.decode.layers import KINDS, DecodeKeys, decode_layers
from ...tools.decode.render import as_json, as_text, harmless

KEYS_HELP = 'TOML file with kic_key and kid_key in hex (and for responses spi, kic, kid: "1639", "12", "12").'


class Hex(click.ParamType):  # type: ignore[type-arg]  # generic in later releases of click only
    """Octets in hex; colons and a leading 0x are allowed, `size` says how many are wanted."""

    name = "hex"

    def __init__(self, size: int | None = None) -> None:
        self._size = size

    def convert(self, value: str | bytes, param: click.Parameter | None, ctx: click.Context | None) -> bytes:
        if isinstance(value, bytes):
            return value
        try:
            octets = bytes.fromhex(value.replace(":", "").removeprefix("0x"))
        except ValueError:
            self.fail("not hex; give pairs of 0-9 A-F", param, ctx)
        if not octets:
            self.fail("empty; give pairs of 0-9 A-F", param, ctx)
        if len(octets) != (self._size or len(octets)):
            self.fail(f"{self._size} octets are wanted, not {len(octets)}", param, ctx)
        return octets


def read_keys(path: Path) -> DecodeKeys:
    """Keys from a file: on a command line they would stay in the shell's history."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
        keys = KeySet(SecretKey(bytes.fromhex(table["kic_key"])), SecretKey(bytes.fromhex(table["kid_key"])))
        return DecodeKeys(
            {0: keys},
            OpenSslProvider(),
            Spi.decode(_octets(table.get("spi", "1639"), 2)),
            _octets(table.get("kic", "12"), 1)[0],
            _octets(table.get("kid", "12"), 1)[0],
        )
    except KeyError as error:
        raise click.UsageError(f"{path}: {error.args[0]} is missing. {KEYS_HELP}") from None
    except OSError as error:
        raise click.UsageError(f"{path}: {error.strerror}. {KEYS_HELP}") from None
    except (CodecError, TypeError, ValueError):
        raise click.UsageError(f"{path}: not TOML with keys in hex. {KEYS_HELP}") from None


def _octets(text: str, size: int) -> bytes:
    octets = bytes.fromhex(text)
    if len(octets) != size:
        raise ValueError(f"{size} octets are wanted")
    return octets


@click.command()
@click.argument("octets", metavar="HEX…", nargs=-1, required=True, type=Hex())
@click.option("--as", "kind", type=click.Choice(["auto", *KINDS]), default="auto", show_default=True)
@click.option("--keys", "key_file", type=click.Path(path_type=Path, dir_okay=False), help=KEYS_HELP)
@click.option("--json", "json_wanted", is_flag=True, help="Machine-readable.")
def decode(octets: tuple[bytes, ...], kind: str, key_file: Path | None, json_wanted: bool) -> None:
    """Show any octets of this field layer by layer; several arguments are the segments of one message."""
    layers = decode_layers(octets, kind, read_keys(key_file) if key_file else None)
    if json_wanted:
        listing = json.dumps([as_json(layer) for layer in layers], ensure_ascii=False, indent=1)
        click.echo("\n".join(harmless(line) for line in listing.split("\n")))
    else:
        click.echo("\n".join(as_text(layer) for layer in layers))
    if any(layer.is_faulty for layer in layers):
        raise SystemExit(1)
