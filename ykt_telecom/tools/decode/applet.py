"""Messages between menu applet and platform as layers: docs/wire/card-application.md §8, §9. Passwords are stars."""

from __future__ import annotations

from telecom_codecs.card.identities import Iccid
from telecom_codecs.onecard.answers import AnswerKind, MenuAnswer, decode_text
from telecom_codecs.onecard.language import Language
from telecom_codecs.onecard.requests import CardRequest, Operation, Tag

from .layer import Layer, Walk, layer
from .words import word_of

SECRET_TAGS = frozenset({Tag.PASSWORD, Tag.NEW_PASSWORD})


def applet_request(octets: bytes) -> Layer:
    """MO: what the member asks for. What the platform would refuse is the layer's fault."""

    def read(walk: Walk) -> tuple[Layer, ...]:
        walk.number(1, "version")
        walk.number(1, "operation", word_of(Operation))
        walk.number(4, "request number")
        walk.take(10, "ICCID", lambda value: Iccid.from_octets(value).masked())
        walk.number(4, "enterprise", lambda value: str(value) if value else "none")
        walk.number(1, "language", word_of(Language))
        while walk.remaining and walk.peek("field"):
            tag = walk.number(1, "field", word_of(Tag))
            length = walk.number(1, "length")
            secret = tag in SECRET_TAGS
            walk.take(length, "value", "(hidden)" if secret else "", secret=secret)
        if walk.remaining:
            walk.rest("fill", "zeros, so that the length tells nothing")
        CardRequest.decode(octets)
        return ()

    return layer("request of the menu applet (docs/wire/card-application.md §8)", octets, read)


def applet_answer(octets: bytes) -> Layer:
    """MT: what the platform answers. What the card would refuse is the layer's fault."""

    def read(walk: Walk) -> tuple[Layer, ...]:
        walk.number(1, "version")
        walk.number(1, "kind", word_of(AnswerKind))
        walk.number(4, "request number")
        walk.number(6, "serial")
        dcs = walk.number(1, "DCS", lambda value: f"{value:02X}")
        walk.rest("text", lambda value: f"“{decode_text(dcs, value)}”")
        MenuAnswer.decode(octets)
        return ()

    return layer("answer to the menu applet (docs/wire/card-application.md §9)", octets, read)
