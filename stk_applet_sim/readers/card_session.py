"""Talking to any UICC in a reader: the commands a clerk's desk needs, over a function that exchanges APDUs.

ETSI TS 102 221 (selection, reading, EF.DIR, T=0 behaviour of GET RESPONSE), 3GPP TS 31.102 (identities). No reader
and no time-out here: readers/pcsc.py brings the exchange, tests bring a card.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from telecom_codecs.card.apdu import CommandApdu, ResponseApdu, describe
from telecom_codecs.card.fcp import Fcp
from telecom_codecs.card.identities import Iccid, Imsi
from telecom_codecs.errors import CodecError
from telecom_codecs.octets import Cursor
from telecom_codecs.onecard.names import RID
from telecom_codecs.sms.address import decode_semi_octets
from telecom_codecs.sms.ucs2 import decode_alpha
from telecom_codecs.tlv import decode_ber, find_ber

Exchange = Callable[[bytes], bytes]

MF, DIR, ICCID = bytes.fromhex("3F00"), bytes.fromhex("2F00"), bytes.fromhex("2FE2")
IMSI, MSISDN, SPN = bytes.fromhex("6F07"), bytes.fromhex("6F40"), bytes.fromhex("6F46")
USIM: Final = bytes.fromhex("A0000000871002")
CARD_MANAGER: Final = bytes.fromhex("A000000151000000")
NUMBER_OCTETS = 14
PIECE = 240  #: octets asked for at once
APPLICATIONS_AT_MOST = 32
PIN1 = 0x01


class NotAnswered(Exception):
    """The card refused: the message says what was asked and what the status word means."""

    def __init__(self, what: str, sw: int) -> None:
        super().__init__(f"{what}: {describe(sw)}")
        self.sw = sw


@dataclass(frozen=True, slots=True)
class CardIdentity:
    """Who a card says it is; None for what it has not or does not tell."""

    iccid: str | None
    imsi: str | None
    msisdn: str | None
    service_provider: str | None


@dataclass(frozen=True, slots=True)
class CardApplication:
    """An application that can be selected: its AID in hexadecimal, what it is, its label if it has one."""

    aid: str
    kind: str
    label: str | None = None


class CardSession:
    """Commands to one card on its basic channel."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    def send(self, apdu: CommandApdu) -> ResponseApdu:
        """One command with all of its answer: GET RESPONSE after 61xx and 9Fxx, again after 6Cxx."""
        return self.send_octets(apdu.encode())

    def send_octets(self, octets: bytes) -> ResponseApdu:
        """The same for a C-APDU in octets."""
        response = ResponseApdu.decode(self._exchange(octets))
        if response.sw1 == 0x6C:
            response = ResponseApdu.decode(self._exchange(octets[:4] + bytes([response.sw2])))
        gathered = response.data
        while response.sw1 in (0x61, 0x9F):
            asking = CommandApdu(octets[0], 0xC0, 0, 0, le=response.sw2 or 256)
            response = ResponseApdu.decode(self._exchange(asking.encode()))
            if not response.data:
                break
            gathered += response.data
        return ResponseApdu(gathered, response.sw)

    def select(self, name: bytes, *, by_aid: bool = False, following: bool = False) -> bytes:
        """SELECT a file of the current directory or an application; what it tells of itself. NotAnswered."""
        p2 = (0x00 if by_aid else 0x04) | (0x02 if following else 0x00)
        response = self.send(CommandApdu(0x00, 0xA4, 0x04 if by_aid else 0x00, p2, name))
        if not response.is_ok:
            raise NotAnswered(f"select {name.hex().upper()}", response.sw)
        return response.data

    def verify_pin(self, pin: str) -> None:
        """VERIFY PIN1; NotAnswered with 63Cx while tries are left."""
        response = self.send(CommandApdu(0x00, 0x20, 0x00, PIN1, pin.encode("ascii").ljust(8, b"\xff")))
        if not response.is_ok:
            raise NotAnswered("PIN", response.sw)

    def read(self, *path: bytes) -> tuple[bytes, ...]:
        """The records of an EF by its path below the current directory; a transparent one is one record."""
        for name in path[:-1]:
            self.select(name)
        fcp = Fcp.decode(self.select(path[-1]))
        descriptor = fcp.descriptor
        if descriptor.record_length and descriptor.record_count:
            length, count = descriptor.record_length, descriptor.record_count
            return tuple(self._read(0xB2, number, 0x04, length) for number in range(1, count + 1))
        size = fcp.file_size or 0
        pieces = (self._read(0xB0, at >> 8, at & 0xFF, min(PIECE, size - at)) for at in range(0, size, PIECE))
        return (b"".join(pieces),)

    def _read(self, ins: int, p1: int, p2: int, length: int) -> bytes:
        response = self.send(CommandApdu(0x00, ins, p1, p2, le=length))
        if not response.is_ok:
            raise NotAnswered("read", response.sw)
        return response.data

    # what a desk wants to know

    def identity(self) -> CardIdentity:
        """ICCID, and of the USIM: IMSI, MSISDN, service provider name."""
        self.select(MF)
        iccid = self._told(lambda: Iccid.from_octets(self.read(ICCID)[0]).digits)
        usim = next((entry for entry in self._directory() if entry.aid.startswith(USIM.hex().upper())), None)
        if usim is None:
            return CardIdentity(iccid, None, None, None)
        self.select(bytes.fromhex(usim.aid), by_aid=True)
        return CardIdentity(
            iccid,
            self._told(lambda: Imsi.from_octets(self.read(IMSI)[0]).digits),
            self._told(lambda: next(filter(None, map(_number, self.read(MSISDN))), None)),
            self._told(lambda: decode_alpha(self.read(SPN)[0][1:]) or None),
        )

    def applications(self) -> tuple[CardApplication, ...]:
        """EF.DIR, the card manager, and the one-card applications found by partial selection."""
        return (*self._directory(), *self._found(CARD_MANAGER, lambda _: "card manager"), *self._one_card())

    def _directory(self) -> tuple[CardApplication, ...]:
        self.select(MF)
        try:
            records = self.read(DIR)
        except NotAnswered:
            return ()
        return tuple(found for found in map(_directory_entry, records) if found is not None)

    def _one_card(self) -> tuple[CardApplication, ...]:
        return tuple(self._found(RID, _one_card_kind))

    def _found(self, name: bytes, kind: Callable[[bytes], str]) -> Iterator[CardApplication]:
        seen: set[bytes] = set()
        for number in range(APPLICATIONS_AT_MOST):
            try:
                aid = _selected_aid(self.select(name, by_aid=True, following=number > 0))
            except NotAnswered:
                return
            if aid is None or aid in seen:
                return
            seen.add(aid)
            yield CardApplication(aid.hex().upper(), kind(aid))

    @staticmethod
    def _told(read: Callable[[], str | None]) -> str | None:
        try:
            return read()
        except (NotAnswered, CodecError):
            return None


def _number(record: bytes) -> str | None:
    """The digits of an EF.ADN-like record, TS 31.102 §4.4.2.3; None for an empty one."""
    number = record[-NUMBER_OCTETS:]
    if len(number) < NUMBER_OCTETS or not 2 <= number[0] <= 11:
        return None
    return decode_semi_octets(number[2 : 1 + number[0]])


def _directory_entry(record: bytes) -> CardApplication | None:
    """An application template of EF.DIR, TS 102 221 §13.1."""
    if record[:1] != b"\x61":
        return None
    template = decode_ber(Cursor(record)).children()  # the rest of the record is filling
    aid, label = find_ber(template, 0x4F), find_ber(template, 0x50)
    if aid is None:
        return None
    kind = "USIM" if aid.value.startswith(USIM) else "application"
    return CardApplication(aid.value.hex().upper(), kind, decode_alpha(label.value) if label else None)


def _selected_aid(answer: bytes) -> bytes | None:
    """The AID in the answer to SELECT: 84 in an FCI (6F) or FCP (62) template."""
    try:
        name = find_ber(decode_ber(answer).children(), 0x84)
    except CodecError:
        return None
    return None if name is None else name.value


def _one_card_kind(aid: bytes) -> str:
    if len(aid) != 16 or aid[5:7] not in (b"\x00\x01", b"\x00\x02"):
        return "one-card, unknown"
    if aid[5:7] == b"\x00\x01":
        return "menu applet"
    return f"enterprise {int.from_bytes(aid[7:11], 'big')}, slot {aid[13]}"
