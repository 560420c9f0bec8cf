"""INV-17: no repr shows a text, a password, a key or a whole identity, whoever logs the value that holds it."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator
from types import ModuleType

import pytest

import telecom_codecs.onecard
import ykt_telecom
from telecom_codecs.card.identities import Iccid, Imsi, Msisdn
from telecom_codecs.onecard.answers import AnswerKind, MenuAnswer
from telecom_codecs.onecard.password import ServicePassword
from telecom_codecs.onecard.requests import CardRequest, Operation
from ykt_telecom.flows.dialogue.words import FinalWords

#: Fields that hold what must not be shown, by name.
TELLING = frozenset(
    {
        "body", "candidate", "covered", "destination_msisdn", "iccid", "imsi", "mother", "msisdn", "new_password",
        "password", "payload", "pepper", "request_octets", "screen", "short_message", "sms", "source_msisdn", "text",
        "user_data", "verifier",
    }
)  # fmt: skip
#: Types whose own repr tells nothing.
SILENT = re.compile(r"\b(SecretKey|ServicePassword|Msisdn|Iccid|Imsi|KeySet)\b")
PACKAGES = (ykt_telecom, telecom_codecs.onecard)


def _classes(package: ModuleType) -> Iterator[type]:
    for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        if not found.name.endswith("__main__"):
            for value in vars(importlib.import_module(found.name)).values():
                if inspect.isclass(value) and value.__module__ == found.name and dataclasses.is_dataclass(value):
                    yield value


def shown_fields(value: type) -> list[str]:
    """The telling fields that the generated repr of a dataclass shows."""
    if not hasattr(value.__repr__, "__wrapped__"):
        return []  # its own repr, or none
    return [
        field.name
        for field in dataclasses.fields(value)
        if field.name in TELLING and field.repr and not SILENT.search(str(field.type))
    ]


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: str(package.__name__))
def test_no_dataclass_shows_a_field_that_tells(package: ModuleType) -> None:
    """Give the field `repr=False`, or a type that shows itself masked."""
    shown = {(value.__module__, value.__name__, name) for value in _classes(package) for name in shown_fields(value)}
    assert shown == set()


def test_a_field_that_is_shown_is_found() -> None:
    """The walker sees what it is for."""

    @dataclasses.dataclass
    class Told:
        text: str
        msisdn: Msisdn
        sms: str = dataclasses.field(repr=False)

    assert shown_fields(Told) == ["text"]


def test_identities_show_themselves_masked() -> None:
    """Whole where somebody asks for `str`, never in a repr."""
    for identity in (Msisdn("8613812345678"), Iccid("89860012345678901234"), Imsi("460001234567890")):
        assert str(identity) not in repr(identity)
        assert identity.masked() in repr(identity)
        assert type(identity)(str(identity)) == identity


@pytest.mark.parametrize(
    "value",
    [
        FinalWords("余额12.30元", "【单位】余额12.30元"),
        MenuAnswer(AnswerKind.FINAL, 1, 1, "余额12.30元"),
        CardRequest(Operation.DELETE, 1, Iccid("89860012345678901234"), 1, password=ServicePassword(b"194837")),
        CardRequest(Operation.FREEZE_OTHER, 1, Iccid("89860012345678901234"), msisdn=Msisdn("8613812345678")),
    ],
    ids=lambda value: type(value).__name__,
)
def test_values_of_a_dialogue_show_nobody(value: object) -> None:
    """A balance, a password, a number, a card."""
    shown = repr(value) + str(value)
    assert not any(told in shown for told in ("12.30", "194837", "8613812345678", "89860012345678901234"))
