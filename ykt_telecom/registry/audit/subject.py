"""What an audit row is about, spelled one way: the same card, job or enterprise is found again by the same text."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from telecom_codecs.card.identities import Iccid

#: Digits of a card's number that are shown; two octets of its digest tell cards with the same end apart.
_SHOWN = 6
_TAG_OCTETS = 2


class SubjectKind(StrEnum):
    """The kinds of things that audit rows tell of."""

    APPLICATION = "application"
    AUDIT = "audit"
    CARD = "card"
    DIALOGUE = "dialogue"
    ENTERPRISE = "enterprise"
    FILE = "file"
    JOB = "job"
    MEMBER = "member"
    MESSAGE = "message"
    RUN = "run"
    SCHEDULE = "schedule"
    TERMINAL = "terminal"
    TOKEN = "token"  # noqa: S105 - the kind of thing, not one
    USER = "user"


@dataclass(frozen=True, slots=True)
class Subject:
    """One thing. `str()` is how it stands in the log: `card:905555~86e0`, `job:17`."""

    kind: SubjectKind
    name: str

    def __str__(self) -> str:
        return f"{self.kind}:{self.name}"

    @classmethod
    def card(cls, iccid: Iccid | str) -> Self:
        """A card by its last digits and a short digest of all of them: it can be looked up, not read off.

        >>> str(Subject.card("89860012345678905555"))
        'card:905555~86e0'
        """
        digits = str(iccid)
        tag = hashlib.sha256(digits.encode()).digest()[:_TAG_OCTETS].hex()
        return cls(SubjectKind.CARD, f"{digits[-_SHOWN:]}~{tag}")

    @classmethod
    def job(cls, number: int | str) -> Self:
        return cls(SubjectKind.JOB, str(number))

    @classmethod
    def application(cls, number: int | str) -> Self:
        return cls(SubjectKind.APPLICATION, str(number))

    @classmethod
    def enterprise(cls, number: int) -> Self:
        return cls(SubjectKind.ENTERPRISE, str(number))

    @classmethod
    def dialogue(cls, number: int) -> Self:
        return cls(SubjectKind.DIALOGUE, str(number))

    @classmethod
    def message(cls, number: int | str) -> Self:
        return cls(SubjectKind.MESSAGE, str(number))
