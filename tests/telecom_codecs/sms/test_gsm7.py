"""The GSM 7 bit alphabet."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telecom_codecs.errors import BadValue, CodecError, LocalError, Truncated
from telecom_codecs.sms import gsm7
from telecom_codecs.sms.gsm7_languages import (
    DEFAULT,
    EXTENSION,
    LOCKING_SHIFT,
    PORTUGUESE,
    SINGLE_SHIFT,
    SPANISH,
    TURKISH,
)
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
    """Each table is complete; only a code without a character, shown as a space, stands twice."""
    for language, table in LOCKING_SHIFT.items():
        plain = table.replace("\x1b", "")
        assert len(table) == 128
        assert len(plain.replace(" ", "")) == len(set(plain) - {" "})
        assert gsm7.decode(gsm7.encode(plain, locking_shift=language), locking_shift=language) == plain
    for language, extension in SINGLE_SHIFT.items():
        text = "".join(extension.values())
        assert gsm7.decode(gsm7.encode(text, single_shift=language), single_shift=language) == text


# TS 23.038 annexes A.3.4-A.3.13 and A.2.4-A.2.13, picked by hand from a public transcription of Release 16:
# identifier, locking codes and their characters, single shift codes and theirs
SOUTH_ASIA = [
    (4, "00 0F 22 3D 40 46 60 7B 7F", "0981 098F 099F 09AA 09AC 09B2 09CE 09D7 09F1",
     "19 24 2B 34", "09E6 09DF 09F2 09FA"),
    (5, "00 0C 11 3D 47 60 7B 7F", "0A81 0A8D 0A91 0AAA 0AB3 0AD0 0AE0 0AF1", "19 1A 1C 25", "0964 0965 0AE6 0AEF"),
    (6, "00 02 0E 12 3C 60 7B 7F", "0901 0903 090E 0912 0929 0950 0972 097F",
     "19 26 2B 2C 30 3A", "0964 0951 0954 0958 095B 0971"),
    (7, "01 0E 22 23 24 25 60 7F", "0C82 0C8E 0C9F 0CA0 0CA1 0CA2 0CD5 0CE3", "1C 26 27 2A", "0CE6 0CDE 0CF1 0CF2"),
    (8, "01 12 46 4F 60 7F", "0D02 0D12 0D32 0D3D 0D57 0D79", "26 2A 2E 30 34", "0D70 0D72 0D7A 0D7B 0D7F"),
    (9, "00 13 22 4E 60 7F", "0B01 0B13 0B1F 0B3C 0B56 0B63", "1C 20 26 2A 2C", "0B66 0B6A 0B5C 0B5F 0B71"),
    (10, "00 08 22 4D 60 7B 7F", "0A01 0A0A 0A1F 0A39 0A51 0A70 0A74", "1C 26 2C 2D", "0A66 0A59 0A5E 0A75"),
    (11, "01 12 22 2F 3C 48 60 7F", "0B82 0B92 0B9F 0BA8 0BA9 0BB4 0BD0 0BF9",
     "1C 24 25 2E", "0BE6 0BEE 0BEF 0BFA"),
    (12, "00 0E 24 48 4F 60 7F", "0C01 0C0E 0C21 0020 0C3D 0C55 0C63",
     "1C 26 2E 30 32", "0C66 0C58 0C7C 0C7D 0C7F"),
    (13, "00 06 10 22 3C 49 58 60 7B 7F", "0627 06A6 062B 068F 069A 06AB 0621 0654 0655 0670",
     "19 1C 26 30 34 3A 3F", "0600 06F0 060C 0613 0640 0673 06D4"),
]  # fmt: skip


@pytest.mark.parametrize(("language", "plain", "characters", "escaped", "further"), SOUTH_ASIA)
def test_the_languages_of_south_asia_are_written_by_their_tables(
    language: int, plain: str, characters: str, escaped: str, further: str
) -> None:
    """Bengali to Urdu: letters by a locking shift, digits and rarer letters by a single shift."""
    text = "".join(chr(int(code, 16)) for code in characters.split())
    assert gsm7.decode(bytes.fromhex(plain), locking_shift=language) == text
    text = "".join(chr(int(code, 16)) for code in further.split())
    septets = b"".join(b"\x1b" + bytes.fromhex(code) for code in escaped.split())
    assert gsm7.decode(septets, single_shift=language) == text
    assert gsm7.encode(text, single_shift=language) == septets


def test_what_the_ten_tables_share_and_where_one_differs() -> None:
    """Digits, small letters, brackets as printed; capitals and signs behind the escape; Telugu has no euro."""
    for language in range(4, 14):
        text = "2026:;?,. !)(az\n\r"
        assert gsm7.encode(text, locking_shift=language).hex() == "323032363a3b3f2c2e20212829617a0a0d"
        assert gsm7.encode("@¿A", single_shift=language, locking_shift=language).hex() == "1b001b041b41"
        assert gsm7.can_encode("€", single_shift=language, locking_shift=language) == (language != 12)


def test_a_language_we_have_no_table_for_reads_as_the_default() -> None:
    """Identifier 14 is not given to anyone; the message is still shown (6.2.1.2.4)."""
    assert gsm7.decode(b"A\x1be", single_shift=14, locking_shift=14) == "A€"


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
