"""What the menu applet may ask: octets and values, both ways, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telecom_codecs.card.identities import Msisdn
from telecom_codecs.errors import LocalError, RemoteError, Truncated
from telecom_codecs.onecard.language import Language
from telecom_codecs.onecard.password import ServicePassword, is_weak
from telecom_codecs.onecard.requests import (
    CLAUSE,
    FAULT_LENGTH,
    FORMS,
    LENGTH,
    AttendanceView,
    CardRequest,
    FaultCategory,
    MessageClass,
    Operation,
    Period,
    RecordsPage,
    Switch,
    Tag,
)

from .rows import ICCID, octets_of, rows

ROWS = rows("onecard_request")
HEAD = "01{op:02X}00000007" + "98680021436587092143" + "{enterprise:08X}" + "00"
SECRET = ServicePassword(b"194837")
READ: dict[str, Any] = {
    "operation": Operation,
    "language": Language,
    "password": lambda digits: ServicePassword(digits.encode()),
    "new_password": lambda digits: ServicePassword(digits.encode()),
    "msisdn": Msisdn,
    "period": lambda period: Period(*period),
    "switch": lambda switch: Switch(*switch),
}


def request_of(row: dict[str, Any]) -> CardRequest:
    """The value that a row means; the request number is 7 unless it says otherwise."""
    meant = {name: value for name, value in row.items() if name in CardRequest.__dataclass_fields__}
    values = {name: READ.get(name, lambda value: value)(value) for name, value in meant.items()}
    return CardRequest(**{"number": 7, "iccid": ICCID, **values})


def a_request(operation: Operation = Operation.BALANCE, **changes: Any) -> CardRequest:
    enterprise = 1001 if FORMS[operation].enterprise else 0
    return replace(CardRequest(operation, 7, ICCID, enterprise), **changes)


def written(op: int, tlvs: str = "", *, enterprise: int | None = None) -> bytes:
    """A request with these TLVs, filled to its length; one the table does not know is filled to 66."""
    known = op in Operation.__members__.values()
    named = 1001 if known and FORMS[Operation(op)].enterprise else 0
    head = HEAD.format(op=op, enterprise=named if enterprise is None else enterprise)
    return bytes.fromhex(head + tlvs).ljust(FAULT_LENGTH if op == Operation.FAULT else LENGTH, b"\0")


@pytest.mark.parametrize("row", ROWS)
def test_octets_and_values_fit_the_table(row: dict[str, Any]) -> None:
    """The octets of the wire page, in both directions."""
    assert request_of(row).encode() == octets_of(row)
    assert CardRequest.decode(octets_of(row)) == request_of(row)


def test_every_operation_and_tag_has_a_row_worked_by_hand() -> None:
    """Whoever adds an operation works out its octets first."""
    requests = [request_of(row.values[0]) for row in ROWS]
    assert {request.operation for request in requests} == set(Operation) == FORMS.keys()
    for tag in Tag:
        name = "switch" if tag is Tag.SWITCH else tag.name.lower()
        assert any(getattr(request, name) is not None for request in requests), tag


def test_the_length_tells_nothing() -> None:
    """Whoever listens sees 66 octets for every question, 98 for a fault."""
    lengths = {request.operation: len(request.encode()) for request in (request_of(row.values[0]) for row in ROWS)}
    assert lengths.pop(Operation.FAULT) == 98
    assert set(lengths.values()) == {66}


@pytest.mark.parametrize("row", ROWS)
def test_a_request_cut_or_lengthened_anywhere_is_refused(row: dict[str, Any]) -> None:
    """Only the whole request is one."""
    octets = octets_of(row)
    for cut in range(len(octets)):
        with pytest.raises(Truncated) as caught:
            CardRequest.decode(octets[:cut])
        assert caught.value.clause == CLAUSE
    for tail in (b"\0", b"\0" * (FAULT_LENGTH - LENGTH + 1), b"\x81"):
        with pytest.raises(RemoteError):
            CardRequest.decode(octets + tail)


@pytest.mark.parametrize(
    ("operation", "field", "values"),
    [
        (Operation.RECORDS, "page", RecordsPage),
        (Operation.ATTENDANCE, "page", AttendanceView),
        (Operation.SUBSCRIBE, "switch", [Switch(number, on) for number in MessageClass for on in (0, 1)]),
        (Operation.FAULT, "switch", [Switch(category, 1) for category in FaultCategory]),
        (Operation.APPLICATIONS, "language", Language),
    ],
)
def test_every_value_of_a_table_comes_back_as_it_went(operation: Operation, field: str, values: Any) -> None:
    """Each member alone, and the one behind the last is refused on both sides."""
    for value in values:
        request = a_request(operation, **{field: value})
        assert CardRequest.decode(request.encode()) == request


@pytest.mark.parametrize(
    ("octets", "message"),
    [
        (b"\x02" + written(0x01)[1:], "version 02"),
        (written(0x05), "operation 05 is not known at offset 1"),
        (written(0x01)[:20] + b"\x02" + written(0x01)[21:], "language 02"),
        (written(0x01)[:6] + b"\xaa" * 10 + written(0x01)[16:], "ICCID"),
        (written(0x01, enterprise=0), "BALANCE names an enterprise"),
        (written(0x11, "8106313934383337", enterprise=1), "FREEZE names no enterprise"),
        (written(0x10), "TLV 81 is missing"),
        (written(0x01, "8106313934383337"), "TLV 81 has no place"),
        (written(0x03, "84032026108501 01"), "TLV 84 has no place"),
        (written(0x04, "850101"), "TLV 85 has no place"),
        (written(0x40), "TLV 86 is missing"),
        (written(0x40, "8702574F"), "TLV 86 is missing"),
        (written(0x41, "88060000000004D2"), "TLV 88 has no place"),
        (written(0x50, "86020001"), "TLV 88 is missing"),
        (written(0x10, "81053139343833"), "6 ASCII digits"),
        (written(0x10, "8106313934383361"), "6 ASCII digits"),
        (written(0x10, "8106313934383337" * 2), "comes twice at offset 29"),
        (written(0x10, "81063139343833378901"), "tag 89"),
        (written(0x10, "81FF313934383337"), "TLV 81: 255 octets wanted"),
        (written(0x10, "81063139343833370001"), "filler"),
        (written(0x12, "8106313934383337" + "83026831"), "MSISDN"),
        (written(0x12, "8106313934383337" + "830368A108"), "MSISDN"),
        (written(0x31, "8403202613"), "period"),
        (written(0x31, "840320261A"), "period"),
        (written(0x31, "84022026"), "3 are wanted"),
        (written(0x31, "8403189910"), "period"),
        (written(0x30, "86020102"), "position 2"),
        (written(0x30, "86020501"), "class 5"),
        (written(0x30, "860101"), "2 are wanted"),
        (written(0x40, "86020100"), "position 0"),
        (written(0x50, "8602010188060000000004D2"), "class 1"),
        (written(0x02, "850103"), "page 03"),
        (written(0x03, "850106"), "page 06"),
        (written(0x02, "85020101"), "1 are wanted"),
        (written(0x7E, "8805000000000A"), "6 are wanted"),
        (written(0x40, "86020101" + "8703574F00"), "half"),
        (written(0x40, "86020101" + "8702D83D"), "half"),
        (written(0x40, "86020101" + "8700"), "no text"),
    ],
)
def test_what_the_table_does_not_allow_is_refused(octets: bytes, message: str) -> None:
    """A card that sends something else is not guessed at; the error names the paragraph that was broken."""
    with pytest.raises(RemoteError, match=message) as caught:
        CardRequest.decode(octets)
    assert caught.value.clause == CLAUSE


@pytest.mark.parametrize(
    "request_",
    [
        a_request(number=1 << 32),
        a_request(number=-1),
        a_request(enterprise_id=0),
        a_request(enterprise_id=1 << 32),
        a_request(Operation.FREEZE, enterprise_id=1001, password=SECRET),
        a_request(password=SECRET),
        a_request(Operation.DELETE),
        a_request(Operation.RECORDS, page=256),
        a_request(Operation.RECORDS, page=3),
        a_request(Operation.BILL_AGAIN, period=Period(1999, 1)),
        a_request(Operation.BILL_AGAIN, period=Period(2026, 13)),
        a_request(Operation.SUBSCRIBE, switch=Switch(1, 2)),
        a_request(Operation.FAULT, text="坏了"),
        a_request(Operation.FAULT, switch=Switch(1, 1), text="长" * 36),
        a_request(Operation.FAULT, switch=Switch(1, 1), text=""),
        a_request(Operation.FAULT, switch=Switch(1, 1), text="\ud83d"),
        a_request(Operation.NOT_SHOWN, serial=1 << 48),
    ],
    ids=repr,
)
def test_what_the_format_cannot_carry_is_not_sent(request_: CardRequest) -> None:
    """The caller's mistake is the caller's error."""
    with pytest.raises(LocalError):
        request_.encode()


def test_the_longest_fault_fills_its_packet() -> None:
    """35 characters beside the category, surrogate pairs counted as two: 97 of 98 octets."""
    longest = a_request(Operation.FAULT, switch=Switch(4, 1), text="长" * 33 + "😁")
    assert CardRequest.decode(longest.encode()) == longest
    assert longest.encode()[-1:] == b"\0"
    assert longest.encode()[-2:] != b"\0\0"


@given(
    st.binary(max_size=120)
    | st.tuples(st.sampled_from(Operation), st.binary(max_size=45)).map(
        lambda drawn: written(drawn[0])[:21] + drawn[1].ljust(FAULT_LENGTH - 21 if drawn[0] == 0x40 else 45, b"\0")
    )
)
@settings(max_examples=300, deadline=None)
def test_hostile_octets_raise_declared_errors_only(octets: bytes) -> None:
    """Whatever comes, the service goes on; what is read comes back as the same value."""
    try:
        asked = CardRequest.decode(octets)
    except RemoteError:
        return
    assert CardRequest.decode(asked.encode()) == asked


def test_a_request_shows_nobody() -> None:
    """INV-17: no password, no whole ICCID, no number and no words in a log or a traceback."""
    asked = a_request(Operation.FREEZE_OTHER, password=SECRET, msisdn=Msisdn("8613800138000"))
    fault = a_request(Operation.FAULT, switch=Switch(1, 1), text="坏了")
    shown = repr(asked) + repr(fault)
    assert not any(hidden in shown for hidden in ("194837", "8613800138000", str(ICCID), "坏了"))
    with pytest.raises(RemoteError) as caught:
        CardRequest.decode(written(0x10, "8106313934383361"))
    assert "19483" not in str(caught.value)


@pytest.mark.parametrize(
    ("digits", "weak"),
    [
        (b"000000", True),
        (b"012345", True),
        (b"987654", True),
        (b"112233", False),
        (b"890123", False),
        (b"123457", False),
    ],
)
def test_a_password_of_equal_digits_or_a_run_is_weak(digits: bytes, weak: bool) -> None:
    """By one, up or down, without going round: the rule of card and platform, once."""
    assert is_weak(ServicePassword(digits)) is weak
