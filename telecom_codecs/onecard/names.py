"""Names on the card: AIDs of package, modules and applications, TARs, slots — docs/wire/card-application.md §1."""

from __future__ import annotations

from typing import Final

from ..card.identities import Aid, Tar
from ..errors import BadValue, LocalError

CLAUSE: Final = "docs/wire/card-application.md §1"
VERSION: Final = 0x01  #: of every message that carries a version

RID: Final = bytes.fromhex("F0594B5431")
LOAD_FILE: Final = Aid(RID + bytes.fromhex("0000"))
MENU_MODULE: Final = Aid(RID + bytes.fromhex("0001"))
APPLICATION_MODULE: Final = Aid(RID + bytes.fromhex("0002"))
CARD_MANAGER_AID: Final = Aid(bytes.fromhex("A000000151000000"))

TAR_CARD_MANAGER: Final = Tar(bytes.fromhex("000000"))
TAR_MENU: Final = Tar(bytes.fromhex("594B54"))
TAR_PLATFORM: Final = Tar(bytes.fromhex("594B80"))  #: in packets the card sends

MENU_AID: Final = Aid(MENU_MODULE.octets + bytes(4) + TAR_MENU.octets + bytes(2))

SLOTS: Final = range(1, 9)
_SLOT_PREFIX: Final = bytes.fromhex("594B")


def application_tar(slot: int) -> Tar:
    """The TAR of the enterprise application in a slot; LocalError beside the eight."""
    if slot not in SLOTS:
        raise LocalError(f"slot {slot}: a card has the slots {SLOTS[0]} to {SLOTS[-1]}", clause=CLAUSE)
    return Tar(_SLOT_PREFIX + bytes((slot,)))


def application_aid(enterprise_id: int, slot: int) -> Aid:
    """The AID of an enterprise's application in a slot: module, enterprise, TAR, two reserved octets.

    >>> str(application_aid(1001, 2))
    'F0594B54310002000003E9594B020000'
    """
    if not 0 < enterprise_id < 1 << 32:
        raise LocalError(f"enterprise {enterprise_id} is not a u32 above 0", clause=CLAUSE)
    return Aid(APPLICATION_MODULE.octets + enterprise_id.to_bytes(4, "big") + application_tar(slot).octets + bytes(2))


def decode_application_aid(aid: Aid) -> tuple[int, int]:
    """Enterprise and slot of an application's AID; BadValue for any other AID."""
    octets = aid.octets
    enterprise_id, slot = int.from_bytes(octets[7:11], "big"), octets[-3]
    if slot not in SLOTS or not enterprise_id or application_aid(enterprise_id, slot) != aid:
        raise BadValue(f"{aid} is not the AID of an enterprise application", clause=CLAUSE)
    return enterprise_id, slot


def slot_of(tar: Tar) -> int | None:
    """The slot whose application answers under `tar`; None where it is not one of theirs."""
    slot = tar.octets[2]
    return slot if tar.octets[:2] == _SLOT_PREFIX and slot in SLOTS else None
