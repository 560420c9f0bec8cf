"""AIDs and TARs of the one-card applications — docs/wire/card-application.md §1."""

from __future__ import annotations

from telecom_codecs.card.identities import Aid, Tar
from telecom_codecs.errors import BadValue

SLOTS = 8

LOAD_FILE = Aid(bytes.fromhex("F0594B54310000"))
APPLICATION_MODULE = Aid(bytes.fromhex("F0594B54310002"))
MENU_AID = Aid(bytes.fromhex("F0594B5431000100000000594B540000"))

TAR_CARD_MANAGER = Tar(bytes.fromhex("000000"))
TAR_MENU = Tar(bytes.fromhex("594B54"))
TAR_PLATFORM = Tar(bytes.fromhex("594B80"))


def _require_slot(slot: int) -> None:
    if not 1 <= slot <= SLOTS:
        raise BadValue(f"slot {slot}: a card has the slots 1 to {SLOTS}", clause="wire §1")


def application_tar(slot: int) -> Tar:
    """The TAR of the application in a slot."""
    _require_slot(slot)
    return Tar(bytes((0x59, 0x4B, slot)))


def application_aid(enterprise_id: int, slot: int) -> Aid:
    """The AID of an enterprise's application in a slot."""
    _require_slot(slot)
    if not 0 < enterprise_id < 1 << 32:
        raise BadValue(f"enterprise {enterprise_id} is not a u32 above 0", clause="wire §1")
    return Aid(
        b"".join((APPLICATION_MODULE.octets, enterprise_id.to_bytes(4, "big"), application_tar(slot).octets, bytes(2)))
    )
