"""The card manager by the contacts: a desk with the keys opens a secure channel, nobody else does."""

from __future__ import annotations

import pytest

from stk_applet_sim.uicc.card import Uicc
from telecom_codecs.card.apdu import CommandApdu, ResponseApdu
from telecom_codecs.crypto.key_derivation import DomainKeys
from telecom_codecs.crypto.secret_key import BlockCipher, SecretKey
from telecom_codecs.errors import CheckFailed
from telecom_codecs.globalplatform import scp02, scp03
from telecom_codecs.globalplatform.commands import KeyType, NewKey, RegistryEntry, put_key
from telecom_codecs.globalplatform.secure_messaging import SecurityLevel, initialize_update
from telecom_codecs.onecard.names import CARD_MANAGER_AID

from .issuing import install_command
from .ota import OPENSSL, a_card, exchange

CHALLENGE = bytes.fromhex("0102030405060708")
MAC, CIPHERED = SecurityLevel.C_MAC, SecurityLevel.C_MAC | SecurityLevel.C_DECRYPTION
EVERYTHING = CIPHERED | SecurityLevel.R_MAC | SecurityLevel.R_ENCRYPTION
GET_APPLICATIONS = CommandApdu(0x80, 0xF2, 0x40, 0x02, b"\x4f\x00")
GET_MANAGER = CommandApdu(0x80, 0xF2, 0x80, 0x02, b"\x4f\x00")
Channel = scp02.Scp02Channel | scp03.Scp03Channel


class Desk:
    """The host's side of one session with the card manager of a `plain` card (3DES set 1, AES sets 2 and 3)."""

    def __init__(self, card: Uicc, index: int, level: SecurityLevel, **changes: DomainKeys) -> None:
        self.card = card
        entry = card.keys.get(index)
        assert entry is not None
        assert entry.keys.key_encryption is not None
        self.keys = changes.get("keys") or DomainKeys(entry.keys.ciphering, entry.keys.check, entry.keys.key_encryption)
        exchange(card, "00A4040008" + CARD_MANAGER_AID.octets.hex())
        answer = exchange(card, initialize_update(CHALLENGE, key_version=index).encode())
        assert answer.sw == 0x9000, hex(answer.sw)
        if answer.data[11] == 0x02:
            begun = scp02.InitializeUpdateResponse.decode(answer.data)
            command, first = scp02.establish(self.keys, CHALLENGE, begun, level, OPENSSL)
            self.channel: Channel = first
        else:
            started = scp03.InitializeUpdateResponse.decode(answer.data)
            command, second = scp03.establish(self.keys, CHALLENGE, started, level, OPENSSL)
            self.channel = second
        self.opened = exchange(card, command.encode()).sw

    def send(self, apdu: CommandApdu) -> ResponseApdu:
        wrapped, self.channel = self.channel.wrap(apdu, OPENSSL)
        answer = exchange(self.card, wrapped.encode())
        return self.channel.open_response(answer, OPENSSL) if isinstance(self.channel, scp03.Scp03Channel) else answer


@pytest.mark.parametrize(
    ("index", "level"), [(1, MAC), (1, CIPHERED), (2, MAC), (2, CIPHERED), (2, EVERYTHING), (3, EVERYTHING)]
)
def test_desk_with_the_keys_manages_the_card(index: int, level: SecurityLevel) -> None:
    """Install an application and find it in the registry: SCP02, SCP03 with AES-128 and AES-256."""
    desk = Desk(a_card("plain"), index, level)
    assert desk.opened == 0x9000
    assert desk.send(GET_MANAGER).sw == 0x9000
    assert desk.send(CommandApdu.decode(bytes.fromhex(install_command()))).sw == 0x9000
    [entry] = RegistryEntry.decode_all(desk.send(GET_APPLICATIONS).data)
    assert entry.aid == desk.card.enterprise_applications()[0].aid


@pytest.mark.parametrize("index", [1, 2])
def test_desk_rotates_keys(index: int) -> None:
    """PUT KEY under the session's DEK; the next session needs the new keys."""
    desk = Desk(a_card("plain"), index, MAC)
    fresh = tuple(SecretKey(bytes(range(start, start + 16))) for start in (1, 40, 80))
    kind, wrapping = (KeyType.DES, BlockCipher.DES3) if index == 1 else (KeyType.AES, BlockCipher.AES)
    command = put_key(
        tuple(NewKey(kind, key) for key in fresh), index, desk.channel.keys.dek, OPENSSL, replaced=index,
        wrapping=wrapping,
    )  # fmt: skip
    old = desk.keys
    assert desk.send(command).sw == 0x9000
    assert Desk(desk.card, index, MAC, keys=DomainKeys(*fresh)).opened == 0x9000
    with pytest.raises(CheckFailed):
        Desk(desk.card, index, MAC, keys=old)


@pytest.mark.parametrize("index", [1, 2])
def test_wrong_keys_open_nothing(index: int) -> None:
    """The desk notices first; a host that insists is refused with 6982."""
    card = a_card("plain")
    exchange(card, "00A4040008" + CARD_MANAGER_AID.octets.hex())
    exchange(card, initialize_update(CHALLENGE, key_version=index).encode())
    assert exchange(card, "8482010010" + "00" * 16).sw == 0x6982
    assert exchange(card, "8482010010" + "00" * 16).sw == 0x6985  # nothing is on offer any more
    assert exchange(card, GET_APPLICATIONS.encode()).sw == 0x6982


@pytest.mark.parametrize("index", [1, 2])
def test_forged_command_ends_the_session(index: int) -> None:
    """One wrong MAC: 6982, and the rightful host has to begin anew."""
    desk = Desk(a_card("plain"), index, MAC)
    wrapped, channel = desk.channel.wrap(GET_MANAGER, OPENSSL)
    forged = bytearray(wrapped.encode())
    forged[-1] ^= 1
    assert exchange(desk.card, bytes(forged)).sw == 0x6982
    assert exchange(desk.card, wrapped.encode()).sw == 0x6982
    assert channel != desk.channel


@pytest.mark.parametrize("index", [1, 2])
def test_replayed_and_plain_commands_are_refused(index: int) -> None:
    """Within a session every command needs its own MAC."""
    desk = Desk(a_card("plain"), index, MAC)
    wrapped, desk.channel = desk.channel.wrap(GET_MANAGER, OPENSSL)
    assert exchange(desk.card, wrapped.encode()).sw == 0x9000
    assert exchange(desk.card, wrapped.encode()).sw == 0x6982
    desk = Desk(a_card("plain"), index, MAC)
    assert exchange(desk.card, GET_MANAGER.encode()).sw == 0x6982


def test_session_ends_with_another_selection_and_with_power() -> None:
    """What was proved is forgotten."""
    for ending in ("00A4040C07A0000000871002", None):
        desk = Desk(a_card("plain"), 2, MAC)
        if ending is None:
            desk.card.reset()
        else:
            exchange(desk.card, ending)
        exchange(desk.card, "00A4040008" + CARD_MANAGER_AID.octets.hex())
        wrapped, _ = desk.channel.wrap(GET_MANAGER, OPENSSL)
        assert exchange(desk.card, wrapped.encode()).sw == 0x6982


def test_level_without_macs_permits_nothing_that_changes() -> None:
    """EXTERNAL AUTHENTICATE with level 00 is lawful and worth nothing."""
    desk = Desk(a_card("plain"), 2, SecurityLevel.NONE)
    assert desk.opened == 0x9000
    assert exchange(desk.card, install_command()).sw == 0x6982


def test_3des_sessions_are_counted() -> None:
    """SCP02's sequence counter moves with every session that was opened, and survives the power."""
    card = a_card("plain")
    for _ in range(2):
        Desk(card, 1, MAC)
    card = a_card("plain", state=card.snapshot())
    exchange(card, "00A4040008" + CARD_MANAGER_AID.octets.hex())
    answer = exchange(card, initialize_update(CHALLENGE, key_version=1).encode())
    assert scp02.InitializeUpdateResponse.decode(answer.data).sequence == 2


@pytest.mark.parametrize(
    ("command", "sw"),
    [
        ("8050090008" + "11" * 8, 0x6A88),  # no such key set
        ("8050310008" + "11" * 8, 0x6A88),  # set 1 is 3DES: version 21, not 31
        ("8050220008" + "11" * 8, 0x6A88),
        ("8050050008" + "11" * 8, 0x6A88),  # the MO set is not for this
        ("8050000007" + "11" * 7, 0x6700),
        ("8050000108" + "11" * 8, 0x6A86),
        ("8482010010" + "11" * 16, 0x6985),  # nothing begun
        ("84F2400210" + "11" * 16, 0x6982),  # a MAC without a session
    ],
)
def test_malformed_sessions_are_refused(command: str, sw: int) -> None:
    """The right word for each."""
    card = a_card("plain")
    exchange(card, "00A4040008" + CARD_MANAGER_AID.octets.hex())
    assert exchange(card, command).sw == sw


def test_files_know_no_secure_messaging() -> None:
    """Class 84 with nothing but files selected: 6882."""
    assert exchange(a_card(), "84F2400210" + "11" * 16).sw == 0x6882
