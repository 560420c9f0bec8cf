"""The other envelopes (multimedia, terminal applications, position, containers) and the card's verdict on a call.

TS 102 223 §7 and TS 31.111 §7.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar, Self

from ..errors import BadValue, LimitExceeded, LocalError
from ..octets import Cursor
from ..sms.address import Address
from ..tlv import BerTlv, decode_ber
from .context_objects import ClientIdentity, EncapsulatedEnvelopeType
from .core_objects import CapabilityConfiguration, DiallingAddress, FileList, Subaddress
from .envelope import DEVICES, Envelope, envelope
from .further_objects import (
    GadShape,
    LastEnvelope,
    MultimediaIdentifier,
    MultimediaNotification,
    MultimediaTransferStatus,
    NmeaSentence,
    RegistryApplication,
)
from .messages import Message, many, maybe, one, read_body, read_message
from .names import Device, EnvelopeTag, known
from .network_objects import BcRepeatIndicator, RequestedAction, SsString
from .objects import encode_objects, length_form, with_length_form
from .texts import AlphaIdentifier, UssdString


@envelope(
    EnvelopeTag.MMS_TRANSFER_STATUS,
    "TS 102 223 7.6",
    DEVICES,
    one("file", FileList),
    maybe("message", MultimediaIdentifier),
    maybe("status", MultimediaTransferStatus),
)
@dataclass(frozen=True, slots=True)
class MmsTransferStatus(Envelope):
    """A multimedia message of the card was sent or fetched."""

    file: tuple[bytes, ...]
    message: bytes | None = None
    status: bytes | None = None


@envelope(
    EnvelopeTag.MMS_NOTIFICATION_DOWNLOAD,
    "TS 102 223 7.7",
    DEVICES,
    one("notification", MultimediaNotification),
    maybe("last", LastEnvelope),
    source=Device.NETWORK,
)
@dataclass(frozen=True, slots=True)
class MmsNotificationDownload(Envelope):
    """A multimedia message waits for the card; `last` is empty octets in the last envelope of it."""

    notification: bytes
    last: bytes | None = None


@envelope(
    EnvelopeTag.TERMINAL_APPLICATIONS,
    "TS 102 223 7.8",
    DEVICES,
    many("applications", RegistryApplication),
    maybe("last", LastEnvelope),
)
@dataclass(frozen=True, slots=True)
class TerminalApplications(Envelope):
    """Applications on the ME that talk to the card."""

    applications: tuple[bytes, ...]
    last: bytes | None = None


@envelope(
    EnvelopeTag.GEOGRAPHICAL_LOCATION_REPORTING,
    "TS 31.111 7.9",
    DEVICES,
    maybe("shape", GadShape),
    many("sentences", NmeaSentence),
)
@dataclass(frozen=True, slots=True)
class GeographicalLocationReporting(Envelope):
    """Where the ME is."""

    shape: bytes | None = None
    sentences: tuple[str, ...] = ()


@envelope(
    EnvelopeTag.ENVELOPE_CONTAINER,
    "TS 102 223 7.9",
    DEVICES,
    maybe("client", ClientIdentity),
    maybe("kind", EncapsulatedEnvelopeType),
)
@dataclass(frozen=True, slots=True)
class EnvelopeContainer(Envelope):
    """An envelope of an encapsulated client; its objects stand in `extras`."""

    client: bytes | None = None
    kind: int | None = None


@envelope(EnvelopeTag.PROSE_REPORT, "TS 31.111 7.14", DEVICES)
@dataclass(frozen=True, slots=True)
class ProSeReport(Envelope):
    """Usage of proximity services; its objects stand in `extras`."""


class Verdict(IntEnum):
    """First octet of the card's answer — TS 31.111 §7.3.1.6."""

    ALLOWED = 0x00
    NOT_ALLOWED = 0x01
    ALLOWED_WITH_MODIFICATIONS = 0x02


@dataclass(frozen=True, slots=True)
class ControlVerdict(Message):
    """The card's answer to call control or MO short message control: the response data of ENVELOPE.

    Two addresses appear only where a short message was modified: service centre, then destination.

    >>> ControlVerdict(Verdict.NOT_ALLOWED).encode().hex()
    '0100'
    """

    PARTS: ClassVar = (
        maybe("address", DiallingAddress),
        maybe("second_address", DiallingAddress),
        maybe("ss_string", SsString),
        maybe("ussd_string", UssdString),
        maybe("capability", CapabilityConfiguration),
        maybe("subaddress", Subaddress),
        maybe("alpha", AlphaIdentifier),
        maybe("repeat", BcRepeatIndicator),
        maybe("second_capability", CapabilityConfiguration),
        maybe("action", RequestedAction),
    )
    NAME: ClassVar = "call control response"
    CLAUSE: ClassVar = "TS 31.111 7.3.1.6"

    verdict: int
    address: Address | None = None
    second_address: Address | None = None
    ss_string: Address | None = None
    ussd_string: str | None = None
    capability: bytes | None = None
    subaddress: bytes | None = None
    alpha: str | None = None
    repeat: int | None = None
    second_capability: bytes | None = None
    action: bytes | None = None

    def encode(self) -> bytes:
        """The response data; LocalError if it does not fit."""
        body = encode_objects(self.placed())
        if not 1 <= self.verdict <= 0xFF and self.verdict:
            raise LocalError(f"verdict {self.verdict}", clause=self.CLAUSE)
        if len(body) > 0xFF:
            raise LocalError(f"{len(body)} octets of objects", clause=self.CLAUSE)
        # Result and length make a TLV whose tag is the result: BerTlv cannot write the tag 00.
        octets = BerTlv(0x01, body).encode()
        if self.form is not None:
            octets = with_length_form(octets, 1, len(body), self.form.length_octets)
        return bytes((self.verdict,)) + octets[1:]

    @classmethod
    def decode(cls, octets: bytes) -> Self:
        """From the response data; empty data means allowed without changes and is no verdict."""
        if not octets:
            raise BadValue("no result", offset=0, clause=cls.CLAUSE)
        if len(octets) > 0x103:
            raise LimitExceeded(f"{len(octets)} octets", clause=cls.CLAUSE)
        outer = decode_ber(b"\x01" + octets[1:])
        cursor = Cursor(outer.value, base=len(octets) - len(outer.value))
        objects = read_body(cls, cursor)
        form = length_form(len(octets), 1, len(outer.value))
        return read_message(cls, objects, form, verdict=known(Verdict, octets[0]))  # type: ignore[no-any-return]
