"""Result texts and what a name may do in them."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telecom_codecs.onecard.language import Language
from telecom_codecs.sms.concat import segment_count
from tests.ykt_telecom.ledger.money.world import NOON
from ykt_telecom.texts.names import clean_name, mask_name
from ykt_telecom.texts.notices import (
    Refusal,
    balance_left_sms,
    deleted_sms,
    deleted_text,
    issued_sms,
    password_locked_sms,
    refusal_text,
    result_sms,
)
from ykt_telecom.texts.signature import BadSignature, signature_or_default, signed


@pytest.mark.parametrize(
    ("text", "sample", "units"),
    [
        (
            deleted_sms("翠湖小区"),
            "【移动一卡通】翠湖小区应用已从卡中删除，释放空间。如需恢复请联系翠湖小区管理员。",
            40,
        ),
        (
            balance_left_sms("华信科技", 12_830),
            "【移动一卡通】华信科技应用尚有余额128.30元，请先办理余额处理再删除。",
            37,
        ),
        (
            issued_sms("华信科技", "门禁、考勤、消费"),
            "【移动一卡通】华信科技已为您开通门禁、考勤、消费应用，刷手机即可使用。菜单：一卡通>余额查询。",
            47,
        ),
    ],
)
def test_notices_read_as_the_service_says(text: str, sample: str, units: int) -> None:
    """The forms of the service design, with their unit counts; one segment each."""
    assert text == sample
    assert len(text) == units
    assert segment_count(text) == 1


def test_wrong_and_locked_read_the_same() -> None:
    """E102 exists in the books only."""
    for language in Language:
        assert refusal_text(Refusal.LOCKED, language) == refusal_text(Refusal.NOT_VERIFIED, language)


@pytest.mark.parametrize("refusal", Refusal)
def test_every_refusal_has_both_languages_without_leftovers(refusal: Refusal) -> None:
    """No placeholder ever reaches a screen."""
    chinese, english = (refusal_text(refusal, language, amount_fen=11_630, code="6985") for language in Language)
    assert english.isascii()
    assert not chinese.isascii()
    assert not set("{}") & set(chinese + english)


def test_the_amount_and_the_code_stand_where_they_belong() -> None:
    """E105 and E107."""
    assert refusal_text(Refusal.BALANCE_LEFT, Language.ZH, amount_fen=11_630) == "该应用有余额116.30元，请先处理余额"
    assert refusal_text(Refusal.BUSY, Language.EN, code="<69 85>") == "System busy, try later (6985)"
    assert deleted_text("翠湖小区", Language.ZH) == "“翠湖小区”应用已删除"


def test_a_result_keeps_its_serial_when_it_goes_by_sms() -> None:
    """Screen and SMS carry the same number, so that a reader sees one notice."""
    assert result_sms("余额1.00元\n截至10-12", 17, Language.ZH) == "【移动一卡通】余额1.00元，截至10-12。编号00000017。"
    assert result_sms("Not sent", 17, Language.EN) == "[YKT] Not sent. Ref 00000017."


def test_a_name_in_brackets_does_not_keep_a_result_from_being_sent() -> None:
    """The signature's brackets are the platform's; a name shows round ones."""
    assert result_sms("[YKT] Club balance CNY1.00", 1, Language.EN) == "[YKT] (YKT) Club balance CNY1.00. Ref 00000001."


@pytest.mark.parametrize("kept", [None, "", "甲", "一二三四五六七八九十甲乙丙", "【甲乙】"])
def test_a_bad_signature_in_the_books_gives_way_to_the_platforms_own(kept: str | None) -> None:
    """A notice of money is sent all the same."""
    assert signed("甲。", signature_or_default(kept)) == "【移动一卡通】甲。"
    assert signed("甲。", signature_or_default("甲乙")) == "【甲乙】甲。"
    assert segment_count(password_locked_sms("8613800138000", NOON)) == 1
    assert "尾号8000的" in password_locked_sms("8613800138000", NOON)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("张三", "张三"),
        ("Jo\nBAL 9999999", "Jo BAL 9999999"),
        ("{0.__class__}", "{0.__class__}"),
        ("%s%d", "%s%d"),
        ("a\x1bb\x00c\r\nd", "a b c d"),
        ("abc\u202edef\u200b", "abcdef"),
        ("领奖 http://evil.example/x 点", "领奖 点"),
        ("www.evil.test", "?"),
        ("点evil.com/a?b 这", "点 这"),
        ("【假签名】", "〔假签名〕"),
        ("", "?"),
        ("\n\t", "?"),
        ("长" * 40, "长" * 24),
        ("😀" * 20, "😀" * 12),
        ("e\u0301", "é"),
    ],
)
def test_a_name_is_one_visible_line_without_a_link(name: str, shown: str) -> None:
    """T16: newlines, escapes, direction marks, links, templates, signatures of its own."""
    assert clean_name(name) == shown


@given(st.text())
def test_no_name_breaks_a_text(name: str) -> None:
    """One line, bounded, no control or direction mark, and the signature stays the only one."""
    shown = clean_name(name)
    assert 1 <= len(shown.encode("utf-16-be")) // 2 <= 24
    assert not {unicodedata.category(character) for character in shown} & {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
    text = deleted_sms(name)
    assert text.count("【") == text.count("】") == 1
    assert text.startswith("【移动一卡通】")
    assert len(mask_name(name)) == 2


@pytest.mark.parametrize(("body", "signature"), [("【x】", "移动一卡通"), ("x", ""), ("x", "长" * 13), ("x", "【】")])
def test_a_signature_is_ours_and_only_one(body: str, signature: str) -> None:
    """Templates never bring one."""
    with pytest.raises(BadSignature):
        signed(body, signature)
