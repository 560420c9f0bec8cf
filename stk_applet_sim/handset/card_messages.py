"""Short messages kept on the card: EF.SMS, written for class 2 (TS 31.102 §4.2.25, TS 23.038 §4)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from telecom_codecs.card.apdu import CommandApdu
from telecom_codecs.errors import RemoteError
from telecom_codecs.octets import Cursor
from telecom_codecs.sms.address import Address
from telecom_codecs.sms.tpdu import SmsDeliver

from .card_link import CardLink

EF_SMS: Final = bytes.fromhex("7F106F3C")  #: path from the MF
RECORD_OCTETS: Final = 176
FREE, UNREAD = 0x00, 0x03  #: status octet: bit 1 says used; received by MS, to be read
USED: Final = 0x01
NO_ADDRESS: Final = b"\x00"
SELECT, READ_RECORD, UPDATE_RECORD = 0xA4, 0xB2, 0xDC
BY_PATH, NO_ANSWER, ABSOLUTE = 0x08, 0x0C, 0x04
FCS_STORAGE_FULL, FCS_NO_STORAGE = 0xD0, 0xD1  #: TP-FCS, TS 23.040 §9.2.3.22


def store(link: CardLink, deliver: SmsDeliver, service_centre: Address | None) -> int | None:
    """Write a message into the first free record; the cause of failure, None when it is kept."""
    records = list(_records(link))
    free = next((number for number, record in records if not record[0] & USED), 0)
    if not free:
        return FCS_STORAGE_FULL if records else FCS_NO_STORAGE
    address = NO_ADDRESS if service_centre is None else service_centre.encode_rp()
    record = (bytes((UNREAD,)) + address + deliver.encode()).ljust(RECORD_OCTETS, b"\xff")
    written = link.transact(CommandApdu(0x00, UPDATE_RECORD, free, ABSOLUTE, record))
    return None if written.is_ok else FCS_NO_STORAGE


def stored(link: CardLink) -> tuple[SmsDeliver, ...]:
    """The received messages on the card, in the order of their records; what cannot be read is left out."""
    found = []
    for _, record in _records(link):
        if record[0] & USED:
            try:
                cursor = Cursor(record[1:])
                Address.decode_rp(cursor)
                found.append(_deliver_in(cursor.rest()))
            except RemoteError:
                continue
    return tuple(found)


def _deliver_in(octets: bytes) -> SmsDeliver:
    """A TPDU with the fill of its record behind it: the fill may only be cut where the TPDU is whole."""
    end = len(octets.rstrip(b"\xff"))
    for length in range(end, len(octets)):
        try:
            return SmsDeliver.decode(octets[:length])
        except RemoteError:
            continue
    return SmsDeliver.decode(octets)


def _records(link: CardLink) -> Iterator[tuple[int, bytes]]:
    selected = link.transact(CommandApdu(0x00, SELECT, BY_PATH, NO_ANSWER, EF_SMS))
    if not selected.is_ok:
        return
    for number in range(1, 255):
        answer = link.transact(CommandApdu(0x00, READ_RECORD, number, ABSOLUTE, le=RECORD_OCTETS))
        if not answer.is_ok or len(answer.data) != RECORD_OCTETS:
            return
        yield number, answer.data
