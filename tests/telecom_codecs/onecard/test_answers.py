"""The answer on the card's screen: octets, and texts that fit a screen and a segment."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telecom_codecs.cat import MAX_PROACTIVE, DisplayText, proactive_size
from telecom_codecs.errors import LimitExceeded, LocalError, RemoteError, Truncated
from telecom_codecs.onecard.answers import (
    CLAUSE,
    QUESTIONS,
    SCREEN_TEXT,
    SEGMENT_TEXT,
    AnswerKind,
    MenuAnswer,
    QueueStatus,
    encode_text,
    fits,
)

from .rows import octets_of, rows

ROWS = rows("onecard_answer")
HEAD = "01 {kind:02X} 00000007 00000000000C "


def answer_of(row: dict[str, Any]) -> MenuAnswer:
    return MenuAnswer(AnswerKind(row["answer_kind"]), row["number"], row["serial"], row["text"])


@pytest.mark.parametrize("row", ROWS)
def test_octets_and_values_fit_the_table(row: dict[str, Any]) -> None:
    """The octets of the wire page, in both directions; cut before the text or within a character, they are refused."""
    octets = octets_of(row)
    assert answer_of(row).encode() == octets
    assert MenuAnswer.decode(octets) == answer_of(row)
    for cut in range(13):
        with pytest.raises(Truncated) as caught:
            MenuAnswer.decode(octets[:cut])
        assert caught.value.clause == CLAUSE


def test_every_kind_has_a_row_worked_by_hand() -> None:
    """And every kind but the silent one wants a text."""
    assert {answer_of(row.values[0]).kind for row in ROWS} == set(AnswerKind)
    for kind in set(AnswerKind) - {AnswerKind.SILENT}:
        with pytest.raises(LocalError, match="without a text"):
            MenuAnswer(kind, 7, 12, "").encode()
        with pytest.raises(RemoteError, match="without a text"):
            MenuAnswer.decode(bytes.fromhex(HEAD.format(kind=kind) + "04"))
    assert {kind.value for kind in QUESTIONS} == {3, 5}
    assert [status.value for status in QueueStatus] == [0, 1, 2]


@pytest.mark.parametrize(
    ("octets", "message"),
    [
        ("02 01 00000007 00000000000C 04 6F6B", "version 02"),
        (HEAD.format(kind=0) + "04 6F6B", "kind 00"),
        (HEAD.format(kind=6) + "04 6F6B", "kind 06 is not known at offset 1"),
        (HEAD.format(kind=1) + "00 6F6B", "DCS 00"),
        (HEAD.format(kind=1) + "08 597D00", "half"),
        (HEAD.format(kind=1) + "08 D83D", "half"),
        (HEAD.format(kind=1) + "04 80", "not ASCII"),
        (HEAD.format(kind=1) + "04" + "61" * 241, "at most 240"),
    ],
)
def test_what_the_table_does_not_allow_is_refused(octets: str, message: str) -> None:
    """The card answers these with status 02; the error names the paragraph."""
    with pytest.raises(RemoteError, match=message) as caught:
        MenuAnswer.decode(bytes.fromhex(octets))
    assert caught.value.clause == CLAUSE


def test_too_long_a_text_is_a_hostile_one() -> None:
    """A limit, not a value."""
    with pytest.raises(LimitExceeded):
        MenuAnswer.decode(bytes.fromhex(HEAD.format(kind=1) + "04" + "61" * 241))


@pytest.mark.parametrize(
    "answer",
    [
        MenuAnswer(AnswerKind.FINAL, 1 << 32, 0, "x"),
        MenuAnswer(AnswerKind.FINAL, 0, 1 << 48, "x"),
        MenuAnswer(AnswerKind.FINAL, 0, -1, "x"),
        MenuAnswer(AnswerKind.FINAL, 0, 0, "长" * 121),
        MenuAnswer(AnswerKind.FINAL, 0, 0, "x" * 241),
        MenuAnswer(AnswerKind.FINAL, 0, 0, "\ud83d"),
    ],
)
def test_what_the_format_cannot_carry_is_not_sent(answer: MenuAnswer) -> None:
    """Never cut silently."""
    with pytest.raises(LocalError):
        answer.encode()


def test_a_screen_holds_240_octets_and_a_segment_85() -> None:
    """What DISPLAY TEXT takes in one FETCH; 42 UCS-2 characters are 84 octets."""
    assert MenuAnswer.decode(MenuAnswer(AnswerKind.FINAL, 7, 1, "x" * SCREEN_TEXT).encode()).text == "x" * 240
    assert proactive_size(DisplayText("长" * 120, high_priority=True, wait_for_user=True)) == MAX_PROACTIVE
    assert [fits("x" * 85), fits("x" * 86), fits("长" * 42), fits("长" * 43)] == [True, False, True, False]
    assert len(encode_text("x" * 85)) == SEGMENT_TEXT


@given(st.sampled_from(AnswerKind), st.integers(0, 2**32 - 1), st.integers(0, 2**48 - 1), st.text(max_size=60))
@settings(max_examples=200, deadline=None)
def test_every_answer_comes_back_as_it_went(kind: AnswerKind, number: int, serial: int, text: str) -> None:
    """Any text that can be written."""
    answer = MenuAnswer(kind, number, serial, text)
    try:
        octets = answer.encode()
    except LocalError:
        return
    assert MenuAnswer.decode(octets) == answer


def test_an_answer_does_not_show_its_text() -> None:
    """INV-17: it may be a balance."""
    assert "12.30" not in repr(MenuAnswer(AnswerKind.FINAL, 7, 1, "余额12.30元"))
