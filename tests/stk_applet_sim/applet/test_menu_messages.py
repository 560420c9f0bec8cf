"""Requests and answers of the menu applet, octet by octet (docs/wire/card-application.md §8, §9)."""

from __future__ import annotations

import pytest

from stk_applet_sim.applet.menu_messages import Answer, AnswerKind, Operation, Request, RequestTag
from stk_applet_sim.applet.menu_tree import Language
from telecom_codecs.card.identities import Iccid
from telecom_codecs.cat import MAX_PROACTIVE, DisplayText, proactive_size
from telecom_codecs.errors import LocalError, RemoteError

ICCID = Iccid("89860012345678901234")

#: Worked by hand from the table of §8: version, operation, request number, ICCID swapped, enterprise, language, TLVs.
DELETION = bytes.fromhex("01 10 00000007 98680021436587092143 000003E9 00 81 06 313233343536").ljust(66, b"\x00")
BALANCE_IN_ENGLISH = bytes.fromhex("01 01 FFFFFFFF 98680021436587092143 00000000 01").ljust(66, b"\x00")


def test_deletion_is_written_as_the_contract_says() -> None:
    """Password in ASCII, zeros to 66 octets."""
    request = Request(Operation.DELETE, 7, ICCID, 1001, Language.CHINESE, ((RequestTag.PASSWORD, b"123456"),))
    assert request.encode() == DELETION
    assert Request.decode(DELETION) == request


def test_balance_has_no_fields_and_the_same_length() -> None:
    """The length tells nothing about the request."""
    request = Request(Operation.BALANCE, 0xFFFFFFFF, ICCID, 0, Language.ENGLISH)
    assert request.encode() == BALANCE_IN_ENGLISH
    assert Request.decode(BALANCE_IN_ENGLISH) == request


def test_a_fault_text_takes_the_longer_form() -> None:
    """37 characters fill 98 octets; one more does not go."""
    fields = ((int(RequestTag.TEXT), ("障" * 37).encode("utf-16-be")),)
    request = Request(Operation.REPORT_FAULT, 1, ICCID, 1, Language.CHINESE, fields)
    assert len(request.encode()) == 98
    assert Request.decode(request.encode()) == request
    with pytest.raises(LocalError):
        Request(Operation.REPORT_FAULT, 1, ICCID, 1, Language.CHINESE, ((0x87, b"x" * 77),)).encode()


def test_a_request_does_not_print_its_password() -> None:
    """Logs may hold a request's repr."""
    request = Request(Operation.DELETE, 7, ICCID, 1001, fields=((int(RequestTag.PASSWORD), b"907788"),))
    assert "907788" not in repr(request)
    assert "fields" not in repr(request)


@pytest.mark.parametrize("length", range(21))
def test_a_cut_request_is_refused(length: int) -> None:
    """Every missing octet of the fixed part is noticed."""
    with pytest.raises(RemoteError):
        Request.decode(DELETION[:length])


@pytest.mark.parametrize(
    "octets",
    [
        b"\x02" + DELETION[1:],  # another version
        DELETION[:21] + bytes.fromhex("81ff31"),  # a field longer than the packet
        DELETION[:-1] + b"\x01",  # filling that is not zero
        DELETION[:6] + b"\xaa" * 10 + DELETION[16:],  # an ICCID of no digits
    ],
)
def test_a_broken_request_is_refused(octets: bytes) -> None:
    """Declared errors only."""
    with pytest.raises(RemoteError):
        Request.decode(octets)


@pytest.mark.parametrize(
    ("text", "octets"),
    [
        ("余额", "01 01 00000007 303030303837 08 4F59989D"),
        ("Balance", "01 01 00000007 303030303837 04 42616C616E6365"),
        ("[YKT]", "01 01 00000007 303030303837 04 5B594B545D"),
        ("", "01 01 00000007 303030303837 04"),
    ],
)
def test_answers_are_read_and_written_as_the_contract_says(text: str, octets: str) -> None:
    """UCS-2 for Chinese, 8-bit for ASCII, brackets included."""
    answer = Answer(AnswerKind.FINAL, 7, b"000087", text)
    assert answer.encode() == bytes.fromhex(octets)
    assert Answer.decode(bytes.fromhex(octets)) == answer


@pytest.mark.parametrize(
    "octets",
    [
        "",
        "02 01 00000007 303030303837 04",
        "01 01 00000007 3030303038",
        "01 01 00000007 303030303837 00 41",
        "01 01 00000007 303030303837 08 4F5998",
        "01 01 00000007 303030303837 04 C441",
        "01 01 00000007 303030303837 04" + "41" * 241,
    ],
)
def test_a_broken_answer_is_refused(octets: str) -> None:
    """Another version, a cut serial, an unknown coding, half a character, too long a text."""
    with pytest.raises(RemoteError):
        Answer.decode(bytes.fromhex(octets))


def test_an_answer_longer_than_a_screen_is_not_written() -> None:
    """240 octets fill a DISPLAY TEXT, 241 do not fit."""
    assert Answer.decode(Answer(1, 7, b"000087", "x" * 240).encode()).text == "x" * 240
    assert proactive_size(DisplayText("长" * 120, high_priority=True, wait_for_user=True)) == MAX_PROACTIVE
    with pytest.raises(LocalError):
        Answer(1, 7, b"000087", "长" * 121).encode()
    with pytest.raises(LocalError):
        Answer(1, 7, b"0", "x").encode()
