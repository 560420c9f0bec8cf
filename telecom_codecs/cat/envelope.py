"""The frame of every ENVELOPE: one BER-TLV from D1 up, its data objects inside — TS 102 223 §7, TS 31.111 §7.

The envelopes themselves are declared in :mod:`.envelopes`, each once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Self, TypeVar

from ..errors import LimitExceeded, LocalError
from ..octets import Cursor
from ..tlv import BerTlv, decode_ber
from .core_objects import DeviceIdentities
from .messages import Message, Part, one, read_body, read_message
from .names import Device, EnvelopeTag, known
from .objects import DataObject, encode_objects, length_form, with_length_form

MAX_DATA: Final = 255  #: Lc of a short APDU
DEVICES: Final = one("devices", DeviceIdentities)


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope(Message):
    """What the ME tells the card. `devices` None means those of the envelope's table."""

    TAG: ClassVar[int] = 0
    SOURCE: ClassVar[int] = Device.TERMINAL

    devices: DeviceIdentities | None = None

    @property
    def tag(self) -> int:
        """Tag of the BER-TLV."""
        return self.TAG

    def standard_devices(self) -> DeviceIdentities | None:
        """From the envelope's source to the UICC."""
        return DeviceIdentities(self.SOURCE, Device.UICC)

    def values(self) -> Mapping[str, Any]:
        found = {part.field: getattr(self, part.field) for part in self.PARTS}
        if "devices" in found:
            found["devices"] = self.devices or self.standard_devices()
        return found

    @classmethod
    def from_values(cls, values: dict[str, Any], extras: tuple[DataObject, ...]) -> Self:
        envelope = cls(**values, extras=extras)
        if envelope.devices is not None and envelope.devices == envelope.standard_devices():
            return cls(**(values | {"devices": None}), extras=extras)
        return envelope


V = TypeVar("V", bound=Envelope)

_ENVELOPES: dict[int, type[Envelope]] = {}


def envelope(
    tag: EnvelopeTag, clause: str, *parts: Part, source: int = Device.TERMINAL
) -> Callable[[type[V]], type[V]]:
    """Declare the class of an envelope: tag, clause, its objects in their order."""

    def declare(cls: type[V]) -> type[V]:
        cls.TAG, cls.NAME, cls.CLAUSE = tag, f"ENVELOPE ({tag.name.replace('_', ' ')})", clause
        cls.PARTS, cls.SOURCE = parts, source
        _ENVELOPES[tag] = cls
        return cls

    return declare


def registered_envelopes() -> Mapping[int, type[Envelope]]:
    """Every declared envelope class by tag."""
    return dict(_ENVELOPES)


@dataclass(frozen=True, slots=True)
class UnknownEnvelope(Envelope):
    """A tag no standard of ours names; all its objects are in `extras`. Answer it with 6A80 or 9000."""

    NAME: ClassVar = "unknown ENVELOPE"

    envelope_tag: int = 0

    @property
    def tag(self) -> int:
        return self.envelope_tag


def encode_envelope(envelope: Envelope) -> bytes:
    """The data field of ENVELOPE; LocalError if a field does not fit or the whole is longer than 255 octets."""
    body = encode_objects(envelope.placed())
    octets = BerTlv(envelope.tag, body).encode()
    if envelope.form is not None:
        octets = with_length_form(octets, 1, len(body), envelope.form.length_octets)
    if len(octets) > MAX_DATA:
        raise LocalError(
            f"{envelope.NAME} takes {len(octets)} octets, ENVELOPE holds {MAX_DATA}", clause="TS 102 221 11.2.2"
        )
    return octets


def decode_envelope(octets: bytes) -> Envelope:
    """The envelope in the data field; a :class:`RemoteError` if the octets break the structure."""
    if len(octets) > MAX_DATA:
        raise LimitExceeded(f"{len(octets)} octets, ENVELOPE holds {MAX_DATA}", clause="TS 102 221 11.2.2")
    outer = decode_ber(octets)
    cls = _ENVELOPES.get(outer.tag, UnknownEnvelope)
    cursor = Cursor(outer.value, base=len(octets) - len(outer.value))
    objects = read_body(cls, cursor)
    form = length_form(len(octets), (outer.tag.bit_length() + 7) // 8, len(outer.value))
    if cls is UnknownEnvelope:
        return read_message(cls, objects, form, envelope_tag=known(EnvelopeTag, outer.tag))  # type: ignore[no-any-return]
    return read_message(cls, objects, form)  # type: ignore[no-any-return]
