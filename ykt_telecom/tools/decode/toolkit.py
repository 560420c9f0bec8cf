"""Proactive commands, envelopes and terminal responses as layers — ETSI TS 102 223, 3GPP TS 31.111.

Names come from the codec's own declarations, so that every object, command and envelope it knows is named here too. An
object is a head (tag and length) and the fields of its value below it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from enum import IntEnum
from typing import Any, Final

from telecom_codecs import cat
from telecom_codecs.cat.names import CommandType, Device, EnvelopeTag, TimeUnit, known
from telecom_codecs.cat.texts import read_text
from telecom_codecs.errors import CodecError
from telecom_codecs.octets import Cursor
from telecom_codecs.sms import ucs2
from telecom_codecs.sms.address import Address
from telecom_codecs.sms.dcs import DataCoding
from telecom_codecs.tlv import ComprehensionTlv, decode_comprehension

from .layer import Layer, Walk, layer
from .objects import admit, next_ber, octet_count
from .secured import DecodeKeys
from .sms import dcs_meaning, deliver, submit

PROACTIVE: Final = 0xD0
_OBJECTS: Final = cat.registered_objects()
_COMMANDS: Final = cat.registered_commands()


def is_template(tag: int) -> bool:
    """Whether a toolkit message starts with this octet."""
    return tag == PROACTIVE or tag in set(EnvelopeTag)


def _spoken(name: IntEnum) -> str:
    return name.name.replace("_", " ")


def _template_name(tag: int) -> str:
    if tag == PROACTIVE:
        return "proactive command"
    return f"ENVELOPE: {_spoken(EnvelopeTag(tag))}" if tag in set(EnvelopeTag) else f"{tag:02X}"


def _named(names: type[IntEnum]) -> Callable[[int], str]:
    def say(value: int) -> str:
        found = known(names, value)
        return _spoken(found).lower() if isinstance(found, IntEnum) else f"{value:02X}"

    return say


def _text(octets: bytes, dcs: int) -> str:
    return f"“{read_text(octets, DataCoding.decode(dcs).alphabet)}”"


def _or_fault(say: Callable[[bytes], str]) -> Callable[[bytes], str]:
    """A meaning that says so where the octets have none."""

    def said(octets: bytes) -> str:
        try:
            return say(octets)
        except CodecError as error:
            return f"not understood: {error}"

    return said


class Dialogue:
    """What the command details of a message say of its other objects."""

    def __init__(self, details: bytes = b"\0\0\0", *, answers: bool) -> None:
        self.kind, self.qualifier = details[1], details[2]
        self.answers = answers

    @property
    def is_hidden(self) -> bool:
        """The answer to a GET INPUT or GET INKEY whose entry nobody may see (qualifier bit 3 of GET INPUT)."""
        return self.answers and self.kind == CommandType.GET_INPUT and bool(self.qualifier & 4)

    @property
    def is_yes_or_no(self) -> bool:
        """GET INKEY with qualifier bit 3: the answer is one octet, 01 yes or 00 no (TS 102 223 §8.6)."""
        return self.answers and self.kind == CommandType.GET_INKEY and bool(self.qualifier & 4)


def _details(walk: Walk, count: int, dialogue: Dialogue) -> None:
    walk.number(1, "command number")
    kind = walk.number(1, "type of command", _command_name)
    walk.number(1, "command qualifier", lambda value: _qualifier(kind, value))


def _command_name(kind: int) -> str:
    found = known(CommandType, kind)
    return _spoken(found) if isinstance(found, IntEnum) else f"type {kind:02X}"


def _qualifier(kind: int, octet: int) -> str:
    """The qualifier and the fields its bits are, where they say something."""
    declared = _COMMANDS.get(kind)
    words = []
    for bits in declared.QUALIFIER if declared else ():
        value = bits.read(octet)
        if value is True:
            words.append(bits.field.replace("_", " "))
        elif isinstance(value, IntEnum):
            words.append(f"{bits.field.replace('_', ' ')} {_spoken(value).lower()}")
    return f"{octet:02X}{': ' + ', '.join(words) if words else ''}"


def _devices(walk: Walk, count: int, dialogue: Dialogue) -> None:
    walk.number(1, "source", _named(Device))
    walk.number(1, "destination", _named(Device))


def _result(walk: Walk, count: int, dialogue: Dialogue) -> None:
    additional = walk.ahead(count)[1:]
    walk.number(1, "general result", lambda value: cat.describe_result(value, additional))
    if additional:
        walk.take(len(additional), "additional information")


def _duration(walk: Walk, count: int, dialogue: Dialogue) -> None:
    walk.number(1, "time unit", _named(TimeUnit))
    walk.number(1, "time interval")


def _response_length(walk: Walk, count: int, dialogue: Dialogue) -> None:
    walk.number(1, "minimum length", lambda value: f"{value} characters")
    walk.number(1, "maximum length", lambda value: f"{value} characters" if value < 0xFF else "no limit")


def _alpha(walk: Walk, count: int, dialogue: Dialogue) -> None:
    whole = walk.ahead(count)
    heads = {0x80: 1, 0x81: 3, 0x82: 4}
    head = min(heads.get(whole[0], 0), count) if whole else 0
    if head:
        walk.take(head, "coding (TS 102 221 annex A)", f"{whole[0]:02X} UCS2")
    if count > head:
        walk.take(count - head, "text", _or_fault(lambda _: f"“{ucs2.decode_alpha(whole)}”"))


def _item(walk: Walk, count: int, dialogue: Dialogue) -> None:
    walk.number(1, "identifier of item")
    _alpha(walk, count - 1, dialogue)


def _item_identifier(walk: Walk, count: int, dialogue: Dialogue) -> None:
    walk.number(1, "identifier of item", lambda value: f"item {value}")


def _text_string(walk: Walk, count: int, dialogue: Dialogue) -> None:
    dcs = walk.number(1, "DCS", dcs_meaning)
    if count == 1:
        return
    if dialogue.is_yes_or_no and count == 2:
        walk.number(1, "answer", lambda value: "yes" if value else "no")
    elif dialogue.is_hidden:
        walk.take(count - 1, "text", "(hidden entry)", secret=True)
    else:
        walk.take(count - 1, "text", _or_fault(lambda octets: _text(octets, dcs)))


def _ussd(walk: Walk, count: int, dialogue: Dialogue) -> None:
    whole = walk.ahead(count)
    walk.number(1, "DCS", lambda value: f"{value:02X}")
    if count > 1:
        walk.take(count - 1, "text", _or_fault(lambda _: f"“{cat.UssdString.decode(whole).text}”"))


def _address(walk: Walk, count: int, dialogue: Dialogue) -> None:
    whole = walk.ahead(count)
    walk.number(1, "TON and NPI", lambda value: f"TON {value >> 4 & 7}, NPI {value & 15}")
    if count > 1:
        walk.take(count - 1, "digits", _or_fault(lambda _: Address.decode_value(whole).digits))


_FIELDS: Final[Mapping[int, Callable[[Walk, int, Dialogue], None]]] = {
    0x01: _details,
    0x02: _devices,
    0x03: _result,
    0x04: _duration,
    0x05: _alpha,
    0x06: _address,
    0x0A: _ussd,
    0x0D: _text_string,
    0x0F: _item,
    0x10: _item_identifier,
    0x11: _response_length,
    0x17: _text_string,
}
_EXACTLY: Final = {0x01: 3, 0x02: 2, 0x04: 2, 0x10: 1, 0x11: 2}


def _plain(value: Any) -> str:
    """A decoded value in words: names for enums, hex for octets, fields of a value by their names."""
    if isinstance(value, IntEnum):
        return _spoken(value).lower()
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, str):
        return f"“{value}”"
    if isinstance(value, tuple | list | frozenset):
        return ", ".join(_plain(one) for one in value)
    if is_dataclass(value) and not isinstance(value, type):
        said = ((one.name.replace("_", " "), getattr(value, one.name)) for one in fields(value))
        return "; ".join(f"{name} {_plain(one)}" for name, one in said if one is not None and one not in ((), ""))
    return {True: "yes", False: "no"}.get(value, str(value)) if isinstance(value, bool) else str(value)


def _value_meaning(tag: int) -> Callable[[bytes], str]:
    declared = _OBJECTS.get(tag)
    return _or_fault(lambda octets: _plain(declared.decode(octets).plain())) if declared else lambda _: ""


def _object(walk: Walk, limit: int, dialogue: Dialogue) -> ComprehensionTlv:
    """The next object: its head, and its fields below."""
    octets = walk.ahead(limit)
    cursor = Cursor(octets)
    tlv = decode_comprehension(cursor)
    count = len(tlv.value)
    declared = _OBJECTS.get(tlv.tag)
    required = ", comprehension required" if tlv.comprehension_required else ""
    walk.take(
        cursor.offset - count,
        declared.NAME if declared else "object",
        f"tag {tlv.tag:02X}{required}, {octet_count(count)}",
    )
    labelled = _FIELDS.get(tlv.tag)
    with walk.under():
        if count and labelled and _EXACTLY.get(tlv.tag, count) == count:
            labelled(walk, count, dialogue)
        elif count:
            walk.take(count, "value", "" if tlv.tag == 0x0B else _value_meaning(tlv.tag))
    return tlv


def _objects(walk: Walk, *, mobile: bool, keys: DecodeKeys | None) -> tuple[Layer, ...]:
    """The objects up to the end; `mobile` for what the card sends, whose TPDUs are SUBMITs."""
    admit(walk.remaining)
    dialogue = Dialogue(answers=not mobile)
    inside: list[Layer] = []
    while walk.remaining:
        tlv = _object(walk, walk.remaining, dialogue)
        if tlv.tag == 0x01 and len(tlv.value) == 3:
            dialogue = Dialogue(tlv.value, answers=not mobile)
        elif tlv.tag == 0x0B:
            inside.append(submit(tlv.value, keys) if mobile else deliver(tlv.value, keys))
    return tuple(inside)


def toolkit_octets(octets: bytes, *, response: bool = False, keys: DecodeKeys | None = None) -> Layer:
    """What FETCH returned, or the data field of ENVELOPE; with `response` that of TERMINAL RESPONSE."""
    if response:
        return layer(
            "TERMINAL RESPONSE (TS 102 223 §6.8)", octets, lambda walk: _objects(walk, mobile=False, keys=keys)
        )

    def read(walk: Walk) -> tuple[Layer, ...]:
        template, head = next_ber(octets)
        walk.take(head, "template", f"{_template_name(template.tag)}, {octet_count(len(template.value))}")
        return _objects(walk, mobile=template.tag == PROACTIVE, keys=keys)

    tag = octets[0] if octets else 0
    return layer(f"{_template_name(tag)} (TS 102 223)", octets, read)
