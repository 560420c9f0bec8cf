"""The data coding scheme."""

from __future__ import annotations

import pytest

from telecom_codecs.errors import BadValue, LocalError
from telecom_codecs.sms.dcs import DCS_OTA, Alphabet, CodingGroup, DataCoding, Waiting, WaitingKind


@pytest.mark.parametrize("octet", range(0x100))
def test_every_octet_has_a_meaning_and_comes_back(octet: int) -> None:
    """All groups, reserved ones included."""
    assert DataCoding.decode(octet).octet == octet


# TS 23.038 §4, a row for each group and each flag
MEANINGS = [
    (0x00, DataCoding(Alphabet.GSM7)),
    (0x04, DataCoding(Alphabet.OCTET)),
    (0x08, DataCoding(Alphabet.UCS2)),
    (0x0C, DataCoding(Alphabet.RESERVED)),
    (0x10, DataCoding(Alphabet.GSM7, 0)),
    (0x18, DataCoding(Alphabet.UCS2, 0)),
    (0x1A, DataCoding(Alphabet.UCS2, 2)),
    (0x20, DataCoding(Alphabet.GSM7, compressed=True)),
    (0x48, DataCoding(Alphabet.UCS2, group=CodingGroup.AUTOMATIC_DELETION)),
    (0x8A, DataCoding(Alphabet.RESERVED, group=CodingGroup.RESERVED, reserved=0x0A)),
    (
        0xC8,
        DataCoding(Alphabet.GSM7, group=CodingGroup.WAITING_DISCARD, waiting=Waiting(WaitingKind.VOICEMAIL, True)),
    ),
    (0xD1, DataCoding(Alphabet.GSM7, group=CodingGroup.WAITING_STORE, waiting=Waiting(WaitingKind.FAX, False))),
    (
        0xEA,
        DataCoding(Alphabet.UCS2, group=CodingGroup.WAITING_STORE_UCS2, waiting=Waiting(WaitingKind.EMAIL, True)),
    ),
    (0xF0, DataCoding(Alphabet.GSM7, 0, group=CodingGroup.CLASS)),
    (DCS_OTA, DataCoding(Alphabet.OCTET, 2, group=CodingGroup.CLASS)),
]


@pytest.mark.parametrize(("octet", "meaning"), MEANINGS)
def test_a_coding_means_what_its_group_says(octet: int, meaning: DataCoding) -> None:
    """Alphabet, class, compression and waiting indication."""
    assert DataCoding.decode(octet) == meaning
    assert meaning.octet == octet


@pytest.mark.parametrize(
    ("octet", "septets"), [(0x00, True), (0x0C, True), (0x20, False), (0x08, False), (0xF6, False)]
)
def test_reserved_alphabets_count_septets_and_compressed_ones_octets(octet: int, septets: bool) -> None:
    """A receiver takes what it does not know for the default alphabet."""
    assert DataCoding.decode(octet).counts_septets is septets


@pytest.mark.parametrize(
    "coding",
    [
        DataCoding(Alphabet.UCS2, 1, group=CodingGroup.CLASS),
        DataCoding(Alphabet.UCS2, 4),
        DataCoding(Alphabet.OCTET, group=CodingGroup.CLASS),
        DataCoding(Alphabet.GSM7, group=CodingGroup.WAITING_STORE),
        DataCoding(Alphabet.GSM7, reserved=8),
    ],
)
def test_a_coding_its_group_cannot_say_is_our_fault(coding: DataCoding) -> None:
    """There is no UCS2 in the class group."""
    with pytest.raises(LocalError):
        _ = coding.octet


def test_more_than_an_octet_is_no_dcs() -> None:
    """Integers from elsewhere are checked."""
    with pytest.raises(BadValue):
        DataCoding.decode(0x100)
