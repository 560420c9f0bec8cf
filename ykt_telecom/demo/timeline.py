"""Everything that crossed a wire in the demo, in order: APDUs at the card, PDUs at the message centre.

Observers note; :func:`render` decodes afterwards, layer by layer, with the card's own keys.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from smsc_gateway.line.observers import Endpoint
from smsc_gateway.smpp.operations import DeliverSm, SubmitSm, decode, name_of
from stk_applet_sim.handset.card_link import Exchange
from telecom_codecs.card.apdu import describe
from telecom_codecs.crypto.secret_key import CryptoProvider, KeySet
from telecom_codecs.errors import CodecError

from ..tools.decode import DecodeKeys, as_text, decode_layers

PROACTIVE = {0x12: "FETCH", 0x14: "TERMINAL RESPONSE", 0xC2: "ENVELOPE", 0x10: "TERMINAL PROFILE", 0xF2: "STATUS"}


@dataclass(frozen=True, slots=True)
class Note:
    """One thing that happened: seconds, who to whom, what in a word, and octets with their kind for `ykt decode`."""

    at: float
    title: str
    kind: str = ""
    octets: bytes = b""
    answer: bytes = b""


class Timeline:
    """Notes while `recording`; an observer of the SMSC's lines and of one phone's card."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self.notes: list[Note] = []
        self.recording = False

    def say(self, title: str) -> None:
        """Something a person did or saw."""
        self._add(Note(self._clock(), title))

    def exchange(self, exchange: Exchange) -> None:
        """An APDU exchange of the phone with its card."""
        ins = exchange.command[1] if len(exchange.command) > 1 else 0
        name = PROACTIVE.get(ins, "C-APDU")
        self._add(Note(self._clock(), f"phone → card  {name}", "exchange", exchange.command, exchange.response))

    # the Observer of smsc_gateway.line.observers

    def opened(self, link: int, client: Endpoint, server: Endpoint) -> None:
        """Lines are not part of the story."""

    def closed(self, link: int) -> None:
        """Lines are not part of the story."""

    def pdu(self, link: int, inward: bool, octets: bytes) -> None:
        name = name_of(int.from_bytes(octets[4:8], "big"))
        if name.startswith("enquire_link") or name.startswith("bind"):
            return
        way = "platform → SMSC" if inward else "SMSC → platform"
        self._add(Note(self._clock(), f"{way}  {name}", "smpp", octets))

    def _add(self, note: Note) -> None:
        if self.recording:
            self.notes.append(note)


def concerns(note: Note, msisdn: str) -> bool:
    """Whether a PDU belongs to this phone; responses carry no number and are kept, other phones' messages are not."""
    if note.kind != "smpp":
        return True
    try:
        value = decode(note.octets)
    except (CodecError, ValueError):
        return True
    if isinstance(value, SubmitSm):
        return value.destination_addr == msisdn.encode()
    return not isinstance(value, DeliverSm) or value.source_addr == msisdn.encode()


def render(notes: Iterable[Note], key_sets: Mapping[int, KeySet], provider: CryptoProvider) -> str:
    """The notes as text, each with its layers below it. The service password is stars everywhere."""
    notes = list(notes)
    if not notes:
        return ""
    start = notes[0].at
    keys = DecodeKeys(key_sets, provider)
    parts: dict[str, list[bytes]] = {}
    lines: list[str] = []
    for note in notes:
        lines.append(f"{note.at - start:8.3f}  {note.title}")
        if note.kind == "exchange":
            lines.extend(_exchange(note, keys))
        elif note.kind == "smpp":
            lines.extend(_pdu(note, keys, parts))
    return "\n".join(lines)


def _exchange(note: Note, keys: DecodeKeys) -> list[str]:
    ins = note.octets[1] if len(note.octets) > 1 else 0
    data, word = note.answer[:-2], int.from_bytes(note.answer[-2:], "big")
    lines = [] if ins == 0x12 else _indented("\n".join(as_text(x) for x in decode_layers([note.octets], "apdu", keys)))
    if data:
        kind = "proactive" if ins == 0x12 else "user-data"
        lines += _indented("\n".join(as_text(one) for one in decode_layers([data], kind, keys)))
    return [*lines, f"            status word {describe(word)}"]


def _pdu(note: Note, keys: DecodeKeys, parts: dict[str, list[bytes]]) -> list[str]:
    layers = decode_layers([note.octets], "smpp", keys)
    lines = _indented("\n".join(as_text(one) for one in layers))
    value = decode(note.octets)
    if isinstance(value, SubmitSm | DeliverSm) and value.esm_class & 0x40 and value.short_message[1:2] == b"\x00":
        reference = f"{type(value).__name__} {value.source_addr!r} {value.short_message[3]}"
        parts.setdefault(reference, []).append(note.octets)
        joined = decode_layers(parts[reference], "smpp", keys)
        if len(joined) > len(parts[reference]):
            lines += _indented(f"joined from {len(parts.pop(reference))} segments:\n{as_text(joined[-1])}")
    return lines


def _indented(text: str) -> list[str]:
    return [f"            {line}" for line in text.splitlines()]
