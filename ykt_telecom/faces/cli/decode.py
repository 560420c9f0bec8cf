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
from ...tools.decode.typed import NotOctets, messages_of_arguments, messages_of_text, octets_of

KEYS_HELP = 'TOML file with kic_key and kid_key in hex (and for responses spi, kic, kid: "1639", "12", "12").'


class Hex(click.ParamType):  # type: ignore[type-arg]  # generic in later releases of click only
    """Octets in hex, in any spelling of `tools/decode/typed.py`; `size` says how many are wanted."""

    name = "hex"

    def __init__(self, size: int | None = None) -> None:
        self._size = size

    def convert(self, value: str | bytes, param: click.Parameter | None, ctx: click.Context | None) -> bytes:
        if isinstance(value, bytes):
            return value
        try:
            octets = octets_of(value)
        except NotOctets as error:
            self.fail(str(error), param, ctx)
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
@click.argument("typed", metavar="[HEX | @FILE | -]…", nargs=-1)
@click.option("--as", "kind", type=click.Choice(["auto", *KINDS]), default="auto", show_default=True)
@click.option("--keys", "key_file", type=click.Path(path_type=Path, dir_okay=False), help=KEYS_HELP)
@click.option("--json", "json_wanted", is_flag=True, help="Machine-readable.")
def decode(typed: tuple[str, ...], kind: str, key_file: Path | None, json_wanted: bool) -> None:
    """Show any octets of this field layer by layer.

    Several arguments are the segments of one message; octets that stand alone (00 A4 00 04 …) are joined to one. @FILE,
    a file's name, - or nothing at all reads a file or the input: a message a line, or hex dumps with offsets.
    """
    try:
        messages = _messages(typed or ("-",))
    except NotOctets as error:
        raise click.UsageError(f"{error} (HEX, @FILE or -)") from None
    layers = decode_layers(messages, kind, read_keys(key_file) if key_file else None)
    if json_wanted:
        listing = json.dumps([as_json(layer) for layer in layers], ensure_ascii=False, indent=1)
        click.echo("\n".join(harmless(line) for line in listing.split("\n")))
    else:
        click.echo("\n".join(as_text(layer) for layer in layers))
    if any(layer.is_faulty for layer in layers):
        raise SystemExit(1)


def _messages(typed: tuple[str, ...]) -> tuple[bytes, ...]:
    """What was typed, or lies in the files that were named."""
    files = [_named_file(one) for one in typed]
    if not any(files):
        return messages_of_arguments(typed)
    pairs = zip(typed, files, strict=True)
    return tuple(octets for one, file in pairs for octets in (_read(file) if file else messages_of_text(one)))


def _named_file(argument: str) -> str | None:
    """The file that an argument names: `-`, `@file`, or the name of one that is there and is no hex."""
    if argument == "-" or (argument.startswith("@") and len(argument) > 1):
        return argument.removeprefix("@")
    try:
        octets_of(argument)
    except NotOctets:
        return argument if "\n" not in argument and "\0" not in argument and Path(argument).is_file() else None
    return None


def _read(name: str) -> tuple[bytes, ...]:
    """The messages of a text file, or the octets of one that is no text."""
    try:
        with click.open_file(name, "rb") as file:
            content = file.read()
    except OSError as error:
        raise click.UsageError(f"{name}: {error.strerror}") from None
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return (content,)
    return (content,) if _is_binary(text) else messages_of_text(text)


def _is_binary(text: str) -> bool:
    return any(ord(one) < 0x20 and one not in "\t\r\n\f" for one in text)
