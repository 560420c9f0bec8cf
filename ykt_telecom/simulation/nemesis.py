"""What the world does to the service by itself: links drop, phones go off, the disk is full, somebody forges."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from random import Random

from smsc_gateway.smpp.operations import DeliverSm, EsmClass
from telecom_codecs.crypto.openssl import OpenSslProvider
from telecom_codecs.crypto.secret_key import KeySet, SecretKey
from telecom_codecs.ota.packet_security import open_command, seal_response
from telecom_codecs.ota.secured_packet import PorStatus, ResponsePacket
from telecom_codecs.sms.dcs import DCS_OTA, PID_DATA_DOWNLOAD

from .faults import Fault
from .invariants import MT, packets_to
from .lab import ACCESS_CODE, Lab, Phone
from .virtual import WorldClock

PROVIDER = OpenSslProvider()
RESPONSE_HEADER, COMMAND_HEADER = bytes.fromhex("027100"), bytes.fromhex("027000")
STEPS = (-600.0, -60.0, -2.0, 2.0, 60.0, 600.0)  #: seconds by which somebody sets the wall clock
#: What a card would say when it had done it: to the menu applet, to the card manager.
GOOD_WORDS = (b"\x00", b"\x01\x90\x00", b"\x02\x90\x00")
#: Statuses that a card answers in clear.
CLEAR_STATUSES = (0x01, 0x05, 0x06, 0x09, 0x0A)


class Nemesis:
    """Acts every few seconds, as the script's rates say. It knows all that can be heard on the air, and no check key.

    It is given the ciphering keys, so that what it writes is as near to the truth as a forgery can be.
    """

    def __init__(self, lab: Lab, clock: WorldClock, chance: Random) -> None:
        self._lab = lab
        self._clock = clock
        self._chance = chance
        self._deeds: dict[Fault, Callable[[], None]] = {
            Fault.LINK_DOWN: self._drop_link,
            Fault.PHONE_OFF: self._switch_off,
            Fault.STORAGE_FAULT: self._fill_disk,
            Fault.CLOCK_STEP: lambda: clock.step(chance.choice(STEPS)),
            Fault.FORGED_PROOF: lambda: self._forge(PorStatus.OK, chance.choice(GOOD_WORDS)),
            Fault.FORGED_COUNTER_LOW: lambda: self._forge(PorStatus.COUNTER_LOW, b""),
            Fault.UNSECURED_PROOF: self._write_in_clear,
            Fault.REPLAYED_PROOF: self._replay_proof,
            Fault.SPOOFED_REQUEST: self._spoof_request,
            Fault.REPLAYED_REQUEST: self._replay_request,
        }

    async def act(self) -> None:
        """Until it is cancelled."""
        while True:
            await asyncio.sleep(self._chance.uniform(0.5, 4.0))
            for fault, deed in self._deeds.items():
                if self._lab.script.happens(fault):
                    deed()

    def heal(self) -> None:
        """The disk has room and every phone is on; the link comes back by itself."""
        self._lab.storage_is_full = False
        for phone in self._lab.phones:
            self._switch_on(phone)

    # --- mishaps ---------------------------------------------------------------------------------------------------

    def _later(self, least: float, most: float, what: Callable[[], None]) -> None:
        asyncio.get_running_loop().call_later(self._chance.uniform(least, most), what)

    def _drop_link(self) -> None:
        link = self._lab.wire.link
        if link is not None:
            link.drop()
            self._later(1.0, 30.0, link.start)

    def _switch_off(self) -> None:
        phone = self._chance.choice(self._lab.phones)
        phone.station.handset.power_off()
        phone.was_off = True
        self._later(5.0, 120.0, lambda: self._switch_on(phone))

    def _switch_on(self, phone: Phone) -> None:
        if not phone.station.handset.is_on:
            self._lab.wire.centre.attach(phone.station)

    def _fill_disk(self) -> None:
        self._lab.storage_is_full = True
        self._later(0.5, 10.0, self._free_disk)

    def _free_disk(self) -> None:
        self._lab.storage_is_full = False

    # --- forgeries -------------------------------------------------------------------------------------------------

    def _forge(self, status: int, data: bytes) -> None:
        """A response to the last command of a card, enciphered with its key, checked with another."""
        self._respond(status, data, secured=True)

    def _write_in_clear(self) -> None:
        self._respond(self._chance.choice(CLEAR_STATUSES), b"", secured=False)

    def _respond(self, status: int, data: bytes, *, secured: bool) -> None:
        phone = self._chance.choice(self._lab.phones)
        heard = packets_to(self._lab, phone)
        if not heard:
            return
        keys = phone.card.keys[MT]
        asked = open_command(heard[-1], keys, PROVIDER).packet
        counter = asked.counter if secured or self._chance.random() < 0.5 else 0
        foreign = KeySet(keys.ciphering, SecretKey(self._chance.randbytes(16)))
        response = ResponsePacket(asked.tar, counter, status, data)
        octets = seal_response(response, asked.spi, asked.kic, asked.kid, foreign, PROVIDER, secured=secured)
        self._insert(phone.station.msisdn, RESPONSE_HEADER + octets)

    def _replay_proof(self) -> None:
        if self._lab.wire.proofs:
            self._send(self._chance.choice(self._lab.wire.proofs))

    def _spoof_request(self) -> None:
        """A request whose last octets, of its check, are others; or no request at all."""
        if self._lab.wire.acknowledged:
            msisdn, octets = self._chance.choice(self._lab.wire.acknowledged)
            self._insert(msisdn, octets[:-2] + self._chance.randbytes(2))
        else:
            phone = self._chance.choice(self._lab.phones)
            self._insert(phone.station.msisdn, COMMAND_HEADER + self._chance.randbytes(60))

    def _replay_request(self) -> None:
        if self._lab.wire.acknowledged:
            self._insert(*self._chance.choice(self._lab.wire.acknowledged))

    def _insert(self, msisdn: str, octets: bytes) -> None:
        self._send(
            DeliverSm(
                source_addr=msisdn.encode(),
                destination_addr=ACCESS_CODE.encode(),
                esm_class=EsmClass.UDHI,
                protocol_id=PID_DATA_DOWNLOAD,
                data_coding=DCS_OTA,
                short_message=octets,
            )
        )

    def _send(self, pdu: DeliverSm) -> None:
        self._lab.wire.spawn(self._offer(pdu))

    async def _offer(self, pdu: DeliverSm) -> None:
        await self._lab.wire.insert(pdu)
