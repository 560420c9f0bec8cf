"""A card of one page: OTA channel, card manager and one application, as docs/wire/card-application.md has them.

It shares no code with the simulator, so that the platform's tests do not lean on it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from telecom_codecs.card.identities import Aid, Iccid
from telecom_codecs.crypto.pycryptodome import PycryptodomeProvider
from telecom_codecs.crypto.secret_key import BlockCipher, KeySet, SecretKey
from telecom_codecs.errors import CodecError
from telecom_codecs.ota.packet_security import open_command, seal_response
from telecom_codecs.ota.remote_command import CompactResponse, decode_compact
from telecom_codecs.ota.secured_packet import CommandPacket, PorStatus, ResponsePacket
from telecom_codecs.sms.concat import split_packet
from telecom_codecs.sms.udh import IEI_RESPONSE_PACKET, split_user_data

PROVIDER = PycryptodomeProvider()


@dataclass
class Purse:
    """An installed application."""

    aid: bytes
    keys: dict[int, SecretKey] = field(default_factory=dict)
    balance: int = 0
    rsn: int = 0
    reference: int = 0
    order: tuple[int, int] = (0, 0)
    closed: bool = False

    @property
    def life(self) -> int:
        return (0x2F if self.closed else 0x0F) if self.keys else 0x07


@dataclass
class SmallCard:
    """`receive` takes the TP-UD of a short message and returns those of the card's answers."""

    iccid: Iccid
    keys: KeySet
    counter: int = 0
    applications: dict[bytes, Purse] = field(default_factory=dict)
    texts: list[bytes] = field(default_factory=list)
    executed: list[bytes] = field(default_factory=list)
    spoilt: int = 0
    refuses_installs: bool = False  #: another application of the enterprise is there, under another AID
    _parts: dict[tuple[int, int], dict[int, bytes]] = field(default_factory=dict)

    def receive(self, user_data: bytes) -> list[bytes]:
        header, body = split_user_data(True, user_data)
        assert header is not None
        place = header.concatenation
        if place is not None:
            parts = self._parts.setdefault((place.reference, place.total), {})
            parts[place.sequence] = body
            if len(parts) < place.total:
                return []
            del self._parts[place.reference, place.total]
            body = b"".join(parts[number] for number in sorted(parts))
        return self.take(body)

    def take(self, octets: bytes) -> list[bytes]:
        try:
            packet = open_command(octets, self.keys, PROVIDER).packet
        except CodecError:
            self.spoilt += 1
            return []
        if packet.counter <= self.counter:
            return self._answer(packet, PorStatus.COUNTER_LOW, b"")
        self.counter = packet.counter
        self.executed.append(octets)
        if packet.tar.octets.hex() == "594b54":
            self.texts.append(packet.data)
            return self._answer(packet, PorStatus.OK, b"\x00")
        return self._answer(packet, PorStatus.OK, self._run(packet))

    def _answer(self, packet: CommandPacket, status: int, octets: bytes) -> list[bytes]:
        response = ResponsePacket(packet.tar, packet.counter, status, octets)
        sealed = seal_response(response, packet.spi, packet.kic, packet.kid, self.keys, PROVIDER)
        return list(split_packet(sealed, iei=IEI_RESPONSE_PACKET, reference=packet.counter & 0xFF))

    def _run(self, packet: CommandPacket) -> bytes:
        executed, sw, out, waiting, chosen = 0, 0x9000, b"", b"", None
        slot = packet.tar.octets[2] if packet.tar.octets != bytes(3) else None
        for apdu in decode_compact(packet.data):
            executed += 1
            if apdu.ins == 0xC0:
                sw, out = 0x9000, waiting
            elif slot is not None:
                sw, waiting = self._application(slot, apdu.ins, apdu.p1, apdu.data)
            else:
                sw, waiting = self._manage(apdu.ins, apdu.p1, apdu.data, chosen)
                if apdu.ins == 0xE6 and apdu.p1 == 0x20:
                    chosen = self.applications.get(waiting)
                    waiting = b""
            if sw >> 8 not in (0x90, 0x61):
                return CompactResponse(executed, sw).encode()
        return CompactResponse(executed, sw, out).encode()

    def _manage(self, ins: int, p1: int, octets: bytes, chosen: Purse | None) -> tuple[int, bytes]:
        if ins == 0xE6 and p1 == 0x0C:
            aid = octets[17:33]
            if aid in self.applications or self.refuses_installs:
                return 0x6985, b""
            self.applications[aid] = Purse(aid)
        elif ins == 0xE6:
            aid = octets[3:19]
            found = self.applications.get(aid)
            return (0x6A88 if found is None else 0x6985 if found.keys else 0x9000), aid
        elif ins == 0xE2 and chosen is not None:
            self._store_keys(chosen, octets)
        elif ins == 0xE4:
            found = self.applications.get(octets[2:])
            if found is None:
                return 0x6A88, b""
            if found.keys and (not found.closed or found.balance):
                return 0x6985, b""
            del self.applications[octets[2:]]
        elif ins == 0xF2:
            found = self.applications.get(octets[2:])
            if found is None:
                return 0x6A88, b""
            inner = b"\x4f\x10" + found.aid + b"\x9f\x70\x01" + bytes((found.life,))
            return 0x6100 + len(inner) + 2, b"\xe3" + bytes((len(inner),)) + inner
        return 0x9000, b""

    def _store_keys(self, purse: Purse, octets: bytes) -> None:
        assert octets[:2] == b"\x82\x01"
        assert self.keys.key_encryption is not None
        value = octets[3:]
        for at in range(1, len(value), 20):
            clear = PROVIDER.decrypt(BlockCipher.AES, "ecb", self.keys.key_encryption, b"", value[at + 1 : at + 17])
            key = SecretKey(clear)
            assert key.kcv(PROVIDER) == value[at + 17 : at + 20]
            purse.keys[value[at]] = key

    def _application(self, slot: int, ins: int, p1: int, octets: bytes) -> tuple[int, bytes]:
        purse = next((one for aid, one in self.applications.items() if aid[13] == slot), None)
        if purse is None or not purse.keys:
            return 0x6985, b""
        bound = Aid(purse.aid).octets + self.iccid.octets()
        status, challenge = (0x04 if purse.closed else 0x00), b""
        if ins == 0x5C:
            challenge = octets
        else:
            header = bytes((0x80, 0x5E, p1, 0, 0x10))
            order = (int.from_bytes(octets[:4], "big"), p1)
            if PROVIDER.cmac(purse.keys[1], bound + header + octets[:8])[:8] != octets[8:]:
                status = 0x06
            elif order == purse.order:
                status = 0x01
            else:
                purse.order, purse.closed, status = order, p1 == 0x01, 0x00
        signed = (
            bytes((status,))
            + purse.rsn.to_bytes(4, "big")
            + bytes(4)
            + purse.reference.to_bytes(4, "big")
            + purse.balance.to_bytes(4, "big")
            + bytes(2)
        )
        tac = PROVIDER.cmac(purse.keys[2], bound + signed + challenge)[:8]
        return 0x611B, signed + tac
