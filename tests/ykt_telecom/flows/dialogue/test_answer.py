"""The answer on the card's screen: octets, and texts that fit one segment."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telecom_codecs.errors import LocalError, RemoteError
from tests.ykt_telecom.ledger.money.world import NOON
from ykt_telecom.flows.dialogue.answer import TEXT_OCTETS, AnswerKind, MenuAnswer, encode_text, fits
from ykt_telecom.flows.dialogue.balance import balance_text
from ykt_telecom.texts.notices import Language, Refusal, deleted_text, refusal_text

GOOD = [
    (MenuAnswer(AnswerKind.FINAL, 7, 12, "ok"), "01010000000700000000000C046F6B"),
    (MenuAnswer(AnswerKind.INTERIM, 0xFFFFFFFF, 0xFFFFFFFFFFFF, "好"), "0102FFFFFFFFFFFFFFFFFFFF08597D"),
    (MenuAnswer(AnswerKind.CONFIRM, 0, 0, "“a”"), "01030000000000000000000008201C0061201D"),
    (MenuAnswer(AnswerKind.SILENT, 1, 1, "x"), "0104000000010000000000010478"),
]


@pytest.mark.parametrize(("value", "text"), GOOD)
def test_octets_and_values_fit_the_table(value: MenuAnswer, text: str) -> None:
    """The octets of the wire page, in both directions; cut anywhere, they are refused."""
    octets = bytes.fromhex(text)
    assert value.encode() == octets
    assert MenuAnswer.decode(octets) == value
    for cut in range(14):
        with pytest.raises(RemoteError):
            MenuAnswer.decode(octets[:cut])


@pytest.mark.parametrize(
    "text",
    [
        "02010000000700000000000C046F6B",  # version
        "01050000000700000000000C046F6B",  # kind
        "01010000000700000000000C006F6B",  # DCS
        "01010000000700000000000C08597D00",  # half a character
        "01010000000700000000000C080061",  # ASCII goes as 8-bit
        "01010000000700000000000C0480",  # not ASCII
        "01010000000700000000000C04" + "61" * 86,
    ],
)
def test_what_the_table_does_not_allow_is_refused(text: str) -> None:
    """One way to write each answer."""
    with pytest.raises(RemoteError):
        MenuAnswer.decode(bytes.fromhex(text))


@pytest.mark.parametrize("text", ["", "长" * 43, "a" * 86, "\ud83d"])
def test_a_text_that_fits_no_segment_is_not_sent(text: str) -> None:
    """Never cut silently."""
    with pytest.raises(LocalError):
        MenuAnswer(AnswerKind.FINAL, 1, 1, text).encode()


def test_the_balance_reads_as_the_menu_design_says() -> None:
    """余额查询: amount, validity, as of. The design's own form is 86 octets; without its space it is 84 and fits."""
    text = balance_text("华信科技", 11_630, date(2010, 12, 31), NOON, Language.ZH)
    assert text == "华信科技余额116.30元\n有效期至2010-12-31\n截至10-12 12:03"
    assert len(encode_text(text)) == 84
    assert len(encode_text(text.replace("余额", " 余额"))) == 86
    short = balance_text("华信科技", 50, None, NOON, Language.ZH)
    assert short == "华信科技 余额0.50元\n截至10-12 12:03"
    assert balance_text("Huaxin", 11_630, date(2010, 12, 31), NOON, Language.EN) == (
        "Huaxin balance CNY116.30\nvalid until 2010-12-31\nas of 10-12 12:03"
    )


@given(
    st.text(max_size=40),
    st.integers(-(10**9), 10**9),
    st.none() | st.dates(date(2000, 1, 1), date(2099, 12, 31)),
    st.sampled_from(Language),
)
@settings(max_examples=150, deadline=None)
def test_every_balance_fits_one_segment_and_shows_its_amount(
    name: str, fen: int, until: date | None, language: Language
) -> None:
    """Whatever the enterprise is called, the member reads what is left."""
    text = balance_text(name, fen, until, NOON, language)
    assert fits(text)
    assert f"{abs(fen) // 100}.{abs(fen) % 100:02d}" in text


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("refusal", Refusal)
def test_every_refusal_fits_one_segment(refusal: Refusal, language: Language) -> None:
    """Codes and amounts included."""
    text = refusal_text(refusal, language, amount_fen=10**9, code="ABCDEFGHIJ")
    assert 0 < len(encode_text(text)) <= TEXT_OCTETS
    assert fits(deleted_text("华" * 24, language))
