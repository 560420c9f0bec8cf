"""What an SMS tells a card so that it opens an administration session over HTTPS — GlobalPlatform Amendment B.

The triggering parameters (81) hold the session's parameters (83): connection (84), security (85), retry policy (86) and
HTTP POST (89). Security and HTTP POST parameters are read to their fields; connection and retry policy are data objects
of the card toolkit and a schedule we do not run, kept as octets. The TLS session itself is not made here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Self

from ..errors import BadValue, LocalError
from ..octets import Cursor
from ..tlv import BerTlv, decode_ber, decode_ber_all

CLAUSE: Final = "GlobalPlatform Amd B"
TRIGGERING: Final = 0x81
SESSION: Final = 0x83
CONNECTION: Final = 0x84
SECURITY: Final = 0x85
RETRY_POLICY: Final = 0x86
HTTP_POST: Final = 0x89
HOST: Final = 0x8A
AGENT: Final = 0x8B
URI: Final = 0x8C
_TEXTS: Final = {HOST: "host", AGENT: "agent", URI: "uri"}


@dataclass(frozen=True, slots=True)
class SecurityParameters:
    """Which pre-shared key the TLS session uses: 85, PSK identity and key reference, each behind its length."""

    psk_identity: bytes
    key_version: int
    key_id: int

    def encode(self) -> bytes:
        if len(self.psk_identity) > 0xFF or not (0 <= self.key_version <= 0xFF and 0 <= self.key_id <= 0xFF):
            raise LocalError("PSK identity up to 255 octets, key version and id one octet each", clause=CLAUSE)
        identity = bytes((len(self.psk_identity),)) + self.psk_identity
        return BerTlv(SECURITY, identity + bytes((2, self.key_version, self.key_id))).encode()

    @classmethod
    def decode(cls, octets: bytes) -> Self:
        cursor = _value(octets, SECURITY, "security parameters")
        identity = cursor.take(cursor.u8("length of the PSK identity"), "PSK identity")
        start = cursor.offset
        if (length := cursor.u8("length of the key reference")) != 2:
            raise BadValue(f"a key reference of {length} octets", offset=start, clause=CLAUSE)
        version, number = cursor.u8("key version"), cursor.u8("key id")
        cursor.expect_end("security parameters")
        return cls(identity, version, number)


@dataclass(frozen=True, slots=True)
class HttpPostParameters:
    """Where the card posts: 89 with administration host 8A, agent 8B and URI 8C, all ASCII, each at most once."""

    host: str | None = None
    agent: str | None = None
    uri: str | None = None

    def encode(self) -> bytes:
        given = [(tag, getattr(self, name)) for tag, name in _TEXTS.items()]
        return BerTlv(HTTP_POST, b"".join(encode_text(tag, text) for tag, text in given if text is not None)).encode()

    @classmethod
    def decode(cls, octets: bytes) -> Self:
        cursor = _value(octets, HTTP_POST, "HTTP POST parameters")
        found: dict[str, str] = {}
        last = 0
        while cursor.remaining:
            start = cursor.offset
            tlv = decode_ber(cursor)
            if tlv.tag not in _TEXTS or tlv.tag <= last:
                raise BadValue(f"tag {tlv.tag:02X} is unknown or out of order here", offset=start, clause=CLAUSE)
            last = tlv.tag
            found[_TEXTS[tlv.tag]] = _ascii(tlv, start)
        return cls(**found)


@dataclass(frozen=True, slots=True)
class SessionTrigger:
    """All the card needs to call back: 81 around 83. `connection` and `retry_policy` are the values of 84 and 86."""

    connection: bytes | None = None
    security: SecurityParameters | None = None
    retry_policy: bytes | None = None
    http_post: HttpPostParameters | None = None

    def encode(self) -> bytes:
        parts = [
            b"" if self.connection is None else BerTlv(CONNECTION, self.connection).encode(),
            b"" if self.security is None else self.security.encode(),
            b"" if self.retry_policy is None else BerTlv(RETRY_POLICY, self.retry_policy).encode(),
            b"" if self.http_post is None else self.http_post.encode(),
        ]
        return BerTlv(TRIGGERING, BerTlv(SESSION, b"".join(parts)).encode()).encode()

    @classmethod
    def decode(cls, octets: bytes) -> Self:
        outer = _value(octets, TRIGGERING, "triggering parameters").rest()
        inner = decode_ber_all(_value(outer, SESSION, "session parameters").rest())
        tags = [tlv.tag for tlv in inner]
        if tags != sorted(set(tags)) or not set(tags) <= {CONNECTION, SECURITY, RETRY_POLICY, HTTP_POST}:
            raise BadValue("an object is unknown, doubled or out of order", clause=CLAUSE)
        values = {tlv.tag: tlv for tlv in inner}
        connection, retry = values.get(CONNECTION), values.get(RETRY_POLICY)
        security, post = values.get(SECURITY), values.get(HTTP_POST)
        return cls(
            connection.value if connection else None,
            SecurityParameters.decode(security.encode()) if security else None,
            retry.value if retry else None,
            HttpPostParameters.decode(post.encode()) if post else None,
        )


def encode_text(tag: int, text: str) -> bytes:
    """One of the HTTP POST texts: :data:`HOST`, :data:`AGENT` or :data:`URI`."""
    if tag not in _TEXTS or not text.isascii():
        raise LocalError(f"tag {tag:02X} with a text that is not ASCII, or an unknown tag", clause=CLAUSE)
    return BerTlv(tag, text.encode("ascii")).encode()


def decode_text(octets: bytes) -> tuple[int, str]:
    """Tag and text of one of the HTTP POST objects."""
    cursor = Cursor(octets)
    tlv = decode_ber(cursor)
    cursor.expect_end("HTTP POST object")
    if tlv.tag not in _TEXTS:
        raise BadValue(f"tag {tlv.tag:02X} is no HTTP POST object", offset=0, clause=CLAUSE)
    return tlv.tag, _ascii(tlv, 0)


def _value(octets: bytes, tag: int, name: str) -> Cursor:
    """The value of the one object in `octets`."""
    cursor = Cursor(octets)
    tlv = decode_ber(cursor)
    cursor.expect_end(name)
    if tlv.tag != tag:
        raise BadValue(f"{name}: tag {tlv.tag:02X} instead of {tag:02X}", offset=0, clause=CLAUSE)
    return Cursor(tlv.value, base=len(octets) - len(tlv.value))


def _ascii(tlv: BerTlv, offset: int) -> str:
    if not tlv.value.isascii():
        raise BadValue(f"{_TEXTS[tlv.tag]} is not ASCII", offset=offset, clause=CLAUSE)
    return tlv.value.decode("ascii")
