"""How a dialogue ends in words: for the screen, and for the short message that may have to replace it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from telecom_codecs.onecard.language import Language

from ...texts.notices import Refusal, balance_left_sms, deleted_sms, deleted_text, refusal_text, result_sms
from .balance import balance_text
from .lookup import Application, Enterprise


@dataclass(frozen=True, slots=True)
class FinalWords:
    """The same message twice: as a screen holds it, and signed and numbered as an SMS."""

    screen: str = field(repr=False)
    sms: str = field(repr=False)


def balance_words(serial: int, language: Language, application: Application, as_of: datetime) -> FinalWords:
    """What is left on the purse."""
    told = application.enterprise
    text = balance_text(told.name, application.balance_fen, application.valid_until, as_of, language)
    return FinalWords(text, result_sms(text, serial, language, told.signature))


def refusal_words(
    serial: int, language: Language, refusal: Refusal, *, amount_fen: int = 0, code: str = ""
) -> FinalWords:
    """Why a request is not carried out."""
    text = refusal_text(refusal, language, amount_fen=amount_fen, code=code)
    return FinalWords(text, result_sms(text, serial, language))


def balance_left_words(serial: int, language: Language, enterprise: Enterprise, amount_fen: int) -> FinalWords:
    """The application stays, because of the money on it."""
    words = refusal_words(serial, language, Refusal.BALANCE_LEFT, amount_fen=amount_fen)
    if language is not Language.ZH:
        return words
    return FinalWords(words.screen, balance_left_sms(enterprise.name, amount_fen, serial, enterprise.signature))


def deleted_words(serial: int, language: Language, enterprise: Enterprise) -> FinalWords:
    """The application is gone from the card."""
    text = deleted_text(enterprise.name, language)
    if language is not Language.ZH:
        return FinalWords(text, result_sms(text, serial, language))
    return FinalWords(text, deleted_sms(enterprise.name, serial, enterprise.signature))
