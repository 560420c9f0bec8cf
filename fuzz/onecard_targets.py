"""The one-card contract: requests, answers, orders, records, parameters. They grow from the rows worked by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from telecom_codecs.card.apdu import CommandApdu
from telecom_codecs.card.identities import Aid
from telecom_codecs.onecard.answers import MenuAnswer, decode_text
from telecom_codecs.onecard.enterprise_answer import EnterpriseAnswer
from telecom_codecs.onecard.install import ApplicationKeys, ApplicationParameters
from telecom_codecs.onecard.names import application_aid, decode_application_aid
from telecom_codecs.onecard.orders import Administration, NumberedLoad, Query
from telecom_codecs.onecard.records import Record
from telecom_codecs.onecard.requests import FAULT_LENGTH, LENGTH, CardRequest, Operation

from . import corpus
from .target import Target, hexes, named


def _requests() -> tuple[bytes, ...]:
    """Filled to their lengths."""
    return tuple(
        octets.ljust(FAULT_LENGTH if octets[1] == Operation.FAULT else LENGTH, b"\0")
        for octets in corpus.octets("onecard_request")
    )


def _orders(ins: int) -> tuple[bytes, ...]:
    return tuple(octets for octets in corpus.octets("onecard_order") if octets[1] == ins)


def _apdu(decode: Callable[[CommandApdu], Any]) -> Callable[[bytes], Any]:
    def read(octets: bytes) -> Any:
        return decode(CommandApdu.decode(octets))

    return read


def _signed(value: tuple[NumberedLoad | Administration, bytes]) -> bytes:
    """The order under the MAC that it came with."""
    order, mac = value
    return order.apdu(lambda _covered: mac).encode()


def _query(value: Query) -> bytes:
    return value.apdu().encode()


def _answered(value: tuple[EnterpriseAnswer, bytes]) -> bytes:
    answer, tac = value
    return answer.encode(tac)


def _aid(octets: bytes) -> tuple[int, int]:
    return decode_application_aid(Aid(octets))


def _aid_octets(value: tuple[int, int]) -> bytes:
    return application_aid(*value).octets


def _text(octets: bytes) -> str:
    return decode_text(octets[0] if octets else 0, octets[1:])


def targets() -> tuple[Target, ...]:
    """One for each public decoder of telecom_codecs.onecard."""
    return (
        named("onecard.CardRequest", CardRequest.decode, CardRequest.encode, *_requests(), weight=12),
        named("onecard.MenuAnswer", MenuAnswer.decode, MenuAnswer.encode, *corpus.octets("onecard_answer"), weight=8),
        named("onecard.answer text", decode_text, None, *hexes("0441", "08597d", "00"), read=_text),
        named("onecard.NumberedLoad", NumberedLoad.decode, _signed, *_orders(0x5A), read=_apdu(NumberedLoad.decode)),
        named("onecard.Query", Query.decode, _query, *_orders(0x5C), read=_apdu(Query.decode)),
        named("onecard.Administration", Administration.decode, _signed, *_orders(0x5E),
              read=_apdu(Administration.decode)),
        named("onecard.EnterpriseAnswer", EnterpriseAnswer.decode, _answered,
              *corpus.octets("onecard_enterprise_answer")),
        named("onecard.Record", Record.decode, Record.encode, *corpus.octets("onecard_record")),
        named("onecard.ApplicationParameters", ApplicationParameters.decode, ApplicationParameters.encode,
              *corpus.octets("onecard_parameters")),
        named("onecard.ApplicationKeys", ApplicationKeys.decode, ApplicationKeys.encode,
              *corpus.octets("onecard_keys")),
        named("onecard.application AID", decode_application_aid, _aid_octets,
              *hexes("f0594b54310002000003e9594b020000"), read=_aid),
    )  # fmt: skip
