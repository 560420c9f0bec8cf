"""Octets made ahead: templates, composers and quick values agree with the ordinary way."""

from __future__ import annotations

from dataclasses import FrozenInstanceError

import pytest

from smsc_gateway.smpp import operations as op
from smsc_gateway.smpp.codec import COMPOSERS
from smsc_gateway.smpp.events import Answered, Requested
from smsc_gateway.smpp.template import template
from telecom_codecs.errors import LocalError

ROUTE = op.SubmitSm(
    source_addr=b"100%86",
    esm_class=0x40,
    data_coding=0xF6,
    short_message=b"\0'\\%",
    tlvs=(op.Tlv(op.Tag.SOURCE_PORT, b"\x25\x27"),),
)


def test_template_writes_what_the_codec_writes() -> None:
    """Destination and text vary; percent signs, quotes and NULs of the fixed octets stay what they are."""
    write = template(ROUTE, "destination_addr", "short_message")
    octets = write(9, destination_addr=b"8613800000001", short_message=bytes(range(140)))
    assert op.decode(octets) == op.SubmitSm(
        sequence=9,
        source_addr=b"100%86",
        destination_addr=b"8613800000001",
        esm_class=0x40,
        data_coding=0xF6,
        short_message=bytes(range(140)),
        tlvs=ROUTE.tlvs,
    )
    assert template(ROUTE)(9) == op.encode(ROUTE, 9)


@pytest.mark.parametrize("values", [{"short_message": b"x" * 255}, {"short_message": "text"}, {"short_message": None}])
def test_template_refuses_what_the_codec_refuses(values: dict[str, object]) -> None:
    """The field is named."""
    with pytest.raises(LocalError, match="short_message"):
        template(ROUTE, "short_message")(1, **values)


def test_template_of_a_field_that_is_none() -> None:
    """A mistyped field name is told at once."""
    with pytest.raises(LocalError, match="no field text"):
        template(ROUTE, "text")


@pytest.mark.parametrize("pdu_class", op.CLASSES.values(), ids=lambda found: found.__name__)
def test_composer_writes_what_the_codec_writes(pdu_class: type[op.Pdu]) -> None:
    """Every class has one, made of the same declaration."""
    assert COMPOSERS[pdu_class](7, 3) == op.encode(pdu_class(sequence=7, status=3))


def test_composer_refuses_what_the_codec_refuses() -> None:
    """An id of 65 characters does not fit."""
    assert COMPOSERS[op.SubmitSmResp](7, 0, b"A1") == op.encode(op.SubmitSmResp(sequence=7, message_id=b"A1"))
    with pytest.raises(LocalError, match="message_id"):
        COMPOSERS[op.SubmitSmResp](7, 0, b"x" * 65)


def test_events_made_quickly_are_still_frozen_values() -> None:
    """Equal by value, printable, not changeable."""
    event = Answered("job", 1)
    assert (event, event.late, Requested(1)) == (Answered(token="job", response=1, late=False), False, Requested(pdu=1))
    with pytest.raises(FrozenInstanceError):
        event.late = True  # type: ignore[misc]
