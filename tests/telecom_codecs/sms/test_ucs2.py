"""UCS-2 texts and alpha identifiers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telecom_codecs.errors import CodecError, LocalError, TrailingOctets
from telecom_codecs.sms import ucs2
from telecom_codecs.sms.ucs2 import AlphaForm, AlphaText
from telecom_codecs.tlv import decode_ber, decode_comprehension_all
from tests.vectors import foreign, needs_vectors


@pytest.mark.parametrize(("text", "octets"), [("余额", "4f59989d"), ("a€", "006120ac"), ("😀", "d83dde00"), ("", "")])
def test_a_text_is_utf16_high_octet_first(text: str, octets: str) -> None:
    """Pairs of surrogates stay pairs."""
    assert ucs2.encode(text).hex() == octets
    assert ucs2.decode(bytes.fromhex(octets)) == text
    assert ucs2.unit_count(text) == len(octets) // 4


@pytest.mark.parametrize("octets", ["4f", "d83d", "de00d83d", "d83d0041"])
def test_half_a_character_is_refused(octets: str) -> None:
    """A text cut inside a character is a fault of whoever cut it."""
    with pytest.raises(CodecError):
        ucs2.decode(bytes.fromhex(octets))


def test_half_a_surrogate_pair_is_not_written() -> None:
    """Our own cut would be our fault."""
    with pytest.raises(LocalError):
        ucs2.encode("\ud83d")


# TS 102 221 annex A; the Cyrillic rows are those of TS 102 384 27.22.4, as oFono lists them
ALPHA = [
    (AlphaText("Menu"), "4d656e75"),
    (AlphaText("€1"), "1b6531"),
    (AlphaText("校园卡", AlphaForm.UCS2), "806821 56ed 5361"),
    (AlphaText("ЗДРАВСТВУЙТЕ", AlphaForm.PAGE, 0x0400), "810c089794a09092a1a292a399a295"),
    (AlphaText("ЗДРАВСТВУЙТЕ", AlphaForm.BASE, 0x0410), "820c0410878490808291928293899285"),
    (AlphaText("82ル2", AlphaForm.BASE, 0x30A0), "820430a03832cb32"),
]


@pytest.mark.parametrize(("value", "octets"), ALPHA)
def test_an_alpha_identifier_keeps_its_form_both_ways(value: AlphaText, octets: str) -> None:
    """GSM, 80, 81 and 82."""
    assert AlphaText.decode(bytes.fromhex(octets)) == value
    assert value.encode() == bytes.fromhex(octets)
    assert ucs2.decode_alpha(bytes.fromhex(octets)) == value.text


# the shortest form, but never a half page for ideographs
BEST = [
    ("Balance", AlphaForm.GSM),
    ("余额查询", AlphaForm.UCS2),
    ("1.余额", AlphaForm.UCS2),
    ("ЗДРАВСТВУЙТЕ", AlphaForm.PAGE),
    ("Я", AlphaForm.UCS2),
    ("Яҏ ok", AlphaForm.BASE),
    ("😀", AlphaForm.UCS2),
]


@pytest.mark.parametrize(("text", "form"), BEST)
def test_a_menu_text_takes_the_shortest_form_a_phone_shows(text: str, form: AlphaForm) -> None:
    """Chinese menus are always 80."""
    assert AlphaText.of(text).form is form
    assert ucs2.decode_alpha(ucs2.encode_alpha(text)) == text


@pytest.mark.parametrize(
    ("octets", "text"),
    [("4dffff", "M"), ("ffff", ""), ("80 4f59 ffff ff", "余"), ("81020897 94 ffff", "ЗД"), ("80", "")],
)
def test_padding_of_a_file_is_dropped(octets: str, text: str) -> None:
    """EF contents end in FF."""
    assert ucs2.decode_alpha(bytes.fromhex(octets)) == text


# 81 without base; count beyond the end; octets behind the count; base + offset above FFFF; a surrogate; odd UCS2
@pytest.mark.parametrize("octets", ["8101", "81050841", "8101084141", "8201ffff81", "8201d80080", "804f", "41e9"])
def test_a_bad_alpha_identifier_is_refused(octets: str) -> None:
    """A menu with a broken title is not guessed at."""
    with pytest.raises(CodecError) as caught:
        ucs2.decode_alpha(bytes.fromhex(octets))
    assert caught.value.offset is not None


def test_octets_behind_a_half_page_text_are_leftovers() -> None:
    """Only padding may follow."""
    with pytest.raises(TrailingOctets):
        ucs2.decode_alpha(bytes.fromhex("81010897 41"))


@pytest.mark.parametrize(
    "value",
    [
        AlphaText("中"),
        AlphaText("中A", AlphaForm.PAGE, 0x0400),
        AlphaText("Я", AlphaForm.PAGE, 0x0410),
        AlphaText("Я" * 256, AlphaForm.BASE, 0x0410),
        AlphaText("中\uffff", AlphaForm.UCS2),
    ],
)
def test_a_form_that_cannot_carry_the_text_is_our_fault(value: AlphaText) -> None:
    """No form is changed silently."""
    with pytest.raises(LocalError):
        value.encode()


@given(st.text(max_size=60).filter(lambda text: not text.endswith("\uffff")))
def test_any_text_comes_back_from_an_alpha_identifier(text: str) -> None:
    """Whatever form is chosen."""
    assert ucs2.decode_alpha(ucs2.encode_alpha(text)) == text


@given(st.binary(max_size=60))
def test_any_octets_are_read_or_refused(octets: bytes) -> None:
    """Only declared errors; an accepted identifier re-encodes to the same value."""
    for decode in (ucs2.decode, AlphaText.decode):
        try:
            value = decode(octets)
        except CodecError:
            continue
        if isinstance(value, AlphaText):
            assert AlphaText.decode(value.encode()) == value
        else:
            assert ucs2.encode(value) == octets


@needs_vectors
def test_foreign_titles_and_items_re_encode_to_the_same_octets() -> None:
    """Every 80, 81 and 82 title of the foreign dialogues."""
    seen = 0
    for row in foreign("cat"):
        octets = bytes.fromhex(row["hex"])
        if octets[0] != 0xD0:
            continue
        for item in decode_comprehension_all(decode_ber(octets).value):
            if item.tag == 0x05:
                assert AlphaText.decode(item.value).encode() == item.value, row["name"]
                seen += 1
            elif item.tag == 0x0F and item.value:
                assert AlphaText.decode(item.value[1:]).encode() == item.value[1:], row["name"]
                seen += 1
    assert seen > 500
