"""Orders to an enterprise application, its answer and parameters as labels: docs/wire/card-application.md §5, §6."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from telecom_codecs.card.status_word import describe
from telecom_codecs.errors import CodecError
from telecom_codecs.onecard.answers import QueueStatus
from telecom_codecs.onecard.enterprise_answer import LENGTH, CardStatus, EnterpriseAnswer
from telecom_codecs.onecard.install import DEFAULT_CAP_FEN, PARAMETERS_TAG, ApplicationParameters
from telecom_codecs.onecard.macs import MAC_OCTETS
from telecom_codecs.onecard.orders import NO_LIMIT, Administration, NumberedLoad, Query
from telecom_codecs.onecard.rights import Rights
from telecom_codecs.sms import ucs2
from telecom_codecs.tlv import BerTlv

from .layer import Layer, Walk, layer
from .words import word_of


def yuan(fen: int) -> str:
    """Fen as people read them."""
    return f"{fen // 100}.{fen % 100:02d} yuan"


def _load(walk: Walk, _count: int, _p1: int, _p2: int) -> None:
    walk.number(4, "old RSN")
    walk.number(4, "RSN")
    walk.number(4, "amount", yuan)
    walk.take(4, "valid until", lambda value: "no limit" if value == NO_LIMIT else value.hex())
    walk.number(4, "job reference")
    walk.take(MAC_OCTETS, "MAC")


def _query(walk: Walk, _count: int, _p1: int, _p2: int) -> None:
    walk.take(Query.LENGTH, "challenge")


def _administration(walk: Walk, _count: int, _p1: int, _p2: int) -> None:
    walk.number(4, "job reference")
    walk.take(4, "reserved")
    walk.take(MAC_OCTETS, "MAC")


#: data fields by INS of CLA 80; the last two numbers are P1 and P2
ORDER_FIELDS: Final[dict[int, Callable[[Walk, int, int, int], None]]] = {
    NumberedLoad.INS: _load,
    Query.INS: _query,
    Administration.INS: _administration,
}


def _rights(value: int) -> str:
    return ", ".join(right.name.lower() for right in Rights if value & right and right.name)


def parameters(walk: Walk, count: int) -> None:
    """The value of C9; one label where it is another applet's."""
    try:
        ApplicationParameters.decode(BerTlv(PARAMETERS_TAG, walk.ahead(count)).encode())
    except CodecError:
        walk.take(count, "value")
        return
    walk.number(1, "version")
    walk.number(4, "enterprise")
    walk.number(1, "slot")
    walk.number(1, "rights", _rights)
    walk.number(4, "cap", lambda value: yuan(value or DEFAULT_CAP_FEN))
    length = walk.number(1, "length of name")
    walk.take(length, "name", lambda value: f"“{ucs2.decode(value)}”")


def application_response(octets: bytes) -> Layer:
    """What an enterprise application answered to a script; its 27 octets where there are as many."""

    def read(walk: Walk) -> tuple[Layer, ...]:
        walk.number(1, "commands executed")
        walk.number(2, "last status word", describe)
        if walk.remaining != LENGTH:
            if walk.remaining:
                walk.rest("data")
            return ()
        EnterpriseAnswer.decode(walk.ahead())
        walk.number(1, "status", word_of(CardStatus))
        walk.number(4, "last RSN")
        walk.number(4, "last amount", yuan)
        walk.number(4, "last job reference")
        walk.number(4, "balance", yuan)
        walk.number(2, "offline counter")
        walk.take(MAC_OCTETS, "TAC")
        return ()

    return layer("answer of an enterprise application (docs/wire/card-application.md §6.2)", octets, read)


def menu_response(octets: bytes) -> Layer:
    """The one octet of the menu applet."""

    def read(walk: Walk) -> tuple[Layer, ...]:
        walk.number(1, "status", word_of(QueueStatus))
        return ()

    return layer("answer of the menu applet (docs/wire/card-application.md §9)", octets, read)
