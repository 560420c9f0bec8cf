"""MO packets of the menu applets: whose key opens it, is it new, who answers it – for all that came at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, select

from telecom_codecs.crypto.secret_key import KeySet
from telecom_codecs.errors import CodecError
from telecom_codecs.onecard.names import TAR_PLATFORM
from telecom_codecs.ota.packet_security import open_command
from telecom_codecs.ota.secured_packet import CommandHeader, CommandPacket, CounterCheck, PacketCheck

from ..messaging.facts import MoRequest
from ..messaging.inbox import InboxState, Incoming, Taken
from ..registry.audit.steps import record
from ..registry.audit.subject import Subject
from ..registry.cards.states import LIVE_CARD_STATES
from ..registry.cards.tables import card
from ..registry.keys.steps import NoKey
from ..registry.keys.wrapping import BindingMismatch
from ..storage.context import StepContext
from ..storage.literal import among
from ..storage.sql import Statement, in_list, upsert
from .means import OtaMeans
from .replay import ReplayWindow
from .tables import mo_window

_C, _W = card.c, mo_window.c
_OWNERS = Statement(
    select(_C.msisdn, _C.iccid, _C.key_generation, _C.mo_kic, _C.mo_kid).where(
        in_list(_C.msisdn, "numbers"), among(_C.state, LIVE_CARD_STATES)
    )
)
_WINDOWS = Statement(
    select(_W.iccid, _W.key_index, _W.generation, _W.highest, _W.seen).where(in_list(_W.iccid, "iccids"))
)
_KEEP = upsert(mo_window, ("iccid", "key_index", "generation"), ("highest", "seen"))


@dataclass(frozen=True, slots=True)
class _Owner:
    """The live card behind a number."""

    iccid: str = field(repr=False)
    generation: int
    kic: int
    kid: int

    @property
    def window(self) -> tuple[str, int, int]:
        return self.iccid, self.kic >> 4, self.generation


def take_requests(conn: Connection, context: StepContext, means: OtaMeans, items: Sequence[Incoming]) -> list[Taken]:
    """Open each packet under the MO key of the card behind its number; authentic ones go to `means.requests`.

    A counter seen before is a duplicate. It goes there too: whoever answered gives the stored answer again and does
    nothing else (docs/wire/card-application.md §8).
    """
    owners = {row[0]: _Owner(*row[1:]) for row in _OWNERS.rows(conn, numbers=sorted({item.source for item in items}))}
    means.open_keys(conn, [(owner.iccid, owner.generation) for owner in owners.values()], "MO")
    windows = _windows(conn, owners.values())
    requests: list[MoRequest] = []
    taken = [
        _take(conn, context, means, item=item, owner=owners.get(item.source), windows=windows, requests=requests)
        for item in items
    ]
    _KEEP.many(
        conn,
        [
            {"iccid": iccid, "key_index": index, "generation": of, "highest": window.highest, "seen": window.to_hex()}
            for (iccid, index, of), window in windows.items()
            if window.highest
        ],
    )
    if requests and means.requests is not None:
        means.requests(conn, context, requests)
    return taken


def _windows(conn: Connection, owners: Any) -> dict[tuple[str, int, int], ReplayWindow]:
    wanted = {owner.window for owner in owners}
    found = {name: ReplayWindow() for name in sorted(wanted)}
    for iccid, index, of, highest, seen in _WINDOWS.rows(conn, iccids=sorted({name[0] for name in wanted})):
        if (iccid, index, of) in found:
            found[iccid, index, of] = ReplayWindow.from_row(highest, seen)
    return found


def _take(
    conn: Connection,
    context: StepContext,
    means: OtaMeans,
    *,
    item: Incoming,
    owner: _Owner | None,
    windows: dict[tuple[str, int, int], ReplayWindow],
    requests: list[MoRequest],
) -> Taken:
    if owner is None:
        return _refuse(conn, context, "mo.foreign", None)
    packet = _open(means, conn, owner, item.body)
    if packet is None:
        return _refuse(conn, context, "mo.forged", owner.iccid)
    if packet.tar != TAR_PLATFORM or (packet.kic, packet.kid) != (owner.kic, owner.kid):
        return _refuse(conn, context, "mo.misplaced", owner.iccid)
    after = windows[owner.window].admit(packet.counter)
    if after is not None:
        windows[owner.window] = after
    is_repeat = after is None
    requests.append(
        MoRequest(owner.iccid, packet.counter, packet.data, item.source, item.inbox_id, item.digest, is_repeat)
    )
    state, note = (InboxState.DUPLICATE, "mo.duplicate") if is_repeat else (InboxState.DONE, "mo.taken")
    return Taken(state, note, owner.iccid, packet.counter)


def _open(means: OtaMeans, conn: Connection, owner: _Owner, octets: bytes) -> CommandPacket | None:
    """The packet if it is authentic, ciphered and counted; else None."""
    try:
        spi = CommandHeader.peek(octets).spi
        if spi.check is not PacketCheck.CC or not spi.ciphered or spi.counter < CounterCheck.HIGHER:
            return None
        keys: KeySet = means.key_set(conn, owner.iccid, owner.generation, "MO")
        return open_command(octets, keys, means.provider, weak_algorithms=means.policy.weak_algorithms).packet
    except (CodecError, NoKey, BindingMismatch):
        return None


def _refuse(conn: Connection, context: StepContext, note: str, iccid: str | None) -> Taken:
    record(conn, at=context.now, actor="inbox", action=note, subject=Subject.card(iccid or ""))
    return Taken(InboxState.REFUSED, note, iccid)
