"""Step for MO packets of the menu applet: whose key opens it, is it new, who answers it."""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlalchemy import Connection, bindparam, insert, select, update

from telecom_codecs.errors import CodecError
from telecom_codecs.onecard.names import TAR_PLATFORM
from telecom_codecs.ota.packet_security import open_command
from telecom_codecs.ota.secured_packet import CommandHeader, CommandPacket, CounterCheck, PacketCheck

from ..messaging.facts import MoRequest
from ..messaging.tables import mo_window
from ..registry.audit.steps import record
from ..registry.cards.steps import live_card_of
from ..registry.keys.steps import NoKey
from ..registry.keys.wrapping import BindingMismatch
from ..storage.context import StepContext
from .means import OtaMeans
from .replay import ReplayWindow

# statements of the hot path are built once: building costs more than SQLite does
_HERE = (
    (mo_window.c.iccid == bindparam("card"))
    & (mo_window.c.key_index == bindparam("index"))
    & (mo_window.c.generation == bindparam("of"))
)
_FIND = select(mo_window).where(_HERE)
_INSERT = insert(mo_window)
_CHANGE = update(mo_window).where(_HERE)


@dataclass(frozen=True, slots=True)
class TakenRequest:
    """What became of an MO packet; `state` is an inbox state."""

    state: str
    note: str
    iccid: str | None = field(default=None, repr=False)
    counter: int | None = None


def take_request(
    conn: Connection,
    context: StepContext,
    means: OtaMeans,
    source_msisdn: str,
    octets: bytes,
    *,
    inbox_id: str,
    digest: str,
) -> TakenRequest:
    """Open the packet under the MO key of the card behind the number; an authentic one goes to `on_mo_request`.

    A counter seen before is a duplicate. It goes there too: whoever answered gives the stored answer again and does
    nothing else (docs/wire/card-application.md §8).
    """
    owner = live_card_of(conn, source_msisdn)
    if owner is None:
        return _refuse(conn, context, "mo.foreign", None)
    packet = _open(conn, means, owner.iccid, owner.key_generation, octets)
    if packet is None:
        return _refuse(conn, context, "mo.forged", owner.iccid)
    if packet.tar != TAR_PLATFORM or (packet.kic, packet.kid) != (owner.mo_kic, owner.mo_kid):
        return _refuse(conn, context, "mo.misplaced", owner.iccid)
    key_index = owner.mo_kic >> 4
    is_new = _admit(conn, owner.iccid, key_index, owner.key_generation, packet.counter)
    request = MoRequest(owner.iccid, packet.counter, packet.data, source_msisdn, inbox_id, digest, not is_new)
    if means.hooks.on_mo_request is not None:
        means.hooks.on_mo_request(conn, request, context)
    if not is_new:
        return TakenRequest("DUPLICATE", "mo.duplicate", owner.iccid, packet.counter)
    return TakenRequest("DONE", "mo.taken", owner.iccid, packet.counter)


def _open(conn: Connection, means: OtaMeans, iccid: str, generation: int, octets: bytes) -> CommandPacket | None:
    """The packet if it is authentic, ciphered and counted; else None."""
    try:
        header = CommandHeader.peek(octets)
        spi = header.spi
        if spi.check is not PacketCheck.CC or not spi.ciphered or spi.counter < CounterCheck.HIGHER:
            return None
        keys = means.key_set(conn, iccid, generation, "MO")
        return open_command(octets, keys, means.provider, weak_algorithms=means.policy.weak_algorithms).packet
    except (CodecError, NoKey, BindingMismatch):
        return None


def _refuse(conn: Connection, context: StepContext, note: str, iccid: str | None) -> TakenRequest:
    record(conn, at=context.now, actor="inbox", action=note, subject=f"card:{iccid or ''}")
    return TakenRequest("REFUSED", note, iccid)


def _admit(conn: Connection, iccid: str, key_index: int, generation: int, counter: int) -> bool:
    here = {"card": iccid, "index": key_index, "of": generation}
    row = conn.execute(_FIND, here).one_or_none()
    after = (ReplayWindow() if row is None else ReplayWindow.from_row(row.highest, row.seen)).admit(counter)
    if after is None:
        return False
    seen = {"highest": after.highest, "seen": after.to_hex()}
    if row is None:
        conn.execute(_INSERT, {"iccid": iccid, "key_index": key_index, "generation": generation, **seen})
    else:
        conn.execute(_CHANGE, {**here, **seen})
    return True
