"""The balance as one screen, and ever shorter until one AES segment carries it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime

from telecom_codecs.onecard.answers import fits
from telecom_codecs.onecard.language import Language

from ...texts.amount import format_yuan
from ...texts.names import clean_name


def balance_text(
    enterprise: str, balance_fen: int, valid_until: date | None, as_of: datetime, language: Language
) -> str:
    """The longest form that fits; the enterprise's name is cut last, the amount never."""
    name = clean_name(enterprise)
    forms = _chinese if language is Language.ZH else _english
    for text in forms(name, format_yuan(balance_fen), valid_until, as_of):
        if fits(text):
            return text
    for units in range(len(name), 0, -1):
        text = f"{clean_name(name, units)}… {format_yuan(balance_fen)}{'元' if language is Language.ZH else ''}"
        if fits(text):
            return text
    raise AssertionError("one character and an amount always fit")


def _chinese(name: str, amount: str, valid_until: date | None, as_of: datetime) -> Iterator[str]:
    until = [] if valid_until is None else [f"有效期至{valid_until.isoformat()}"]
    moment = f"截至{as_of:%m-%d %H:%M}"
    # with a name of four characters, an amount of three digits and a validity, the space is one octet too many
    yield "\n".join([f"{name} 余额{amount}元", *until, moment])
    yield "\n".join([f"{name}余额{amount}元", *until, moment])
    yield "\n".join([f"{name}余额{amount}元", *(line.replace("有效期", "") for line in until), moment])
    yield "\n".join([f"{name}余额{amount}元", *until])
    yield f"{name}余额{amount}元"


def _english(name: str, amount: str, valid_until: date | None, as_of: datetime) -> Iterator[str]:
    until = [] if valid_until is None else [f"valid until {valid_until.isoformat()}"]
    moment = f"as of {as_of:%m-%d %H:%M}"
    yield "\n".join([f"{name} balance CNY{amount}", *until, moment])
    yield "\n".join([f"{name} CNY{amount}", *(line.replace("valid ", "") for line in until), moment])
    yield "\n".join([f"{name} CNY{amount}", *(line.replace("valid ", "") for line in until)])
    yield f"{name} CNY{amount}"
