"""Tables of the GSM 7 bit alphabet for the languages of India and Pakistan: Bengali (and Assamese) to Urdu.

3GPP TS 23.038 annexes A.2.4 to A.2.13 and A.3.4 to A.3.13. What all ten tables share is written once; a table here is
its rows of sixteen codes, each two digits the place of the character in its Unicode block, four digits a character
outside the block, ``..`` what all share, or no character.

Public transcriptions of the standard, made apart, agree in every code but these: code 24 of the Kannada locking table
reads 0CAA in the standard, a second PA; it is DDA (0CA1), as the order of the letters has it and phones do. Code 2C
of the locking tables is the comma. The Telugu single shift table has no euro sign.
"""

from __future__ import annotations

from typing import Final

BENGALI: Final = 4
GUJARATI: Final = 5
HINDI: Final = 6
KANNADA: Final = 7
MALAYALAM: Final = 8
ORIYA: Final = 9
PUNJABI: Final = 10
TAMIL: Final = 11
TELUGU: Final = 12
URDU: Final = 13

_NONE: Final = ".."


def _runs(*runs: tuple[int, str]) -> dict[int, str]:
    """Runs of characters, by the code of the first."""
    return {first + at: character for first, run in runs for at, character in enumerate(run)}


#: What the ten locking shift tables have in common. A code without a character shows as a space.
_SHARED_LOCKING: Final = _runs(
    (0x0A, "\n"),
    (0x0D, "\r"),
    (0x1B, "\x1b"),
    (0x20, " !"),
    (0x28, ")("),
    (0x2C, ","),
    (0x2E, "."),
    (0x30, "0123456789:;"),
    (0x3F, "?"),
    (0x61, "abcdefghijklmnopqrstuvwxyz"),
)

#: What the ten single shift tables have in common. 0A is the page break.
_SHARED_SINGLE: Final = _runs(
    (0x00, "@£$¥¿\"¤%&'\f*+"),
    (0x0E, "-/<=>¡^¡_#*"),
    (0x28, "{}"),
    (0x2F, "\\"),
    (0x3C, "[~]"),
    (0x40, "|ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
)
_EURO: Final = {0x65: "€"}


def _placed(first: int, block: int, rows: str) -> dict[int, str]:
    """The characters that `rows` name, by code."""
    return {
        code: chr(int(place, 16) if len(place) == 4 else block + int(place, 16))
        for code, place in enumerate(rows.split(), first)
        if place != _NONE
    }


def _locking(block: int, rows: str) -> str:
    table = _SHARED_LOCKING | _placed(0x00, block, rows)
    return "".join([table.get(code, " ") for code in range(128)])


def _single(block: int, rows: str, further: dict[int, str] = _EURO) -> dict[int, str]:
    return _SHARED_SINGLE | _placed(0x10, block, rows) | further


#: Annexes A.3.4 to A.3.13.
LOCKING_SHIFT: Final[dict[int, str]] = {
    BENGALI: _locking(
        0x0980,
        """
        01 02 03 05 06 07 08 09 0A 0B .. 0C .. .. .. 0F
        10 .. .. 13 14 15 16 17 18 19 1A .. 1B 1C 1D 1E
        .. .. 1F 20 21 22 23 24 .. .. 25 26 .. 27 .. 28
        .. .. .. .. .. .. .. .. .. .. .. .. .. 2A 2B ..
        2C 2D 2E 2F 30 .. 32 .. .. .. 36 37 38 39 3C 3D
        3E 3F 40 41 42 43 44 .. .. 47 48 .. .. 4B 4C 4D
        4E .. .. .. .. .. .. .. .. .. .. .. .. .. .. ..
        .. .. .. .. .. .. .. .. .. .. .. 57 5C 5D 70 71
        """,
    ),
    GUJARATI: _locking(
        0x0A80,
        """
        01 02 03 05 06 07 08 09 0A 0B .. 0C 0D .. .. 0F
        10 11 .. 13 14 15 16 17 18 19 1A .. 1B 1C 1D 1E
        .. .. 1F 20 21 22 23 24 .. .. 25 26 .. 27 .. 28
        .. .. .. .. .. .. .. .. .. .. .. .. .. 2A 2B ..
        2C 2D 2E 2F 30 .. 32 33 .. 35 36 37 38 39 3C 3D
        3E 3F 40 41 42 43 44 45 .. 47 48 49 .. 4B 4C 4D
        50 .. .. .. .. .. .. .. .. .. .. .. .. .. .. ..
        .. .. .. .. .. .. .. .. .. .. .. 60 61 62 63 71
        """,
    ),
    HINDI: _locking(
        0x0900,
        """
        01 02 03 05 06 07 08 09 0A 0B .. 0C 0D .. 0E 0F
        10 11 12 13 14 15 16 17 18 19 1A .. 1B 1C 1D 1E
        .. .. 1F 20 21 22 23 24 .. .. 25 26 .. 27 .. 28
        .. .. .. .. .. .. .. .. .. .. .. .. 29 2A 2B ..
        2C 2D 2E 2F 30 31 32 33 34 35 36 37 38 39 3C 3D
        3E 3F 40 41 42 43 44 45 46 47 48 49 4A 4B 4C 4D
        50 .. .. .. .. .. .. .. .. .. .. .. .. .. .. ..
        .. .. .. .. .. .. .. .. .. .. .. 72 7B 7C 7E 7F
        """,
    ),
    KANNADA: _locking(
        0x0C80,
        """
        .. 02 03 05 06 07 08 09 0A 0B .. 0C .. .. 0E 0F
        10 .. 12 13 14 15 16 17 18 19 1A .. 1B 1C 1D 1E
        .. .. 1F 20 21 22 23 24 .. .. 25 26 .. 27 .. 28
        .. .. .. .. .. .. .. .. .. .. .. .. .. 2A 2B ..
        2C 2D 2E 2F 30 31 32 33 .. 35 36 37 38 39 3C 3D
        3E 3F 40 41 42 43 44 .. 46 47 48 .. 4A 4B 4C 4D
        55 .. .. .. .. .. .. .. .. .. .. .. .. .. .. ..
        .. .. .. .. .. .. .. .. .. .. .. 56 60 61 62 63
        """,
    ),
    MALAYALAM: _locking(
        0x0D00,
        """
        .. 02 03 05 06 07 08 09 0A 0B .. 0C .. .. 0E 0F
        10 .. 12 13 14 15 16 17 18 19 1A .. 1B 1C 1D 1E
        .. .. 1F 20 21 22 23 24 .. .. 25 26 .. 27 .. 28
        .. .. .. .. .. .. .. .. .. .. .. .. .. 2A 2B ..
        2C 2D 2E 2F 30 31 32 33 34 35 36 37 38 39 .. 3D
        3E 3F 40 41 42 43 44 .. 46 47 48 .. 4A 4B 4C 4D
        57 .. .. .. .. .. .. .. .. .. .. .. .. .. .. ..
        .. .. .. .. .. .. .. .. .. .. .. 60 61 62 63 79
        """,
    ),
    ORIYA: _locking(
        0x0B00,
        """
        01 02 03 05 06 07 08 09 0A 0B .. 0C .. .. .. 0F
        10 .. .. 13 14 15 16 17 18 19 1A .. 1B 1C 1D 1E
        .. .. 1F 20 21 22 23 24 .. .. 25 26 .. 27 .. 28
        .. .. .. .. .. .. .. .. .. .. .. .. .. 2A 2B ..
        2C 2D 2E 2F 30 .. 32 33 .. 35 36 37 38 39 3C 3D
        3E 3F 40 41 42 43 44 .. .. 47 48 .. .. 4B 4C 4D
        56 .. .. .. .. .. .. .. .. .. .. .. .. .. .. ..
        .. .. .. .. .. .. .. .. .. .. .. 57 60 61 62 63
        """,
    ),
    PUNJABI: _locking(
        0x0A00,
        """
        01 02 03 05 06 07 08 09 0A .. .. .. .. .. .. 0F
        10 .. .. 13 14 15 16 17 18 19 1A .. 1B 1C 1D 1E
        .. .. 1F 20 21 22 23 24 .. .. 25 26 .. 27 .. 28
        .. .. .. .. .. .. .. .. .. .. .. .. .. 2A 2B ..
        2C 2D 2E 2F 30 .. 32 33 .. 35 36 .. 38 39 3C ..
        3E 3F 40 41 42 .. .. .. .. 47 48 .. .. 4B 4C 4D
        51 .. .. .. .. .. .. .. .. .. .. .. .. .. .. ..
        .. .. .. .. .. .. .. .. .. .. .. 70 71 72 73 74
        """,
    ),
    TAMIL: _locking(
        0x0B80,
        """
        .. 02 03 05 06 07 08 09 0A .. .. .. .. .. 0E 0F
        10 .. 12 13 14 15 .. .. .. 19 1A .. .. 1C .. 1E
        .. .. 1F .. .. .. 23 24 .. .. .. .. .. .. .. 28
        .. .. .. .. .. .. .. .. .. .. .. .. 29 2A .. ..
        .. .. 2E 2F 30 31 32 33 34 35 36 37 38 39 .. ..
        3E 3F 40 41 42 .. .. .. 46 47 48 .. 4A 4B 4C 4D
        50 .. .. .. .. .. .. .. .. .. .. .. .. .. .. ..
        .. .. .. .. .. .. .. .. .. .. .. 57 70 71 72 79
        """,
    ),
    TELUGU: _locking(
        0x0C00,
        """
        01 02 03 05 06 07 08 09 0A 0B .. 0C .. .. 0E 0F
        10 .. 12 13 14 15 16 17 18 19 1A .. 1B 1C 1D 1E
        .. .. 1F 20 21 22 23 24 .. .. 25 26 .. 27 .. 28
        .. .. .. .. .. .. .. .. .. .. .. .. .. 2A 2B ..
        2C 2D 2E 2F 30 31 32 33 .. 35 36 37 38 39 .. 3D
        3E 3F 40 41 42 43 44 .. 46 47 48 .. 4A 4B 4C 4D
        55 .. .. .. .. .. .. .. .. .. .. .. .. .. .. ..
        .. .. .. .. .. .. .. .. .. .. .. 56 60 61 62 63
        """,
    ),
    URDU: _locking(
        0x0600,
        """
        27 22 28 7B 80 7E A6 2A C2 7F .. 79 7D .. 7A 7C
        2B 2C 81 84 83 85 86 87 2D 2E 2F .. 8C 88 89 8A
        .. .. 8F 8D 30 31 91 93 .. .. 99 32 .. 96 .. 98
        .. .. .. .. .. .. .. .. .. .. .. .. 9A 33 34 ..
        35 36 37 38 39 41 42 A9 AA AB AF B3 B1 44 45 46
        BA BB BC 48 C4 D5 C1 BE 21 CC D0 D2 4D 50 4F 57
        54 .. .. .. .. .. .. .. .. .. .. .. .. .. .. ..
        .. .. .. .. .. .. .. .. .. .. .. 55 51 53 56 70
        """,
    ),
}

#: Annexes A.2.4 to A.2.13; the rows start at code 10.
SINGLE_SHIFT: Final[dict[int, dict[int, str]]] = {
    BENGALI: _single(
        0x0980,
        """
        .. .. .. .. .. .. .. .. .. 66 67 .. 68 69 6A 6B
        6C 6D 6E 6F 5F 60 61 62 .. .. 63 72 73 74 75 ..
        76 77 78 79 7A .. .. .. .. .. .. .. .. .. .. ..
        """,
    ),
    GUJARATI: _single(
        0x0A80,
        """
        .. .. .. .. .. .. .. .. .. 0964 0965 .. 66 67 68 69
        6A 6B 6C 6D 6E 6F .. .. .. .. .. .. .. .. .. ..
        """,
    ),
    HINDI: _single(
        0x0900,
        """
        .. .. .. .. .. .. .. .. .. 64 65 .. 66 67 68 69
        6A 6B 6C 6D 6E 6F 51 52 .. .. 53 54 58 59 5A ..
        5B 5C 5D 5E 5F 60 61 62 63 70 71 .. .. .. .. ..
        """,
    ),
    KANNADA: _single(
        0x0C80,
        """
        .. .. .. .. .. .. .. .. .. 0964 0965 .. 66 67 68 69
        6A 6B 6C 6D 6E 6F 5E 71 .. .. 72 .. .. .. .. ..
        """,
    ),
    MALAYALAM: _single(
        0x0D00,
        """
        .. .. .. .. .. .. .. .. .. 0964 0965 .. 66 67 68 69
        6A 6B 6C 6D 6E 6F 70 71 .. .. 72 73 74 75 7A ..
        7B 7C 7D 7E 7F .. .. .. .. .. .. .. .. .. .. ..
        """,
    ),
    ORIYA: _single(
        0x0B00,
        """
        .. .. .. .. .. .. .. .. .. 0964 0965 .. 66 67 68 69
        6A 6B 6C 6D 6E 6F 5C 5D .. .. 5F 70 71 .. .. ..
        """,
    ),
    PUNJABI: _single(
        0x0A00,
        """
        .. .. .. .. .. .. .. .. .. 0964 0965 .. 66 67 68 69
        6A 6B 6C 6D 6E 6F 59 5A .. .. 5B 5C 5E 75 .. ..
        """,
    ),
    TAMIL: _single(
        0x0B80,
        """
        .. .. .. .. .. .. .. .. .. 0964 0965 .. 66 67 68 69
        6A 6B 6C 6D 6E 6F 73 74 .. .. 75 76 77 78 7A ..
        """,
    ),
    TELUGU: _single(
        0x0C00,
        """
        .. .. .. .. .. .. .. .. .. .. .. .. 66 67 68 69
        6A 6B 6C 6D 6E 6F 58 59 .. .. 78 79 7A 7B 7C ..
        7D 7E 7F .. .. .. .. .. .. .. .. .. .. .. .. ..
        """,
        further={},
    ),
    URDU: _single(
        0x0600,
        """
        .. .. .. .. .. .. .. .. .. 00 01 .. F0 F1 F2 F3
        F4 F5 F6 F7 F8 F9 0C 0D .. .. 0E 0F 10 11 12 ..
        13 14 1B 1F 40 52 58 6B 6C 72 73 CD .. .. .. D4
        """,
    ),
}
