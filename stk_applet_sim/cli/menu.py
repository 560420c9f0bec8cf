"""`ykt sim menu`: the card's menu as octets for its files, and back (docs/wire/card-application.md §10)."""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path

import click

from telecom_codecs.errors import CodecError
from telecom_codecs.octets import Cursor
from telecom_codecs.onecard.language import Language

from .. import applet
from ..applet.menu_bank import BANK_OCTETS, HEADER_OCTETS, MenuHeader, compile_bank, read_bank
from ..applet.menu_tree import ROOT, MenuTree, compile_menu, packaged_menu

SOURCE = click.Path(path_type=Path, dir_okay=False, exists=True)


@click.group()
def menu() -> None:
    """The menu in the card's files."""


@menu.command("compile")
@click.option("--menu", "entries", type=SOURCE, help="Entries, as menu.toml of the applet.")
@click.option("--texts", type=SOURCE, help="Texts, as texts.toml of the applet.")
@click.option("--text", "replaced", multiple=True, metavar="NAME", help="Put this text into the bank, too.")
@click.option("--bank", type=click.IntRange(1, 2), default=2, show_default=True)
@click.option("--version", type=click.IntRange(0, 0xFFFF), default=1, show_default=True)
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), required=True, help="The octets of the bank.")
@click.option("--json", "as_json", is_flag=True, help="Machine-readable.")
def compile_file(
    *,
    entries: Path | None,
    texts: Path | None,
    replaced: tuple[str, ...],
    bank: int,
    version: int,
    out: Path,
    as_json: bool,
) -> None:
    """Write a bank and print the header that puts it to use.

    What a phone could not show, or a bank not hold, fails here. Without --menu and --texts it is the applet's own menu.
    """
    try:
        tree = compile_menu(_source(entries, "menu.toml"), _source(texts, "texts.toml"))
        octets = compile_bank(tree, replaced)
    except (CodecError, KeyError, TypeError, ValueError) as error:
        raise click.ClickException(f"menu: {error}") from None
    out.write_bytes(octets)
    header = MenuHeader.of(bank, version, octets).encode().hex().upper()
    if as_json:
        click.echo(
            json.dumps({"bank": bank, "octets": len(octets), "free": BANK_OCTETS - len(octets), "header": header})
        )
        return
    click.echo(f"{len(octets)} of {BANK_OCTETS} octets for EF 6F0{bank} in {out}")
    click.echo(f"EF 6F03, alone and last: {header}")


@menu.command("show")
@click.argument("bank", type=SOURCE)
@click.option("--header", metavar="HEX", help="EF 6F03: check it against the bank.")
@click.option("--english", is_flag=True)
def show_file(bank: Path, header: str | None, english: bool) -> None:
    """Read a bank as the card would, and print its lists."""
    octets = bank.read_bytes()
    try:
        if header is not None:
            octets = MenuHeader.decode(Cursor(bytes.fromhex(header)).take(HEADER_OCTETS, "header")).checked(octets)
        tree = read_bank(octets, packaged_menu())
    except (CodecError, ValueError) as error:
        raise click.ClickException(f"{bank}: the card would refuse it: {error}") from None
    language = Language.EN if english else Language.ZH
    click.echo(tree.title.say(language))
    _print_below(tree, ROOT, language, "  ")
    loaded = packaged_menu()
    for name in tree.texts:
        if tree.texts[name] != loaded.texts[name]:
            click.echo(f"text {name}: {tree.texts[name].say(language)}")


def _print_below(tree: MenuTree, parent: int, language: Language, indent: str) -> None:
    for number, entry in enumerate(tree.below(parent), 1):
        click.echo(f"{indent}{number} {entry.text.say(language)}  (id {entry.id:02X}, action {entry.action:02X})")
        _print_below(tree, entry.id, language, indent + "  ")


def _source(path: Path | None, shipped: str) -> str:
    if path is not None:
        return path.read_text(encoding="utf-8")
    return resources.files(applet).joinpath(shipped).read_text(encoding="utf-8")
