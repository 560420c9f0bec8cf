"""Delivery receipts: the text of SMPP 3.4 Appendix B and the TLVs beside it, read tolerantly.

Centres write `id:… sub:… dlvrd:… submit date:… done date:… stat:… err:… text:…` in any order, case and
selection; some send TLVs only, some set no esm_class bit. What is missing is None; an unknown state is UNKNOWN
and not final. :func:`canonical_ids` gives the spellings under which one message id may come back.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from .operations import DataSm, EsmClass, MessageState, ShortMessagePdu, content
from .tlvs import Tag, Tlv, find, integer_of, text_of

#: the words of Appendix B and what else is seen for them; seven letters are enough to tell them apart
STATES = {
    "DELIVRD": MessageState.DELIVERED,
    "DELIVERED": MessageState.DELIVERED,
    "EXPIRED": MessageState.EXPIRED,
    "DELETED": MessageState.DELETED,
    "UNDELIV": MessageState.UNDELIVERABLE,
    "UNDELIVERABLE": MessageState.UNDELIVERABLE,
    "UNDELIVERED": MessageState.UNDELIVERABLE,
    "ACCEPTD": MessageState.ACCEPTED,
    "ACCEPTED": MessageState.ACCEPTED,
    "UNKNOWN": MessageState.UNKNOWN,
    "REJECTD": MessageState.REJECTED,
    "REJECTED": MessageState.REJECTED,
    "ENROUTE": MessageState.ENROUTE,
    "SCHEDULED": MessageState.SCHEDULED,
    "SKIPPED": MessageState.SKIPPED,
}
WORDS = {
    MessageState.SCHEDULED: "ENROUTE",
    MessageState.ENROUTE: "ENROUTE",
    MessageState.DELIVERED: "DELIVRD",
    MessageState.EXPIRED: "EXPIRED",
    MessageState.DELETED: "DELETED",
    MessageState.UNDELIVERABLE: "UNDELIV",
    MessageState.ACCEPTED: "ACCEPTD",
    MessageState.UNKNOWN: "UNKNOWN",
    MessageState.REJECTED: "REJECTD",
    MessageState.SKIPPED: "SKIPPED",
}
#: codes of Chinese centres in place of a word, "MI:0024": letter by letter as the operators' tables have them. What
#: nobody reported (.A, .C) is no failure; what somebody refused (.B) is one.
_CODES = {
    "MA": MessageState.UNKNOWN,
    "MB": MessageState.UNDELIVERABLE,
    "MC": MessageState.UNKNOWN,
    "MH": MessageState.UNDELIVERABLE,
    "MI": MessageState.EXPIRED,
    "MJ": MessageState.DELETED,
    "MK": MessageState.UNDELIVERABLE,
    "ML": MessageState.ACCEPTED,
    "MM": MessageState.UNKNOWN,
    "MN": MessageState.REJECTED,
    "IA": MessageState.UNKNOWN,
    "IB": MessageState.UNDELIVERABLE,
    "IC": MessageState.UNKNOWN,
    "ID": MessageState.UNDELIVERABLE,
    "CA": MessageState.UNKNOWN,
    "CB": MessageState.UNDELIVERABLE,
    "DA": MessageState.UNKNOWN,
    "DB": MessageState.UNDELIVERABLE,
    "SA": MessageState.UNKNOWN,
    "SB": MessageState.UNDELIVERABLE,
}
_CODE = re.compile(r"([A-Z]{2}):", re.ASCII)
FINAL = frozenset(
    {
        MessageState.DELIVERED,
        MessageState.EXPIRED,
        MessageState.DELETED,
        MessageState.UNDELIVERABLE,
        MessageState.REJECTED,
        MessageState.SKIPPED,
    }
)

_TOKEN = re.compile(
    r"(?:^|(?<=[\s,;]))(id|sub|dlvrd|submit[ _]?date|done[ _]?date|stat|err)\s*:\s*"
    r"(\S*?)(?=$|[\s,;]|(?:sub|dlvrd|submit date|done date|stat|err|text):)",
    re.IGNORECASE,
)
_TEXT = re.compile(r"(?:^|\s)text\s*:", re.IGNORECASE)
_SPELLINGS = 16  #: longer ids are not read as numbers: a 65-octet id is no counter


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a centre says about a message: its id, state, and what came with them."""

    message_id: str
    state: MessageState
    stat: str = ""  #: the word as it came ("DELIVRD", "MA:0001")
    error: str | None = None
    submitted: str | None = None  #: YYMMDDhhmm[ss] as it came
    done: str | None = None
    text: bytes = b""
    other_id: str = ""  #: in the text, where a TLV says another one

    @property
    def message_ids(self) -> tuple[str, ...]:
        """Under which the message may be known, the surest first; none when the receipt cannot be read."""
        return tuple(one for one in (self.message_id, self.other_id) if one)

    @property
    def is_final(self) -> bool:
        """No other receipt should change this one."""
        return self.state in FINAL


def parse_text(octets: bytes, *, flagged: bool = False) -> Receipt | None:
    """The receipt in a short_message, or None when it is none: it needs an id and, where nothing marks it, a state."""
    whole = octets.decode("latin-1").rstrip("\0")
    mark = _TEXT.search(whole)
    head = (whole if mark is None else whole[: mark.start()]).replace("\0", " ")
    text = b"" if mark is None else whole[mark.end() :].encode("latin-1")
    found: dict[str, str] = {}
    for key, value in _TOKEN.findall(head):
        found.setdefault(key.lower().replace(" ", "").replace("_", ""), value)
    identity = found.get("id", "").strip("\"' ")
    stat = found.get("stat", "")
    if not identity or not (stat or flagged):
        return None
    return Receipt(
        identity,
        _state_of(stat),
        stat,
        found.get("err") or None,
        found.get("submitdate") or None,
        found.get("donedate") or None,
        text,
    )


def _state_of(stat: str) -> MessageState:
    code = _CODE.match(stat.upper())
    if code is not None:
        return _CODES.get(code[1], MessageState.UNKNOWN)
    if stat.isdecimal() and int(stat) in set(MessageState):
        return MessageState(int(stat))
    return STATES.get(stat.upper(), MessageState.UNKNOWN)


def find_receipt(message: ShortMessagePdu | DataSm) -> Receipt | None:
    """The receipt in a deliver_sm or data_sm, or None when it carries something else.

    It is one when its type bits say so, when it has receipted_message_id and message_state, or when its text reads
    like one (some centres leave esm_class 0). The TLVs win over the text, which may be cut or padded, but a state
    that is not final says less than one that is. A message that is marked as a receipt and cannot be read is one, too:
    without a message_id, its octets in `text`.
    """
    if message.esm_class & EsmClass.UDHI:
        return None
    identity = (text_of(message.tlvs, Tag.RECEIPTED_MESSAGE_ID) or b"").decode("latin-1").strip()
    flagged = message.esm_class & EsmClass.TYPE_MASK in (EsmClass.RECEIPT, EsmClass.INTERMEDIATE)
    octets = content(message)
    if not (flagged or identity or octets[:3].lower() == b"id:"):
        return None
    text = parse_text(octets, flagged=flagged)
    state = _surer(_state_of_tlvs(message.tlvs), text)
    if state is None or not (identity or text):
        return Receipt(identity, MessageState.UNKNOWN, text=octets) if flagged else None
    if text is None:
        return Receipt(identity, state, error=_network_error(message.tlvs))
    other = text.message_id if identity and text.message_id != identity else ""
    error = text.error or _network_error(message.tlvs)
    return replace(text, message_id=identity or text.message_id, state=state, error=error, other_id=other)


def _surer(told: MessageState | None, text: Receipt | None) -> MessageState | None:
    """The state of TLV and text together."""
    if told is None or (text is not None and told not in FINAL and text.is_final):
        return text.state if text is not None else None
    return told


def _state_of_tlvs(tlvs: tuple[Tlv, ...]) -> MessageState | None:
    value = integer_of(tlvs, Tag.MESSAGE_STATE)  # some send four octets for the one
    if value is None:
        return None
    return MessageState(value) if value in set(MessageState) else MessageState.UNKNOWN


def _network_error(tlvs: tuple[Tlv, ...]) -> str | None:
    value = find(tlvs, Tag.NETWORK_ERROR_CODE)
    return value.hex().upper() if value else None


def format_text(
    message_id: str, state: MessageState, *, submitted: str, done: str, error: int = 0, text: bytes = b""
) -> bytes:
    """The text of Appendix B; dates are YYMMDDhhmm, `text` is cut to 20 octets as the appendix has it."""
    delivered = 1 if state == MessageState.DELIVERED else 0
    head = (
        f"id:{message_id} sub:001 dlvrd:{delivered:03} submit date:{submitted} done date:{done}"
        f" stat:{WORDS[state]} err:{error:03} text:"
    )
    return head.encode("latin-1") + text[:20]


def receipt_tlvs(message_id: str, state: MessageState, *, error: int = 0) -> tuple[Tlv, ...]:
    """receipted_message_id, message_state and, after a failure, network_error_code (GSM)."""
    tlvs: tuple[Tlv, ...] = (
        Tlv(Tag.RECEIPTED_MESSAGE_ID, message_id.encode("latin-1") + b"\0"),
        Tlv(Tag.MESSAGE_STATE, bytes((state,))),
    )
    if error:
        tlvs += (Tlv(Tag.NETWORK_ERROR_CODE, b"\x03" + error.to_bytes(2, "big")),)
    return tlvs


def canonical_ids(message_id: str) -> tuple[str, ...]:
    """The keys under which this id may be stored or come back, the surest first, without repetition.

    As it came; without quotes, blanks and case; without dashes and leading zeros; and, for what reads as a
    number of at most 16 digits, its hexadecimal and decimal counterparts. Two ids may share a late key: verify the
    destination before believing one.

    >>> canonical_ids("00A1")
    ('00A1', '00a1', 'a1', '161')
    >>> canonical_ids("161")
    ('161', 'a1', '353')
    """
    plain = message_id.strip(" \t\0\"'").casefold()
    bare = plain.replace("-", "").lstrip("0") or plain[-1:]
    keys = [message_id, plain, bare]
    if bare and len(bare) <= _SPELLINGS + 4 and bare.isascii():
        if bare.isdigit():
            keys.append(f"{int(bare):x}")
        if len(bare) <= _SPELLINGS and all(letter in "0123456789abcdef" for letter in bare):
            keys.append(str(int(bare, 16)))
    return tuple(dict.fromkeys(key for key in keys if key))


def message_key(message_id: str) -> str:
    """The one spelling under which an id is stored: without quotes, case, dashes and leading zeros."""
    plain = message_id.strip(" \t\0\"'").casefold().replace("-", "")
    return (plain.lstrip("0") or plain[-1:])[:72]
