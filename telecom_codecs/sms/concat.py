"""Long messages: split into segments, put together again.

3GPP TS 23.040 §9.2.3.24.1 and 8 (concatenation), TS 23.038 (texts), TS 31.115 §4.2 and 4.3 (packets: the CPI
or RPI element stands in the first segment only). References and the time are arguments; nothing here waits or logs.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from ..errors import LocalError
from . import gsm7, ucs2
from .dcs import DCS_GSM7, DCS_UCS2
from .udh import Concatenation, Element, UserDataHeader

CLAUSE = "TS 23.040 9.2.3.24.1"
UD_OCTETS: Final = 140
UD_SEPTETS: Final = 160
MAX_SEGMENTS: Final = 255
_HIGH_SURROGATE: Final = 0xD8  #: first octet of a pair, without its two lowest bits


@dataclass(frozen=True, slots=True)
class TextSegment:
    """One short message of a text.

    `user_data` is TP-UD in octets for UCS2; for the GSM alphabet (`dcs` 0) it is the UDH in octets and then
    the septets, one an octet: the form SMPP carries and :mod:`.sms_tpdu` packs.
    """

    dcs: int
    udhi: bool
    user_data: bytes

    @property
    def text(self) -> str:
        """What this segment says."""
        body = self.user_data[self.user_data[0] + 1 :] if self.udhi else self.user_data
        return gsm7.decode(body) if self.dcs == DCS_GSM7 else ucs2.decode(body)


def segment_count(text: str, *, allow_gsm7: bool = True, wide: bool = False) -> int:
    """How many short messages `text` takes."""
    coded, as_gsm7 = _coded(text, allow_gsm7)
    length = len(coded)
    if length <= (UD_SEPTETS if as_gsm7 else UD_OCTETS):
        return 1
    if as_gsm7 or length != 2 * len(text):
        return len(_cut(text, coded, as_gsm7, wide))
    count = -(-length // (132 if wide else 134))  # no surrogate pair to avoid: it need not be cut to be counted
    return count if count <= MAX_SEGMENTS else len(_cut(text, coded, as_gsm7, wide))


def split_text(text: str, *, reference: int, allow_gsm7: bool = True, wide: bool = False) -> tuple[TextSegment, ...]:
    """The segments of `text`: GSM alphabet where it can carry all of it (and is allowed), else UCS2.

    One message holds 160 septets or 70 UTF-16 units, a segment 153 or 67 (152 or 66 with a `wide`, 16-bit
    reference). No escape sequence and no surrogate pair is cut. LocalError beyond 255 segments.
    """
    coded, as_gsm7 = _coded(text, allow_gsm7)
    dcs = DCS_GSM7 if as_gsm7 else DCS_UCS2
    pieces = _cut(text, coded, as_gsm7, wide)
    if len(pieces) == 1:
        return (TextSegment(dcs, False, coded),)
    front = _front(reference, len(pieces), wide)
    return tuple([
        TextSegment(dcs, True, b"%b%c%b" % (front, sequence, piece)) for sequence, piece in enumerate(pieces, 1)
    ])  # fmt: skip


@lru_cache(maxsize=4096)
def _front(reference: int, total: int, wide: bool) -> bytes:
    """The header of a segment without the sequence number, which is its last octet in both forms."""
    return UserDataHeader((Concatenation(reference, total, 1, wide).element(),)).encode()[:-1]


def _coded(text: str, allow_gsm7: bool) -> tuple[bytes, bool]:
    """The septets or UCS2 octets of `text`, and whether they are septets."""
    if allow_gsm7 and gsm7.can_encode(text):
        return gsm7.encode(text), True
    return ucs2.encode(text), False


def _cut(text: str, coded: bytes, as_gsm7: bool, wide: bool) -> list[bytes]:
    """The pieces of `coded`, never inside an escape sequence or a surrogate pair."""
    single, size = (UD_SEPTETS, 152 if wide else 153) if as_gsm7 else (UD_OCTETS, 132 if wide else 134)
    length = len(coded)
    if length <= single:
        return [coded]
    if length == len(text) * (1 if as_gsm7 else 2):  # every character takes the same: no place to avoid
        pieces = [coded[start : start + size] for start in range(0, length, size)]
    else:
        pieces = _cut_between_characters(coded, as_gsm7, size)
    if len(pieces) > MAX_SEGMENTS:
        raise LocalError(f"{len(pieces)} segments, at most {MAX_SEGMENTS}", clause=CLAUSE)
    return pieces


def _cut_between_characters(coded: bytes, as_gsm7: bool, size: int) -> list[bytes]:
    pieces = []
    start, length = 0, len(coded)
    while length - start > size:
        end = start + size
        if as_gsm7:
            end -= coded[end - 1] == gsm7.ESCAPE
        elif coded[end - 2] & 0xFC == _HIGH_SURROGATE:
            end -= 2
        pieces.append(coded[start:end])
        start = end
    pieces.append(coded[start:])
    return pieces


def split_packet(packet: bytes, *, iei: int, reference: int, wide: bool = False) -> tuple[bytes, ...]:
    """The TP-UD of each segment of a command (`iei` 70) or response (71) packet, UDH included.

    One message holds 137 octets; of several, the first holds 132 and the others 134 (131 and 133 with a
    `wide` reference). The identifier stands in the first header only (TS 31.115 §4.3).
    """
    identifier = Element(iei)
    single = UserDataHeader((identifier,)).encode() + packet
    if len(single) <= UD_OCTETS:
        return (single,)
    overhead = 7 if wide else 6
    first = UD_OCTETS - overhead - len(identifier.encode())
    following = UD_OCTETS - overhead
    total = 1 + -(-(len(packet) - first) // following)
    if total > MAX_SEGMENTS:
        raise LocalError(f"{total} segments, at most {MAX_SEGMENTS}", clause=CLAUSE)
    segments = []
    at = 0
    for sequence in range(1, total + 1):
        elements: tuple[Element, ...] = (Concatenation(reference, total, sequence, wide).element(),)
        end = at + following
        if sequence == 1:
            elements += (identifier,)
            end = first
        segments.append(UserDataHeader(elements).encode() + packet[at:end])
        at = end
    return tuple(segments)


@dataclass(frozen=True, slots=True)
class Joined:
    """A whole message: header of its first segment (empty where there was none), body, DCS if one was given."""

    header_of_first: UserDataHeader
    body: bytes
    dcs: int | None = None
    segments: int = 1


@dataclass(frozen=True, slots=True)
class Incomplete:
    """A set that was given up: whose, how much of it had come, since when."""

    key: Hashable
    reference: int
    received: int
    total: int
    since: float


@dataclass(slots=True)
class _Set:
    concatenation: Concatenation
    dcs: int | None
    since: float
    bodies: dict[int, bytes] = field(default_factory=dict)
    headers: dict[int, UserDataHeader] = field(default_factory=dict)
    octets: int = 0


_SetKey = tuple[Hashable, int, bool]
_SEGMENT_COST: Final = 64  #: what a segment counts beside its own octets, so that empty ones are bounded too


class Reassembly:
    """Puts segments together, in any order, within bounds.

    A repeated segment changes nothing. A segment that contradicts its set (another total, another DCS, other
    octets under the same number) discards the set and starts a new one: references are used again. A set older
    than `ttl` seconds is given up, and so are the oldest when there are more than `limit_sets` or when all
    segments held (64 octets each and their own) are more than `limit_octets`.
    """

    def __init__(self, limit_sets: int = 1000, limit_octets: int = 4_000_000, ttl: float = 3600.0) -> None:
        self._limit_sets = limit_sets
        self._limit_octets = limit_octets
        self._ttl = ttl
        self._sets: dict[_SetKey, _Set] = {}
        self._octets = 0

    def __len__(self) -> int:
        """How many sets wait for segments."""
        return len(self._sets)

    @property
    def octets(self) -> int:
        """What all waiting segments count."""
        return self._octets

    def add(
        self, key: Hashable, header: UserDataHeader | None, body: bytes, now: float, *, dcs: int | None = None
    ) -> Joined | None:
        """The whole message if `body` completes it, else None. `key` says whose: sender, recipient.

        `now` is in seconds and must not run backwards. A message without concatenation is whole at once.
        """
        self.expire(now)
        concatenation = header.concatenation if header is not None else None
        if header is None or concatenation is None or concatenation.total == 1:
            return Joined(header or UserDataHeader(), body, dcs)
        set_key = (key, concatenation.reference, concatenation.wide)
        waiting = self._sets.get(set_key)
        if waiting is not None and _contradicts(waiting, concatenation, body, dcs):
            self._discard(set_key)
            waiting = None
        if waiting is None:
            waiting = self._sets[set_key] = _Set(concatenation, dcs, now)
        sequence = concatenation.sequence
        if sequence in waiting.bodies:
            return None
        waiting.bodies[sequence] = body
        waiting.headers[sequence] = header
        cost = _SEGMENT_COST + len(body)
        waiting.octets += cost
        self._octets += cost
        if len(waiting.bodies) == concatenation.total:
            self._discard(set_key)
            whole = b"".join([waiting.bodies[number] for number in range(1, concatenation.total + 1)])
            return Joined(waiting.headers[1], whole, dcs, concatenation.total)
        self._make_room()
        return None

    def expire(self, now: float) -> tuple[Incomplete, ...]:
        """Give up the sets whose first segment came more than `ttl` seconds before `now`."""
        given_up: list[Incomplete] = []
        while self._sets:
            oldest = next(iter(self._sets))
            if now - self._sets[oldest].since <= self._ttl:
                break
            given_up.append(self._give_up(oldest))
        return tuple(given_up)

    def _make_room(self) -> None:
        while len(self._sets) > self._limit_sets or self._octets > self._limit_octets:
            self._discard(next(iter(self._sets)))

    def _give_up(self, set_key: _SetKey) -> Incomplete:
        waiting = self._discard(set_key)
        concatenation = waiting.concatenation
        return Incomplete(set_key[0], concatenation.reference, len(waiting.bodies), concatenation.total, waiting.since)

    def _discard(self, set_key: _SetKey) -> _Set:
        waiting = self._sets.pop(set_key)
        self._octets -= waiting.octets
        return waiting


def _contradicts(waiting: _Set, concatenation: Concatenation, body: bytes, dcs: int | None) -> bool:
    if waiting.concatenation.total != concatenation.total or waiting.dcs != dcs:
        return True
    known = waiting.bodies.get(concatenation.sequence)
    return known is not None and known != body
