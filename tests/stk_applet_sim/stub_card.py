"""The smallest card that has a toolkit: the seams of uicc/card.py that the menu applet and the handset use, no more."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from stk_applet_sim.applet.menu import MenuApplet, Receiver
from stk_applet_sim.applet.menu_tree import packaged_menu
from stk_applet_sim.uicc.toolkit import Toolkit
from telecom_codecs.card.apdu import CommandApdu, ResponseApdu
from telecom_codecs.card.identities import Iccid, Tar
from telecom_codecs.cat import EventDownload, MenuSelection, SmsPpDownload, TimerExpiration, decode_envelope
from telecom_codecs.onecard.records import Record
from telecom_codecs.onecard.rights import LifeCycle, Rights
from telecom_codecs.sms.tpdu import SmsDeliver

ICCID = Iccid("8986010012345678901")
ACCESS_CODE = "106572000"
ALL = Rights.DOOR | Rights.ATTENDANCE | Rights.PURSE


@dataclass(frozen=True, slots=True)
class AnApplication:
    """An enterprise application as the menu sees it."""

    enterprise: int = 1001
    slot: int = 1
    name: str = "华信科技"
    rights: int = ALL
    life_cycle: int = LifeCycle.ACTIVE
    balance: int = 0
    records: tuple[Record, ...] = ()


@dataclass(slots=True)
class StubCard:
    """A card without keys: packets go out in clear, and come in as the data of an 8-bit short message.

    `files` are the EFs of DF 7F59 by identifier; one that is not there does not exist.
    """

    applications: tuple[AnApplication, ...] = (AnApplication(),)
    area: dict[str, Any] = field(default_factory=dict)
    toolkit: Toolkit = field(default_factory=Toolkit)
    iccid: Iccid = ICCID
    receivers: dict[bytes, Receiver] = field(default_factory=dict)
    sealed: list[bytes] = field(default_factory=list)
    override: Callable[[CommandApdu], bytes | None] = lambda command: None
    answer: bytes = b""
    files: dict[int, bytes] = field(default_factory=lambda: {0x6F05: b"\x00"})

    def file(self, *path: int) -> bytes:
        if path[0] != 0x7F59 or path[1] not in self.files:
            raise LookupError(path)
        return self.files[path[1]]

    def write_file(self, octets: bytes, *path: int) -> None:
        content = self.file(*path)
        self.files[path[1]] = octets[: len(content)] + content[len(octets) :]

    def enterprise_applications(self) -> tuple[AnApplication, ...]:
        return self.applications

    def seal_mo(self, message: bytes, /) -> bytes:
        self.sealed.append(message)
        return b"\x00\x57" + message

    def register_receiver(self, tar: Tar, minimum_security: int | None, receiver: Receiver) -> None:
        self.receivers[tar.octets] = receiver

    def reset(self) -> bytes:
        self.toolkit.reset()
        return b"\x3b\x00"

    def process(self, c_apdu: bytes) -> bytes:
        command = CommandApdu.decode(c_apdu)
        overridden = self.override(command)
        if overridden is not None:
            return overridden
        if command.ins == 0x12:
            return self._ended(self.toolkit.fetch())
        if command.ins == 0x10:
            self.toolkit.terminal_profile(command.data)
        elif command.ins == 0x14:
            self.toolkit.terminal_response(command.data)
        elif command.ins == 0xF2:
            self.toolkit.status_polled()
        elif command.ins == 0xC0:
            return self._ended(self.answer)
        elif command.ins == 0xC2:
            return self._envelope(command.data)
        return self._ended()

    def _envelope(self, octets: bytes) -> bytes:
        match decode_envelope(octets):
            case MenuSelection(item, wants_help):
                if self.toolkit.busy:
                    return bytes.fromhex("9300")
                self.toolkit.menu_selection(item, wants_help)
            case TimerExpiration(timer):
                self.toolkit.timer_expiration(timer)
            case EventDownload(events):
                self.toolkit.event_download(events)
            case SmsPpDownload(_, tpdu):
                self.answer = self.receivers[bytes.fromhex("594B54")](SmsDeliver.decode(tpdu).body, None)
                return ResponseApdu(b"", 0x6100 | len(self.answer)).encode()
        return self._ended()

    def _ended(self, octets: bytes = b"") -> bytes:
        pending = self.toolkit.pending()
        return ResponseApdu(octets, 0x9000 if pending is None else 0x9100 | len(pending) & 0xFF).encode()


def a_menu(card: StubCard, *, announced: bool = True) -> MenuApplet:
    """The menu applet on a card."""
    return MenuApplet(card, card.area, packaged_menu(), access_code=ACCESS_CODE, announced=announced)
