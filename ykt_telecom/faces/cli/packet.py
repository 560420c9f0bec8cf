"""`ykt packet encode` and `ykt packet decode`. Keys come from a file: a command line stays in the shell's history."""

from __future__ import annotations

import json
from pathlib import Path

import click

from telecom_codecs.card.identities import Tar
from telecom_codecs.crypto.openssl import OpenSslProvider
from telecom_codecs.crypto.secret_key import CryptoProvider, KeySet
from telecom_codecs.ota.packet_security import open_command, open_response, seal_command, seal_response
from telecom_codecs.ota.remote_command import encode_compact
from telecom_codecs.ota.secured_packet import COUNTER_MAX, CommandHeader, CommandPacket, ResponsePacket, Spi
from telecom_codecs.sms.concat import split_packet
from telecom_codecs.sms.udh import IEI_COMMAND_PACKET, IEI_RESPONSE_PACKET

from ...tools.packet.fields import as_lines, command_fields, joined, response_fields
from .decode import KEYS_HELP, Hex, read_keys


class Security:
    """Keys, SPI, KIc and KID: from options first, then from the key file, then what the service uses (1639, 12)."""

    def __init__(self, key_file: Path | None, spi: bytes | None, kic: bytes | None, kid: bytes | None) -> None:
        found = read_keys(key_file) if key_file else None
        self.provider: CryptoProvider = OpenSslProvider()
        self.spi = Spi.decode(spi) if spi else found.spi if found else Spi.decode(b"\x16\x39")
        self.kic = kic[0] if kic else found.kic if found else 0x12
        self.kid = kid[0] if kid else found.kid if found else 0x12
        self._found = found

    def keys_of(self, kic: int) -> KeySet | None:
        """The key set that a KIc octet names; None without a key file."""
        return self._found.of(kic) if self._found else None


KEYS = click.option("--keys", "key_file", type=click.Path(path_type=Path, dir_okay=False), help=KEYS_HELP)
SPI = click.option("--spi", type=Hex(2), help="Both octets; a response is read by the SPI of its command.  [1639]")
KIC = click.option("--kic", type=Hex(1), help="Key set and algorithm of ciphering.  [12]")
KID = click.option("--kid", type=Hex(1), help="Key set and algorithm of the check.  [12]")
WEAK = click.option("--weak", is_flag=True, help="Allow single DES and 3DES keys that are worth no more.")
RESPONSE = click.option("--response", is_flag=True, help="A response packet (PoR) instead of a command packet.")


@click.group()
def packet() -> None:
    """Secured packets (TS 102 225): seal a script for a card, open what a card or a server sent."""


@packet.command()
@KEYS
@SPI
@KIC
@KID
@WEAK
@RESPONSE
@click.option("--tar", type=Hex(3), required=True, help="The application on the card.")
@click.option("--cntr", type=click.IntRange(0, COUNTER_MAX), default=0, show_default=True)
@click.option("--mac-length", type=click.Choice(["4", "8"]), default="8", show_default=True, help="Of AES-CMAC.")
@click.option("--apdu", "apdus", type=Hex(), multiple=True, help="A C-APDU; several make a compact script.")
@click.option("--data", type=Hex(), help="The secured data as they are, instead of --apdu.")
@click.option("--status", type=Hex(1), default="00", show_default=True, help="Of a response packet.")
@click.option(
    "--segments", type=click.IntRange(0, 255), metavar="REFERENCE", help="TP-UD of each short message, a line each."
)
def encode(  # noqa: PLR0917 - click passes them by name
    key_file: Path | None,
    spi: bytes | None,
    kic: bytes | None,
    kid: bytes | None,
    weak: bool,
    response: bool,
    tar: bytes,
    cntr: int,
    mac_length: str,
    apdus: tuple[bytes, ...],
    data: bytes | None,
    status: bytes,
    segments: int | None,
) -> None:
    """Print a packet in hex, from its length octets on, or its segments."""
    if apdus and data:
        raise click.UsageError("--apdu and --data exclude each other")
    security = Security(key_file, spi, kic, kid)
    keys = security.keys_of(security.kic)
    content = encode_compact(apdus) if apdus else data or b""
    if response:
        value = ResponsePacket(Tar(tar), cntr, status[0], content)
        octets = seal_response(
            value, security.spi, security.kic, security.kid, keys, security.provider,
            mac_length=int(mac_length), weak_algorithms=weak,
        )  # fmt: skip
    else:
        command = CommandPacket(security.spi, security.kic, security.kid, Tar(tar), cntr, content)
        octets = seal_command(command, keys, security.provider, mac_length=int(mac_length), weak_algorithms=weak)
    if segments is None:
        click.echo(octets.hex())
        return
    iei = IEI_RESPONSE_PACKET if response else IEI_COMMAND_PACKET
    for user_data in split_packet(octets, iei=iei, reference=segments):
        click.echo(user_data.hex())


@packet.command()
@KEYS
@SPI
@KIC
@KID
@WEAK
@RESPONSE
@click.option("--json", "json_wanted", is_flag=True, help="Machine-readable.")
@click.argument("octets", metavar="HEX…", nargs=-1, required=True, type=Hex())
def decode(  # noqa: PLR0917 - click passes them by name
    key_file: Path | None,
    spi: bytes | None,
    kic: bytes | None,
    kid: bytes | None,
    weak: bool,
    response: bool,
    json_wanted: bool,
    octets: tuple[bytes, ...],
) -> None:
    """Open a packet: bare, behind its UDH, or as the TP-UD of all its segments. A bad check is exit status 1."""
    security = Security(key_file, spi, kic, kid)
    whole = joined(octets)
    provider = security.provider
    if response:
        keys = security.keys_of(security.kic)
        found = response_fields(
            open_response(whole, security.spi, security.kic, security.kid, keys, provider, weak_algorithms=weak)
        )
    else:
        keys = security.keys_of(CommandHeader.peek(whole).kic)
        found = command_fields(open_command(whole, keys, provider, weak_algorithms=weak))
    click.echo(json.dumps(found, ensure_ascii=False, indent=1) if json_wanted else as_lines(found))
