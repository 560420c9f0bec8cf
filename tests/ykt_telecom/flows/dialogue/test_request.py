"""What the menu applet may ask: octets and values, both ways, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telecom_codecs.card.identities import Iccid
from telecom_codecs.errors import LocalError, RemoteError
from ykt_telecom.flows.dialogue.password import ServicePassword
from ykt_telecom.flows.dialogue.request import (
    FAULT_LENGTH,
    FIELDS,
    LENGTH,
    CardRequest,
    Field,
    Operation,
    decode_request,
    encode_request,
)
from ykt_telecom.texts.notices import Language

ICCID = Iccid("89860012345678901234")
#: By hand from the table of the wire page: version, operation, request number, ICCID swapped, enterprise, language.
HEAD = "01{op:02X}00000007" + "98680021436587092143" + "000003E9" + "00"
SECRET = ServicePassword(b"194837")
VALUES: dict[Field, dict[str, Any]] = {
    Field.PASSWORD: {"password": SECRET},
    Field.NEW_PASSWORD: {"new_password": ServicePassword(b"482915")},
    Field.MSISDN: {"msisdn": "8613800138000"},
    Field.PERIOD: {"period": (2026, 10)},
    Field.PAGE: {"page": 3},
    Field.SWITCH: {"switch": (2, 1)},
    Field.TEXT: {"text": "机器扣错款"},
    Field.SERIAL: {"serial": 0x0102030405FF},
}


def a_request(**changes: Any) -> CardRequest:
    return replace(CardRequest(Operation.BALANCE, 7, ICCID, 1001, Language.ZH), **changes)


def octets_of(text: str, length: int = LENGTH) -> bytes:
    return bytes.fromhex(text).ljust(length, b"\0")


GOOD = [
    (a_request(), HEAD.format(op=0x01), LENGTH),
    (a_request(operation=Operation.DELETE, password=SECRET), HEAD.format(op=0x10) + "8106313934383337", LENGTH),
    (a_request(operation=Operation.FREEZE_OTHER, password=SECRET, msisdn="8613800138000"),
     HEAD.format(op=0x12) + "8106313934383337" + "8307683108108300F0", LENGTH),
    (a_request(operation=Operation.BILL_AGAIN, period=(2026, 10)), HEAD.format(op=0x31) + "8403202610", LENGTH),
    (a_request(operation=Operation.SUBSCRIBE, switch=(2, 0)), HEAD.format(op=0x30) + "86020200", LENGTH),
    (a_request(operation=Operation.FAULT, text="坏"), HEAD.format(op=0x40) + "8702574F", FAULT_LENGTH),
    (a_request(operation=Operation.NOT_SHOWN, serial=0x0A), HEAD.format(op=0x7E) + "880600000000000A", LENGTH),
]  # fmt: skip


@pytest.mark.parametrize(("value", "text", "length"), GOOD)
def test_octets_and_values_fit_the_table(value: CardRequest, text: str, length: int) -> None:
    """The octets of the wire page, in both directions."""
    octets = octets_of(text, length)
    assert encode_request(value) == octets
    assert decode_request(octets) == value


@pytest.mark.parametrize("operation", Operation)
def test_every_operation_carries_all_of_its_fields(operation: Operation) -> None:
    """Each operation with everything it may bring comes back as it went."""
    required, optional = FIELDS[operation]
    values = {name: value for field in required | optional for name, value in VALUES[field].items()}
    asked = a_request(operation=operation, language=Language.EN, **values)
    assert decode_request(encode_request(asked)) == asked


def test_the_length_tells_nothing() -> None:
    """Whoever listens sees 66 octets for every question, 98 for a fault."""
    assert {len(encode_request(value)) for value, _, _ in GOOD} == {LENGTH, FAULT_LENGTH}


BAD = [
    ("02" + HEAD.format(op=1)[2:], "version 02"),
    (HEAD.format(op=0x05), "operation 05"),
    (HEAD.format(op=0x01)[:-2] + "02", "language 02"),
    (HEAD.format(op=0x10), "TLV 81 is missing"),
    (HEAD.format(op=0x01) + "8106313934383337", "TLV 81 has no place"),
    (HEAD.format(op=0x10) + "81053139343833", "6 ASCII digits"),
    (HEAD.format(op=0x10) + "8106313934383361", "6 ASCII digits"),
    (HEAD.format(op=0x10) + "81063139343833378106313934383337", "comes twice"),
    (HEAD.format(op=0x10) + "81063139343833378901", "tag 89"),
    (HEAD.format(op=0x10) + "81FF313934383337", "TLV 81: 255 octets wanted"),
    (HEAD.format(op=0x10) + "81063139343833370001", "filler"),
    (HEAD.format(op=0x12) + "8106313934383337" + "83026831", "MSISDN"),
    (HEAD.format(op=0x12) + "8106313934383337" + "830368A108", "MSISDN"),
    (HEAD.format(op=0x31) + "8403202613", "period"),
    (HEAD.format(op=0x31) + "840320261A", "period"),
    (HEAD.format(op=0x31) + "84022026", "period"),
    (HEAD.format(op=0x30) + "86020202", "class and switch"),
    (HEAD.format(op=0x02) + "85020101", "page"),
    (HEAD.format(op=0x7E) + "8805000000000A", "serial"),
]


@pytest.mark.parametrize(("text", "message"), BAD)
def test_what_the_table_does_not_allow_is_refused(text: str, message: str) -> None:
    """A card that sends something else is not guessed at."""
    with pytest.raises(RemoteError, match=message):
        decode_request(octets_of(text))


@pytest.mark.parametrize("text", ["8703574F00", "8702D83D", "8700"])
def test_a_fault_text_is_whole_ucs2(text: str) -> None:
    """Half a character, half a surrogate pair, nothing at all."""
    with pytest.raises(RemoteError, match="text"):
        decode_request(octets_of(HEAD.format(op=0x40) + text, FAULT_LENGTH))


@pytest.mark.parametrize(("value", "text", "length"), GOOD)
def test_a_request_cut_or_lengthened_anywhere_is_refused(value: CardRequest, text: str, length: int) -> None:
    """Only the whole request is one."""
    octets = octets_of(text, length)
    for cut in range(length):
        with pytest.raises(RemoteError):
            decode_request(octets[:cut])
    for tail in (b"\0", b"\0" * 32 if length == LENGTH else b"\0" * 2, b"\x81"):
        with pytest.raises(RemoteError):
            decode_request(octets + tail)


@given(
    st.binary(max_size=120)
    | st.binary(min_size=46, max_size=46).map(lambda tail: octets_of(HEAD.format(op=0x10))[:20] + tail)
)
@settings(max_examples=300, deadline=None)
def test_hostile_octets_raise_declared_errors_only(octets: bytes) -> None:
    """Whatever comes, the service goes on."""
    try:
        asked = decode_request(octets)
    except RemoteError:
        return
    assert encode_request(asked) == octets


@pytest.mark.parametrize(
    "changes",
    [
        {"number": 1 << 32},
        {"enterprise_id": -1},
        {"password": SECRET},
        {"operation": Operation.DELETE},
        {"operation": Operation.RECORDS, "page": 256},
        {"operation": Operation.BILL_AGAIN, "period": (1999, 1)},
        {"operation": Operation.SUBSCRIBE, "switch": (1, 2)},
        {"operation": Operation.FAULT, "text": "长" * 38},
        {"operation": Operation.FAULT, "text": "\ud83d"},
        {"operation": Operation.FREEZE_OTHER, "password": SECRET, "msisdn": "+86138"},
        {"operation": Operation.NOT_SHOWN, "serial": 1 << 48},
    ],
)
def test_what_the_format_cannot_carry_is_not_sent(changes: dict[str, Any]) -> None:
    """The caller's mistake is the caller's error."""
    with pytest.raises(LocalError):
        encode_request(a_request(**changes))


def test_a_request_does_not_show_its_password() -> None:
    """INV-17: not in a log, not in a traceback."""
    shown = repr(a_request(operation=Operation.DELETE, password=SECRET))
    assert "194837" not in shown
    with pytest.raises(RemoteError) as caught:
        decode_request(octets_of(HEAD.format(op=0x10) + "8106313934383361"))
    assert "19483" not in str(caught.value)
