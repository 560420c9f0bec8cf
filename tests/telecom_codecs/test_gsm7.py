"""The GSM 7 bit alphabet."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telecom_codecs import gsm7
from telecom_codecs.errors import BadValue, CodecError, LocalError, Truncated
from telecom_codecs.gsm7_languages import DEFAULT, EXTENSION, LOCKING_SHIFT, PORTUGUESE, SINGLE_SHIFT, SPANISH, TURKISH
from tests.vectors import curated

FOREIGN = [row for row in curated("sms") if row["kind"] == "gsm7"]


@pytest.mark.parametrize("row", FOREIGN, ids=lambda row: row["name"])
def test_texts_of_other_programs_pack_to_the_same_octets(row: dict[str, Any]) -> None:
    """Text, septets and octets agree with a source outside this project, both ways."""
    septets = bytes.fromhex(row["septets"])
    assert gsm7.encode(row["text"]) == septets
    assert gsm7.decode(septets) == row["text"]
    assert gsm7.pack(septets).hex() == row["packed"]
    assert gsm7.unpack(bytes.fromhex(row["packed"]), len(septets)) == septets


def test_every_code_of_the_default_tables_goes_both_ways() -> None:
    """127 characters and 10 escapes; no two share a code."""
    plain = DEFAULT.replace("\x1b", "")
    assert (len(DEFAULT), len(set(plain))) == (128, 127)
    assert gsm7.decode(gsm7.encode(plain)) == plain
    escaped = "".join(EXTENSION.values())
    assert gsm7.encode(escaped) == b"".join(bytes((0x1B, code)) for code in EXTENSION)
    assert gsm7.decode(gsm7.encode(escaped)) == escaped


@pytest.mark.parametrize("text", ["`", "中", "\x1b", "ç"])
def test_a_character_outside_the_alphabet_is_named_with_its_place(text: str) -> None:
    """Nothing is replaced behind the caller's back."""
    assert not gsm7.can_encode("ab" + text)
    with pytest.raises(LocalError, match=f"U\\+{ord(text):04X}") as caught:
        gsm7.encode("ab" + text)
    assert caught.value.offset == 2


# escape without a meaning shows the plain character; escape twice, and a last escape, show a space (23.038 6.2.1)
@pytest.mark.parametrize(("septets", "text"), [("1b41", "A"), ("1b1b41", " A"), ("411b", "A "), ("1b65", "€")])
def test_an_escape_without_a_meaning_is_shown_as_the_standard_says(septets: str, text: str) -> None:
    """A phone of another country may use a table we do not know."""
    assert gsm7.decode(bytes.fromhex(septets)) == text


def test_an_octet_above_7f_is_no_septet() -> None:
    """Latin-1 handed in as septets is noticed."""
    with pytest.raises(BadValue) as caught:
        gsm7.decode(b"ab\xe9")
    assert caught.value.offset == 2
    with pytest.raises(LocalError):
        gsm7.pack(b"\x80")


# TS 23.038 annex A: characters of each table, and where they stand
LANGUAGES = [
    ("ğıŞ", TURKISH, 0, "1b671b691b53"),
    ("ğıŞ", TURKISH, TURKISH, "0c071c"),
    ("çÁú€", SPANISH, 0, "1b091b411b751b65"),
    ("ãÕêÔ", PORTUGUESE, 0, "1b7b1b5c1b051b0b"),
    ("ãÕê∞", 0, PORTUGUESE, "7b5c0415"),
]


@pytest.mark.parametrize(("text", "single", "locking", "septets"), LANGUAGES)
def test_a_national_language_is_written_by_its_tables(text: str, single: int, locking: int, septets: str) -> None:
    """Turkish, Spanish and Portuguese, both kinds of shift."""
    assert gsm7.encode(text, single_shift=single, locking_shift=locking).hex() == septets
    assert gsm7.decode(bytes.fromhex(septets), single_shift=single, locking_shift=locking) == text


def test_every_language_table_goes_both_ways() -> None:
    """Each table is complete and free of doubles."""
    for language, table in LOCKING_SHIFT.items():
        assert len(table) == len(set(table)) == 128
        plain = table.replace("\x1b", "")
        assert gsm7.decode(gsm7.encode(plain, locking_shift=language), locking_shift=language) == plain
    for language, extension in SINGLE_SHIFT.items():
        text = "".join(extension.values())
        assert gsm7.decode(gsm7.encode(text, single_shift=language), single_shift=language) == text


def test_a_language_we_have_no_table_for_reads_as_the_default() -> None:
    """Identifier 13 is Urdu; the message is still shown (6.2.1.2.4)."""
    assert gsm7.decode(b"A\x1be", single_shift=13, locking_shift=13) == "A€"


@pytest.mark.parametrize("count", range(17))
def test_septets_of_every_length_and_fill_come_back(count: int) -> None:
    """The packing has no seam at seven octets."""
    septets = bytes((at * 37 + 1) & 0x7F for at in range(count))
    for fill in range(7):
        octets = gsm7.pack(septets, fill)
        assert len(octets) == (fill + 7 * count + 7) // 8
        assert gsm7.unpack(octets, count, fill) == septets


@pytest.mark.parametrize("count", [159, 160, 161, 255, 256, 257, 513, 1000])
def test_long_runs_pack_as_the_bits_say(count: int) -> None:
    """Against the definition, bit by bit: septet n starts at bit 7 n (6.1.2.1.1)."""
    septets = bytes((at * 37 + 1) & 0x7F for at in range(count))
    for fill in (0, 1, 6):
        bits = sum(septet << fill + 7 * at for at, septet in enumerate(septets))
        assert gsm7.pack(septets, fill) == bits.to_bytes((fill + 7 * count + 7) // 8, "little")
        assert gsm7.unpack(gsm7.pack(septets, fill) + b"\xff", count, fill) == septets


def test_too_few_octets_for_the_septets_are_truncated() -> None:
    """UDL of a hostile message is only a claim."""
    with pytest.raises(Truncated):
        gsm7.unpack(b"\x00", 2)
    with pytest.raises(CodecError):
        gsm7.unpack(b"\x00", 1, fill_bits=7)
    with pytest.raises(LocalError):
        gsm7.pack(b"\x00", 7)


alphabet = "".join(sorted(set(DEFAULT.replace("\x1b", "")) | set(EXTENSION.values())))


@given(st.text(alphabet=alphabet, max_size=200))
def test_any_text_of_the_alphabet_comes_back(text: str) -> None:
    """Through septets and octets."""
    septets = gsm7.encode(text)
    assert gsm7.septet_count(text) == len(septets)
    assert gsm7.decode(gsm7.unpack(gsm7.pack(septets), len(septets))) == text


@given(st.binary(max_size=64), st.integers(0, 80), st.integers(0, 6))
def test_any_octets_are_read_or_refused(octets: bytes, count: int, fill: int) -> None:
    """Only declared errors; what is read can be written again."""
    try:
        text = gsm7.decode(gsm7.unpack(octets, count, fill))
    except CodecError:
        return
    assert gsm7.decode(gsm7.encode(text)) == text
