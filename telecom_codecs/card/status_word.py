"""Status words of a card: what they say and whether trying again makes sense.

ETSI TS 102 221 §10.2.1, ISO/IEC 7816-4 §5.6, GlobalPlatform Card Specification 2.3 §11.1.3; 92xx to 98xx as
in TS 51.011 §9.4 (2G class). A word is one number, ``0x9000``.
"""

from __future__ import annotations

from enum import Enum


class RetryClass(Enum):
    """What to do with a command that got this status word."""

    DONE = "done"  #: carried out
    FETCH = "fetch"  #: carried out; the card wants to be asked on: GET RESPONSE (61, 9F) or FETCH (91)
    REPEAT = "repeat"  #: repeat at once with the length the card names (6C)
    LATER = "later"  #: the same command may succeed later: card busy, memory being tidied
    SECURITY = "security"  #: satisfy a condition first: PIN, key, secure messaging, counter
    FINAL = "final"  #: repeating the same command cannot help; correct it

    @property
    def is_worth_retrying(self) -> bool:
        return self in (RetryClass.REPEAT, RetryClass.LATER)


_EXACT: dict[int, tuple[RetryClass, str]] = {
    0x9000: (RetryClass.DONE, "normal ending of the command"),
    0x9300: (RetryClass.LATER, "toolkit is busy; command cannot be executed at present"),
    0x9240: (RetryClass.LATER, "memory problem"),
    0x9400: (RetryClass.FINAL, "no EF selected"),
    0x9402: (RetryClass.FINAL, "out of range (invalid address)"),
    0x9404: (RetryClass.FINAL, "file identifier or pattern not found"),
    0x9408: (RetryClass.FINAL, "file is inconsistent with the command"),
    0x9802: (RetryClass.SECURITY, "no CHV initialised"),
    0x9804: (RetryClass.SECURITY, "access condition not fulfilled or wrong secret code"),
    0x9808: (RetryClass.SECURITY, "in contradiction with CHV status"),
    0x9810: (RetryClass.SECURITY, "in contradiction with invalidation status"),
    0x9840: (RetryClass.SECURITY, "secret code blocked"),
    0x9850: (RetryClass.FINAL, "increase cannot be performed, maximum value reached"),
    0x9862: (RetryClass.SECURITY, "authentication error, incorrect MAC"),
    0x9863: (RetryClass.SECURITY, "security session or association expired"),
    0x9864: (RetryClass.LATER, "minimum UICC suspension time is too long"),
    0x6200: (RetryClass.DONE, "warning: no information given, memory unchanged"),
    0x6281: (RetryClass.DONE, "warning: part of returned data may be corrupted"),
    0x6282: (RetryClass.DONE, "warning: end of file reached before reading Le octets"),
    0x6283: (RetryClass.DONE, "warning: selected file invalidated"),
    0x6285: (RetryClass.DONE, "warning: selected file in termination state"),
    0x62F1: (RetryClass.FETCH, "warning: more data available"),
    0x62F2: (RetryClass.FETCH, "warning: more data available and proactive command pending"),
    0x62F3: (RetryClass.DONE, "warning: response data available"),
    0x6310: (RetryClass.FETCH, "more data available"),
    0x63F1: (RetryClass.FETCH, "more data expected"),
    0x63F2: (RetryClass.FETCH, "more data expected and proactive command pending"),
    0x6400: (RetryClass.FINAL, "no information given, memory unchanged"),
    0x6500: (RetryClass.LATER, "no information given, memory changed"),
    0x6581: (RetryClass.LATER, "memory problem"),
    0x6700: (RetryClass.FINAL, "wrong length"),
    0x6800: (RetryClass.FINAL, "functions in CLA not supported"),
    0x6881: (RetryClass.FINAL, "logical channel not supported"),
    0x6882: (RetryClass.FINAL, "secure messaging not supported"),
    0x6900: (RetryClass.FINAL, "command not allowed"),
    0x6981: (RetryClass.FINAL, "command incompatible with file structure"),
    0x6982: (RetryClass.SECURITY, "security status not satisfied"),
    0x6983: (RetryClass.SECURITY, "authentication or PIN method blocked"),
    0x6984: (RetryClass.SECURITY, "referenced data invalidated"),
    0x6985: (RetryClass.SECURITY, "conditions of use not satisfied"),
    0x6986: (RetryClass.FINAL, "command not allowed (no EF selected)"),
    0x6988: (RetryClass.SECURITY, "secure messaging objects incorrect"),
    0x6989: (RetryClass.SECURITY, "command not allowed: secure channel, security not satisfied"),
    0x6999: (RetryClass.FINAL, "applet selection failed"),
    0x6A80: (RetryClass.FINAL, "incorrect parameters in the data field"),
    0x6A81: (RetryClass.FINAL, "function not supported"),
    0x6A82: (RetryClass.FINAL, "file or application not found"),
    0x6A83: (RetryClass.FINAL, "record not found"),
    0x6A84: (RetryClass.FINAL, "not enough memory space"),
    0x6A86: (RetryClass.FINAL, "incorrect parameters P1 to P2"),
    0x6A87: (RetryClass.FINAL, "Lc inconsistent with P1 to P2"),
    0x6A88: (RetryClass.FINAL, "referenced data not found"),
    0x6A89: (RetryClass.FINAL, "file already exists"),
    0x6A8A: (RetryClass.FINAL, "DF name already exists"),
    0x6B00: (RetryClass.FINAL, "wrong parameters P1 to P2"),
    0x6D00: (RetryClass.FINAL, "instruction code not supported or invalid"),
    0x6E00: (RetryClass.FINAL, "class not supported"),
    0x6F00: (RetryClass.FINAL, "technical problem, no precise diagnosis"),
}

_BY_SW1: dict[int, tuple[RetryClass, str]] = {
    0x61: (RetryClass.FETCH, "normal ending, {sw2} octets to be fetched with GET RESPONSE"),
    0x62: (RetryClass.DONE, "warning, memory unchanged"),
    0x63: (RetryClass.SECURITY, "warning, memory changed"),
    0x64: (RetryClass.FINAL, "execution error, memory unchanged"),
    0x65: (RetryClass.LATER, "execution error, memory changed"),
    0x67: (RetryClass.FINAL, "wrong length, the interpretation is command dependent"),
    0x68: (RetryClass.FINAL, "functions in CLA not supported"),
    0x69: (RetryClass.FINAL, "command not allowed"),
    0x6A: (RetryClass.FINAL, "wrong parameters"),
    0x6B: (RetryClass.FINAL, "wrong parameters P1 to P2"),
    0x6C: (RetryClass.REPEAT, "wrong length Le, repeat with {sw2}"),
    0x6D: (RetryClass.FINAL, "instruction code not supported or invalid"),
    0x6E: (RetryClass.FINAL, "class not supported"),
    0x6F: (RetryClass.FINAL, "technical problem, the interpretation is command dependent"),
    0x91: (RetryClass.FETCH, "normal ending, proactive command of {sw2} octets pending"),
    0x92: (RetryClass.DONE, "successful after internal retries"),
    0x9E: (RetryClass.FINAL, "data download error, {sw2} octets to be fetched"),
    0x9F: (RetryClass.FETCH, "normal ending, {sw2} octets to be fetched with GET RESPONSE"),
}


def describe(sw: int) -> str:
    """What the card says, in one line, the word first.

    >>> describe(0x9110)
    '9110: normal ending, proactive command of 16 octets pending'
    """
    return f"{sw & 0xFFFF:04X}: {_entry(sw)[1]}"


def is_ok(sw: int) -> bool:
    """The command was carried out: 9000, 91xx, 9Fxx, 61xx."""
    return sw == 0x9000 or sw >> 8 in (0x61, 0x91, 0x9F)


def retry_class(sw: int) -> RetryClass:
    """What to do next with the command; words nobody knows are final."""
    return _entry(sw)[0]


def _entry(sw: int) -> tuple[RetryClass, str]:
    exact = _EXACT.get(sw)
    if exact is not None:
        return exact
    if sw & 0xFFF0 == 0x63C0:
        return RetryClass.SECURITY, f"verification failed, {sw & 0xF} tries left"
    if sw & 0xFFF0 == 0x9200:
        return RetryClass.DONE, f"successful after {sw & 0xF} internal retries"
    again, meaning = _BY_SW1.get(sw >> 8, (RetryClass.FINAL, "unknown status word"))
    return again, meaning.format(sw2=(sw & 0xFF) or 256)
