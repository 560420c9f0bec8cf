"""The member's language: octet 21 of a request and EF 6F05 — docs/wire/card-application.md §8 and §10."""

from __future__ import annotations

from enum import IntEnum


class Language(IntEnum):
    """By its ISO 639 code."""

    ZH = 0x00
    EN = 0x01
