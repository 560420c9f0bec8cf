"""The platform's and the handset's side for card tests: seal a command, carry it to the card, open the PoR.

Sealing uses the other crypto provider than the card, so that two implementations meet in every test.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from stk_applet_sim.uicc.card import Uicc
from stk_applet_sim.uicc.profile import CardProfile
from telecom_codecs.card.apdu import CommandApdu, ResponseApdu
from telecom_codecs.card.identities import Tar
from telecom_codecs.cat import (
    CommandDetails,
    SendShortMessage,
    SmsPpDownload,
    TerminalResponse,
    decode_proactive,
    encode_envelope,
)
from telecom_codecs.crypto.openssl import OpenSslProvider
from telecom_codecs.crypto.pycryptodome import PycryptodomeProvider
from telecom_codecs.crypto.secret_key import KeySet
from telecom_codecs.ota.packet_security import OpenedResponse, open_response, seal_command
from telecom_codecs.ota.remote_command import CompactResponse, encode_compact
from telecom_codecs.ota.secured_packet import CommandPacket, ResponseHeader, Spi
from telecom_codecs.sms.address import Address
from telecom_codecs.sms.concat import Reassembly, split_packet
from telecom_codecs.sms.dcs import DCS_OTA
from telecom_codecs.sms.time import Scts
from telecom_codecs.sms.tpdu import SmsDeliver, SmsSubmit
from telecom_codecs.sms.udh import IEI_COMMAND_PACKET, IEI_RESPONSE_PACKET

PLATFORM = Address("8610086")
OPENSSL = OpenSslProvider()
MIDNIGHT = Scts(2026, 11, 22, 0, 0, 0, 32)
GET_RESPONSE = bytes.fromhex("00C0000000")


def a_card(profile: str | CardProfile = "ykt", **changes: Any) -> Uicc:
    """A card fresh from personalisation."""
    chosen = CardProfile.named(profile) if isinstance(profile, str) else profile
    return Uicc(chosen, **{"provider": PycryptodomeProvider(), "random": bytes, **changes})


def exchange(card: Uicc, apdu: str | bytes) -> ResponseApdu:
    """What a terminal sees after GET RESPONSE and a corrected Le: all data, the last status word."""
    octets = bytes.fromhex(apdu) if isinstance(apdu, str) else apdu
    answer = ResponseApdu.decode(card.process(octets))
    if answer.sw1 == 0x6C:
        answer = ResponseApdu.decode(card.process(octets[:4] + bytes([answer.sw2])))
    if answer.sw1 in (0x61, 0x9F):
        answer = ResponseApdu.decode(card.process(bytes([octets[0], 0xC0, 0, 0, answer.sw2])))
    return answer


def deliver(card: Uicc, user_data: bytes, originator: Address = PLATFORM) -> ResponseApdu:
    """One short message to the card by ENVELOPE; data are those of the DELIVER-REPORT."""
    message = SmsDeliver(originator, 0x7F, DCS_OTA, MIDNIGHT, user_data, udhi=True)
    envelope = encode_envelope(SmsPpDownload(Address("8613800100500"), message.encode()))
    return exchange(card, CommandApdu(0x80, 0xC2, 0, 0, envelope).encode())


def fetch_submitted(card: Uicc) -> list[SmsSubmit]:
    """Fetch and perform SEND SHORT MESSAGE commands until the card wants nothing more."""
    if card.toolkit.profile is None:
        card.process(bytes.fromhex("8010000004FFFFFFFF"))
    sent: list[SmsSubmit] = []
    while (pending := card.toolkit.pending()) is not None:
        octets = card.process(bytes([0x80, 0x12, 0, 0, len(pending) & 0xFF]))[:-2]
        command = decode_proactive(octets)
        if isinstance(command, SendShortMessage):
            sent.append(SmsSubmit.decode(command.tpdu))
        details = CommandDetails(octets[octets.index(b"\x03") + 1], 0x13)
        response = TerminalResponse(details).encode()
        card.process(bytes([0x80, 0x14, 0, 0, len(response)]) + response)
    return sent


def joined(messages: list[SmsSubmit]) -> bytes:
    """The packet in the user data of the segments of one message."""
    reassembly = Reassembly()
    for message in messages:
        whole = reassembly.add("card", message.header, message.body, 0.0)
        if whole is not None:
            assert whole.header_of_first.find(IEI_RESPONSE_PACKET) is not None
            return whole.body
    raise AssertionError("segments are missing")


@dataclass
class Platform:
    """A platform that knows the keys of one card and counts."""

    card: Uicc
    keys: KeySet
    kic: int = 0x12
    kid: int = 0x12
    spi: str = "1619"
    counter: int = 0
    last_counter: int = field(default=0, init=False)

    @classmethod
    def of(cls, card: Uicc, index: int = 1, **changes: Any) -> Platform:
        entry = card.profile.keys[index]
        octet = index << 4 | (2 if entry.kind.value == "aes" else 5)
        return cls(card, entry.keys, **{"kic": octet, "kid": octet, **changes})

    def packet(self, tar: str, data: bytes, **changes: Any) -> bytes:
        """A sealed packet; `counter`, `spi`, `kic`, `kid`, `keys` may be given."""
        self.counter += 1
        self.last_counter = changes.get("counter", self.counter)
        packet = CommandPacket(
            Spi.decode(bytes.fromhex(changes.get("spi", self.spi))),
            changes.get("kic", self.kic),
            changes.get("kid", self.kid),
            Tar.from_hex(tar),
            self.last_counter,
            data,
        )
        return seal_command(packet, changes.get("keys", self.keys), OPENSSL, weak_algorithms=True)

    def carry(self, packet: bytes, *, backwards: bool = False) -> ResponseApdu:
        """All segments to the card; the last ENVELOPE's answer."""
        segments = list(split_packet(packet, iei=IEI_COMMAND_PACKET, reference=self.counter & 0xFF))
        answers = [deliver(self.card, segment) for segment in (reversed(segments) if backwards else segments)]
        return answers[-1]

    def send(self, tar: str, data: bytes, **changes: Any) -> OpenedResponse:
        """Command out, PoR back, whichever way SPI2 asks."""
        packet = self.packet(tar, data, **changes)
        answer = self.carry(packet)
        spi = Spi.decode(bytes.fromhex(changes.get("spi", self.spi)))
        if answer.data:
            assert answer.data[:3] == bytes.fromhex("027100")
            return self.opened(answer.data[3:], **changes)
        assert spi.por_in_submit, f"no PoR, SW {answer.sw:04X}"
        return self.opened(joined(fetch_submitted(self.card)), **changes)

    def opened(self, response: bytes, **changes: Any) -> OpenedResponse:
        spi = Spi.decode(bytes.fromhex(changes.get("spi", self.spi)))
        kic, kid = changes.get("kic", self.kic), changes.get("kid", self.kid)
        return open_response(response, spi, kic, kid, self.keys, OPENSSL, weak_algorithms=True)

    def run(self, tar: str, *apdus: str, **changes: Any) -> CompactResponse:
        """A compact script whose PoR must be authentic and 00."""
        script = encode_compact([bytes.fromhex(apdu) for apdu in apdus])
        response = self.send(tar, script, **changes)
        assert response.authentic
        assert response.packet.status == 0
        assert response.packet.counter == self.last_counter
        return CompactResponse.decode(response.packet.data)


def is_unsecured(response: bytes) -> bool:
    """The PoR carries no check and no data."""
    header = ResponseHeader.peek(response)
    return header.check_length == 0 and len(header.secured) == 7
