"""Texts for the card's screen: every one fits one segment."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telecom_codecs.onecard.answers import SEGMENT_TEXT, encode_text, fits
from telecom_codecs.onecard.language import Language
from tests.ykt_telecom.ledger.money.world import NOON
from ykt_telecom.flows.dialogue.balance import balance_text
from ykt_telecom.texts.notices import Refusal, deleted_text, refusal_text


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
    assert 0 < len(encode_text(text)) <= SEGMENT_TEXT
    assert fits(deleted_text("华" * 24, language))
