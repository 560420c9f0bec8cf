"""Messages between menu applet and platform as layers — docs/wire/card-application.md. Passwords become stars."""

from __future__ import annotations

from telecom_codecs.card.identities import Iccid
from telecom_codecs.sms import ucs2
from telecom_codecs.sms.dcs import DCS_UCS2

from .layer import Layer, Walk, layer

OPERATIONS = {
    0x01: "balance",
    0x02: "records",
    0x03: "attendance",
    0x04: "applications",
    0x10: "delete an application",
    0x11: "freeze",
    0x12: "freeze another's card",
    0x20: "change the password",
    0x30: "subscribe",
    0x31: "send a statement again",
    0x40: "report a fault",
    0x41: "progress",
    0x7E: "answer not shown",
}
FIELDS = {
    0x81: "password",
    0x82: "new password",
    0x83: "MSISDN",
    0x84: "period",
    0x85: "page",
    0x86: "class and switch",
    0x87: "text",
    0x88: "serial",
}
SECRET_FIELDS = frozenset({0x81, 0x82})
KINDS = {0x01: "final", 0x02: "interim", 0x03: "confirm", 0x04: "silent"}


def applet_request(octets: bytes) -> Layer:
    """MO: what the member asks for."""

    def read(walk: Walk) -> tuple[Layer, ...]:
        walk.number(1, "version")
        walk.number(1, "operation", lambda value: OPERATIONS.get(value, f"{value:02X}"))
        walk.number(4, "request number")
        walk.take(10, "ICCID", lambda value: Iccid.from_octets(value).masked())
        walk.number(4, "enterprise", lambda value: str(value) if value else "none")
        walk.number(1, "language", lambda value: {0: "zh", 1: "en"}.get(value, f"{value:02X}"))
        while walk.remaining and walk.peek("field"):
            tag = walk.number(1, "field", lambda value: FIELDS.get(value, f"{value:02X}"))
            length = walk.number(1, "length")
            secret = tag in SECRET_FIELDS
            walk.take(length, "value", "(hidden)" if secret else "", secret=secret)
        if walk.remaining:
            walk.rest("fill", "zeros, so that the length tells nothing")
        return ()

    return layer("request of the menu applet (docs/wire/card-application.md)", octets, read)


def applet_answer(octets: bytes) -> Layer:
    """MT: what the platform answers."""

    def read(walk: Walk) -> tuple[Layer, ...]:
        walk.number(1, "version")
        walk.number(1, "kind", lambda value: KINDS.get(value, f"{value:02X}"))
        walk.number(4, "request number")
        walk.take(6, "serial", lambda value: value.decode("ascii", "replace"))
        dcs = walk.number(1, "DCS", lambda value: f"{value:02X}")
        walk.rest("text", lambda value: f"“{ucs2.decode(value) if dcs == DCS_UCS2 else value.decode('latin-1')}”")
        return ()

    return layer("answer to the menu applet (docs/wire/card-application.md)", octets, read)
