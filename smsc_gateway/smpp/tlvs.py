"""Optional parameters (TLV): tag, length, value — SMPP 3.4 §5.3.

Order and repetition are kept; unknown and vendor tags (0x1400-0x3FFF) and values of an unexpected length
stay raw octets. Typed readers (:func:`octet_of`, :func:`text_of`) answer None for what does not fit.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum

from telecom_codecs.errors import LocalError

from .values import quick


class Tag(IntEnum):
    """Standard tags — SMPP 3.4 §5.3.2."""

    DEST_ADDR_SUBUNIT = 0x0005
    DEST_NETWORK_TYPE = 0x0006
    DEST_BEARER_TYPE = 0x0007
    DEST_TELEMATICS_ID = 0x0008
    SOURCE_ADDR_SUBUNIT = 0x000D
    SOURCE_NETWORK_TYPE = 0x000E
    SOURCE_BEARER_TYPE = 0x000F
    SOURCE_TELEMATICS_ID = 0x0010
    QOS_TIME_TO_LIVE = 0x0017
    PAYLOAD_TYPE = 0x0019
    ADDITIONAL_STATUS_INFO_TEXT = 0x001D
    RECEIPTED_MESSAGE_ID = 0x001E
    MS_MSG_WAIT_FACILITIES = 0x0030
    PRIVACY_INDICATOR = 0x0201
    SOURCE_SUBADDRESS = 0x0202
    DEST_SUBADDRESS = 0x0203
    USER_MESSAGE_REFERENCE = 0x0204
    USER_RESPONSE_CODE = 0x0205
    SOURCE_PORT = 0x020A
    DESTINATION_PORT = 0x020B
    SAR_MSG_REF_NUM = 0x020C
    LANGUAGE_INDICATOR = 0x020D
    SAR_TOTAL_SEGMENTS = 0x020E
    SAR_SEGMENT_SEQNUM = 0x020F
    SC_INTERFACE_VERSION = 0x0210
    CALLBACK_NUM_PRES_IND = 0x0302
    CALLBACK_NUM_ATAG = 0x0303
    NUMBER_OF_MESSAGES = 0x0304
    CALLBACK_NUM = 0x0381
    DPF_RESULT = 0x0420
    SET_DPF = 0x0421
    MS_AVAILABILITY_STATUS = 0x0422
    NETWORK_ERROR_CODE = 0x0423
    MESSAGE_PAYLOAD = 0x0424
    DELIVERY_FAILURE_REASON = 0x0425
    MORE_MESSAGES_TO_SEND = 0x0426
    MESSAGE_STATE = 0x0427
    CONGESTION_STATE = 0x0428
    USSD_SERVICE_OP = 0x0501
    DISPLAY_TIME = 0x1201
    SMS_SIGNAL = 0x1203
    MS_VALIDITY = 0x1204
    ALERT_ON_MESSAGE_DELIVERY = 0x130C
    ITS_REPLY_TYPE = 0x1380
    ITS_SESSION_INFO = 0x1383


@quick
@dataclass(frozen=True, slots=True)
class Tlv:
    """One optional parameter: a tag (int, :class:`Tag` where known) and its raw value."""

    tag: int
    value: bytes

    @property
    def name(self) -> str:
        """The standard's name in lower case, or the tag in hex."""
        try:
            return Tag(self.tag).name.lower()
        except ValueError:
            return f"0x{self.tag:04X}"


_HEAD = struct.Struct(">HH")
_new, _set_tag, _set_value = object.__new__, vars(Tlv)["tag"].__set__, vars(Tlv)["value"].__set__


def write_tlvs(tlvs: Iterable[Tlv]) -> bytes:
    """The octets of the parameters, in the order given; LocalError when a tag or length does not fit 16 bits."""
    try:
        return b"".join([_HEAD.pack(tlv.tag, len(tlv.value)) + tlv.value for tlv in tlvs])
    except struct.error as error:
        raise LocalError("a TLV's tag or length does not fit 16 bits", clause="SMPP 3.4 §5.3.1") from error


def read_tlvs(octets: bytes, start: int, end: int) -> tuple[Tlv, ...] | None:
    """The parameters in octets[start:end]; None when the last one is cut.

    A single NUL at the end, which some centres leave behind short_message, is dropped.
    """
    found: list[Tlv] = []
    last = end - 4
    while start <= last:
        tag, length = _HEAD.unpack_from(octets, start)
        start += 4
        stop = start + length
        if stop > end:
            return None
        one = _new(Tlv)
        _set_tag(one, tag)
        _set_value(one, octets[start:stop])
        found.append(one)
        start = stop
    if start != end and not (end - start == 1 and octets[start] == 0):
        return None
    return tuple(found)


def find(tlvs: Iterable[Tlv], tag: int) -> bytes | None:
    """The value of the first parameter with this tag."""
    for tlv in tlvs:
        if tlv.tag == tag:
            return tlv.value
    return None


def integer_of(tlvs: Iterable[Tlv], tag: int, *, size: int | None = None) -> int | None:
    """The first such parameter as a big-endian number; None when absent, empty, or not `size` octets long."""
    value = find(tlvs, tag)
    if not value or (size is not None and len(value) != size):
        return None
    return int.from_bytes(value, "big")


def text_of(tlvs: Iterable[Tlv], tag: int) -> bytes | None:
    """The first such parameter as a C-octet string, without its NUL and anything after it."""
    value = find(tlvs, tag)
    return None if value is None else value.split(b"\0", 1)[0]
