"""What messaging needs of a link to the SMSCs; `smsc_gateway.links` are such, tests bring their own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from smsc_gateway.links.delivery import Delivery
from smsc_gateway.links.outcome import SubmitResult
from smsc_gateway.smpp.operations import EsmClass, SubmitSm

from .outgoing import Handed


class Link(Protocol):
    """One or several bound connections to SMSCs, seen as one."""

    #: Told once a turn of the loop, with everything that was answered in it.
    on_answers: Callable[[list[tuple[int, SubmitResult]]], None]
    #: A late answer, after the submission was told as unknown.
    on_late: Callable[[int, SubmitResult], None]
    #: There is room again after there was none.
    on_room: Callable[[], None]
    #: All deliver_sm of one read.
    on_deliver_many: Callable[[list[Delivery]], None]

    @property
    def is_bound(self) -> bool:
        """Submissions can go out now."""

    @property
    def room(self) -> int:
        """Segments that may leave now: window, pace, bound."""

    def submit_many(self, items: Sequence[tuple[int, SubmitSm]]) -> None:
        """Send them in this order; each number comes back once by `on_answers`."""


@dataclass(frozen=True, slots=True)
class SourceAddress:
    """The access code that stands as source of everything we send."""

    digits: str
    ton: int = 0
    npi: int = 1


def submit_sm_of(segment: Handed, source: SourceAddress) -> SubmitSm:
    """The submit_sm of a segment."""
    return SubmitSm(
        source_addr_ton=source.ton,
        source_addr_npi=source.npi,
        source_addr=source.digits.encode("ascii"),
        dest_addr_ton=1,
        dest_addr_npi=1,
        destination_addr=segment.msisdn.encode("ascii"),
        esm_class=EsmClass.UDHI if segment.udhi else 0,
        protocol_id=segment.pid,
        validity_period=b"" if segment.validity is None else relative_time(segment.validity),
        registered_delivery=1 if segment.receipt else 0,
        data_coding=segment.dcs,
        short_message=segment.user_data,
    )


def relative_time(seconds: int) -> bytes:
    """A duration in SMPP's relative time format — SMPP 3.4 §7.1.1.

    >>> relative_time(65)
    b'000000000105000R'
    """
    minutes, second = divmod(seconds, 60)
    hours, minute = divmod(minutes, 60)
    days, hour = divmod(hours, 24)
    return b"0000%02d%02d%02d%02d000R" % (min(days, 30), hour, minute, second)
