"""The card application toolkit: messages as a whole, and every data object's own table."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from telecom_codecs import cat
from telecom_codecs.cat import objects, texts
from telecom_codecs.cat.network_objects import read_plmn
from telecom_codecs.errors import CodecError, LimitExceeded, RemoteError
from telecom_codecs.octets import Cursor
from telecom_codecs.sms.dcs import Alphabet

from . import corpus
from .target import Target, hexes, named, qualified

_PROFILES = hexes("ffffffff7f0d00df7f00001fe2", "00", "ff" * 33)
_VERDICTS = hexes("0100", "020a060891683108200105f0", "00020500", "0280")


def object_classes() -> tuple[type[cat.DataObject], ...]:
    """Every data object with a table of its own, in a fixed order."""

    def below(cls: type[cat.DataObject]) -> Iterator[type[cat.DataObject]]:
        for child in cls.__subclasses__():
            yield child
            yield from below(child)

    found = {child for child in below(cat.DataObject) if child.TAG and child is not objects.Opaque}
    return tuple(sorted(found, key=lambda cls: (cls.TAG, cls.__name__)))


_CLASSES = object_classes()


def _object(octets: bytes) -> tuple[int, cat.DataObject]:
    """The first octet chooses the class."""
    number = (octets[0] if octets else 0) % len(_CLASSES)
    if len(octets) > objects.MAX_MESSAGE:
        raise LimitExceeded("no message reaches an object that long")
    return number, _CLASSES[number].decode(octets[1:])


def _object_octets(value: tuple[int, cat.DataObject]) -> bytes:
    return bytes((value[0],)) + value[1].encode()


def _object_seeds(messages: tuple[bytes, ...]) -> tuple[bytes, ...]:
    """The values of all objects in these messages, each behind the number of its class, and short made-up ones."""
    found: dict[bytes, None] = {}
    for octets in messages:
        try:
            placed = cat.decode_objects(octets[2:] if octets[:1] >= b"\xd0" else octets)
        except RemoteError:
            continue
        for item in placed:
            if type(item.value) in _CLASSES:
                found[_object_octets((_CLASSES.index(type(item.value)), item.value))] = None
    made = (bytes((number,)) + tail for number in range(len(_CLASSES)) for tail in (b"", b"\x00", b"\x01\x02\x03\x04"))
    return (*found, *made)


def _objects_in(octets: bytes) -> tuple[Any, ...]:
    return objects.read_objects(Cursor(octets))


def _object_in(octets: bytes) -> Any:
    return objects.read_object(Cursor(octets))


def _coded_text(octets: bytes) -> tuple[Alphabet, str]:
    alphabet = tuple(Alphabet)[(octets[0] if octets else 0) % len(Alphabet)]
    return alphabet, texts.read_text(octets[1:], alphabet)


def _alpha(octets: bytes) -> tuple[str, Any]:
    if len(octets) > objects.MAX_MESSAGE:
        raise LimitExceeded("no message reaches a text that long")
    return texts.read_alpha(octets)


def _alpha_octets(value: tuple[str, Any]) -> bytes:
    return texts.write_alpha(*value)


def targets() -> tuple[Target, ...]:
    """Messages, lists of objects, each object."""
    commands = corpus.octets("proactive_command")
    envelopes = corpus.octets("envelope", "envelope_sms_pp")
    responses = corpus.octets("terminal_response")
    bodies = responses + tuple(octets[2:] for octets in (*commands[:150], *envelopes))
    alphas = hexes("804f59989d67e58be2", "81051353 95a6a6ff", "82050530 2d82d32d31", "536f70")
    objects_covered = tuple(
        dict.fromkeys(
            qualified(vars(cls)["decode"]) for base in _CLASSES for cls in base.__mro__[:-2] if "decode" in vars(cls)
        )
    )
    return (
        named("cat.proactive", cat.decode_proactive, cat.encode_proactive, *commands, weight=24),
        named("cat.envelope", cat.decode_envelope, cat.encode_envelope, *envelopes, weight=16),
        named("cat.TerminalResponse", cat.TerminalResponse.decode, cat.TerminalResponse.encode, *responses, weight=16),
        named("cat.ControlVerdict", cat.ControlVerdict.decode, cat.ControlVerdict.encode, *_VERDICTS),
        named("cat.TerminalProfile", cat.TerminalProfile.decode, cat.TerminalProfile.encode, *_PROFILES),
        named("cat.objects", cat.decode_objects, cat.encode_objects, *bodies, weight=12),
        named("cat.read_objects", objects.read_objects, cat.encode_objects, *bodies, read=_objects_in),
        named("cat.read_object", objects.read_object, lambda value: value.encode(), *bodies, read=_object_in),
        Target("cat.values of objects", _object, _object_octets, _object_seeds((*commands, *envelopes, *responses)),
               objects_covered, refusals=(RemoteError,), weight=40),
        named("cat.read_alpha", texts.read_alpha, _alpha_octets, *alphas, read=_alpha),
        named("cat.read_text", texts.read_text, None, *hexes("00e8329bfd06", "0148656c6c6f", "024f60597d"),
              read=_coded_text),
        named("cat.read_plmn", read_plmn, None, *hexes("64f000", "130062")),
        Target("cat.what an object says", _said, None, bodies),
    )  # fmt: skip


def _said(octets: bytes) -> int:
    """Every object's plain value and text: what a reader that shows them calls."""
    for item in cat.decode_objects(octets):
        item.value.plain()
        repr(item)
        try:
            type(item.value).of(item.value.plain())
        except CodecError:
            continue
    return 0
