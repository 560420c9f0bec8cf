"""How commands end inside the card: a reply, or a refusal with its status word (TS 102 221 §10.2)."""

from __future__ import annotations

from dataclasses import dataclass

OK = 0x9000
WRONG_LENGTH = 0x6700
NO_INFORMATION = 0x6F00
LOGICAL_CHANNEL_UNSUPPORTED = 0x6881
SECURE_MESSAGING_UNSUPPORTED = 0x6882
INCOMPATIBLE_WITH_STRUCTURE = 0x6981
SECURITY_NOT_SATISFIED = 0x6982
PIN_BLOCKED = 0x6983
REFERENCE_INVALIDATED = 0x6984
CONDITIONS_NOT_SATISFIED = 0x6985
NO_FILE_SELECTED = 0x6986
WRONG_DATA = 0x6A80
FUNCTION_UNSUPPORTED = 0x6A81
FILE_NOT_FOUND = 0x6A82
RECORD_NOT_FOUND = 0x6A83
NO_SPACE = 0x6A84
WRONG_P1_P2 = 0x6A86
REFERENCED_DATA_NOT_FOUND = 0x6A88
WRONG_OFFSET = 0x6B00
UNKNOWN_INS = 0x6D00
UNKNOWN_CLASS = 0x6E00
TOOLKIT_BUSY = 0x9300
AUTHENTICATION_MAC_WRONG = 0x9862
MORE_TO_COME = 0x6310


class Refused(Exception):
    """The command is refused with this status word; nothing it wrote remains."""

    def __init__(self, sw: int) -> None:
        super().__init__(f"{sw:04X}")
        self.sw = sw


@dataclass(frozen=True, slots=True)
class Reply:
    """What a command answers before the transmission protocol cuts it up: all its data, and SW1 SW2."""

    response: bytes = b""
    sw: int = OK


DONE = Reply()
