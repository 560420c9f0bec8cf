"""The card's OTA channel: SMS-PP messages in, proofs of receipt out (docs/wire/card-application.md §3).

ETSI TS 102 225, 3GPP TS 31.115. The checks stand in the order of §3: nothing that only a key holder may know leaves
the card for a packet that was not authentic. The counter is durable before the command runs.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass

from telecom_codecs.card.identities import Tar
from telecom_codecs.cat import SendShortMessage, TerminalResponse
from telecom_codecs.crypto.secret_key import CryptoProvider
from telecom_codecs.errors import BadValue, CheckFailed, CodecError, LocalError
from telecom_codecs.onecard.requests import FAULT_LENGTH, LENGTH
from telecom_codecs.ota.packet_security import open_command, seal_command, seal_response
from telecom_codecs.ota.secured_packet import (
    COUNTER_MAX,
    CheckAlgorithm,
    CipherAlgorithm,
    CommandHeader,
    CommandPacket,
    CounterCheck,
    KeyReference,
    PacketCheck,
    PorRequest,
    PorStatus,
    ResponsePacket,
    Spi,
)
from telecom_codecs.sms.address import TON_ALPHANUMERIC, Address
from telecom_codecs.sms.concat import Reassembly, split_packet
from telecom_codecs.sms.dcs import DCS_OTA
from telecom_codecs.sms.tpdu import SmsDeliver, SmsSubmit
from telecom_codecs.sms.udh import IEI_COMMAND_PACKET, IEI_RESPONSE_PACKET

from .key_store import KeyStore
from .memory import NonVolatile
from .packets import PacketContext, PacketReceivers
from .profile import MO_KEY_SET, CardProfile, KeyEntry, KeyKind
from .toolkit import HIGH, Flow, Step, Toolkit, Wait

REPORT_OCTETS = 128  #: what an ENVELOPE may answer for a DELIVER-REPORT, TS 31.111 §7.1.1.2
INCOMPLETE_MESSAGES = 4
MESSAGE_OCTETS = 4096  #: the longest command packet the card has room to execute
MO_SPI = Spi(CounterCheck.HIGHER, True, PacketCheck.CC)
MO_LENGTHS = (LENGTH, FAULT_LENGTH)  #: the data of a request are filled up to one of these
SEND_ATTEMPTS, SECONDS_BETWEEN = 3, 30
_WEAK = {CipherAlgorithm.DES_CBC, CipherAlgorithm.DES_ECB, CheckAlgorithm.DES_MAC8}
_AES = {CipherAlgorithm.AES_CBC, CheckAlgorithm.AES_CMAC}


class _Unacceptable(Exception):
    """The packet is answered with an error status and not executed."""

    def __init__(self, status: PorStatus) -> None:
        super().__init__(status.name)
        self.status = status


@dataclass(frozen=True, slots=True)
class _Opened:
    """A packet whose check was good; `authentic` if that was a cryptographic one."""

    packet: CommandPacket
    entry: KeyEntry | None
    authentic: bool
    mac_length: int


@dataclass(frozen=True, slots=True)
class Downloaded:
    """What a card made of a short message: user data for its DELIVER-REPORT, and what it sends of its own."""

    report: bytes
    submits: tuple[SmsSubmit, ...]


class SecuredChannel:
    """Takes SMS-PP messages for a card and answers for it."""

    def __init__(
        self,
        profile: CardProfile,
        memory: NonVolatile,
        provider: CryptoProvider,
        receivers: PacketReceivers,
        toolkit: Toolkit,
        *,
        keys: KeyStore,
        random: Callable[[int], bytes],
        service_centre: Callable[[], Address | None],
    ) -> None:
        self._profile = profile
        self._memory = memory
        self._provider = provider
        self._receivers = receivers
        self._toolkit = toolkit
        self._keys = keys
        self._random = random
        self._service_centre = service_centre
        self._submits: list[SmsSubmit] | None = None
        self.reset()

    def reset(self) -> None:
        """Power was cut: incomplete messages are forgotten."""
        self._reassembly = Reassembly(limit_sets=INCOMPLETE_MESSAGES, limit_octets=20_000)

    def counter(self, index: int) -> int:
        """The highest counter seen (MT) or used (MO) with a key set."""
        return int.from_bytes(self._memory.read(_counter_name(index)), "big")

    def receive(self, message: SmsDeliver) -> bytes:
        """One SMS-PP message; the user data for its DELIVER-REPORT, empty for none."""
        # The card has no clock: sets leave by number, never by age.
        joined = self._reassembly.add(message.originating, message.header, message.body, 0.0)
        if joined is None or joined.header_of_first.find(IEI_COMMAND_PACKET) is None:
            return b""
        try:
            header = CommandHeader.peek(joined.body)
        except CodecError:
            return b""
        return self._answer(header, joined.body, message.originating)

    def download(self, message: SmsDeliver) -> Downloaded:
        """The same for a card that no ME serves: PoRs in an SMS-SUBMIT are handed back, the toolkit is not asked."""
        submits: list[SmsSubmit] = []
        self._submits = submits
        try:
            report = self.receive(message)
        finally:
            self._submits = None
        return Downloaded(report, tuple(submits))

    def seal_request(self, tar: Tar, message: bytes) -> bytes:
        """The command packet of a request to the platform, filled up so that its length tells nothing.

        The counter is stored with the rest of the APDU in hand, before the packet can leave. LocalError when the
        message is too long or the MO counter is used up.
        """
        length = next((length for length in MO_LENGTHS if len(message) <= length), None)
        if length is None:
            raise LocalError(f"a request of {len(message)} octets: {MO_LENGTHS[-1]} fit one segment")
        entry = self._keys.get(MO_KEY_SET)
        if entry is None:
            raise LocalError("the card has no MO key set")
        counter = self.counter(MO_KEY_SET) + 1
        key = KeyReference(MO_KEY_SET, _algorithm_of(entry)).encode()
        packet = CommandPacket(MO_SPI, key, key, tar, counter, message.ljust(length, b"\x00"))
        octets = seal_command(packet, entry.keys, self._provider)
        self._memory.write(_counter_name(MO_KEY_SET), counter.to_bytes(5, "big"))
        return octets

    # one packet

    def _answer(self, header: CommandHeader, octets: bytes, originator: Address) -> bytes:
        opened: _Opened | None = None
        registration = self._receivers.find(header.tar)
        try:
            if registration is None:
                raise _Unacceptable(PorStatus.TAR_UNKNOWN)
            self._require_level(header.spi, registration.minimum_security)
            opened = self._open(header, octets)
            self._admit_counter(opened)
            if len(octets) > MESSAGE_OCTETS:
                raise _Unacceptable(PorStatus.INSUFFICIENT_MEMORY)
        except _Unacceptable as error:
            return self._report(header, opened, error.status, b"", originator)
        packet = opened.packet
        context = PacketContext(packet.tar, packet.counter, originator, opened.authentic, opened.entry)
        answer = registration.receiver(packet.data, context)
        return self._report(header, opened, PorStatus.OK, answer, originator)

    def _require_level(self, spi: Spi, minimum: int) -> None:
        """The SPI must promise at least what the TAR demands (TS 102 225 annex A's MSL, coded as SPI octet 1)."""
        wanted = Spi.decode(bytes((minimum, 0)))
        counter_ok = wanted.counter < CounterCheck.HIGHER or spi.counter >= CounterCheck.HIGHER
        if spi.check < wanted.check or (wanted.ciphered and not spi.ciphered) or not counter_ok:
            raise _Unacceptable(PorStatus.INSUFFICIENT_SECURITY_LEVEL)

    def _open(self, header: CommandHeader, octets: bytes) -> _Opened:
        entry = self._key_entry(header)
        block = 16 if entry is not None and entry.kind is KeyKind.AES else 8
        if header.spi.ciphered and len(header.secured) % block:
            raise _Unacceptable(PorStatus.CIPHERING_ERROR)
        weak = self._profile.weak_algorithms
        try:
            opened = open_command(octets, entry.keys if entry else None, self._provider, weak_algorithms=weak)
        except CheckFailed:
            raise _Unacceptable(PorStatus.CHECK_FAILED) from None
        except CodecError:
            raise _Unacceptable(PorStatus.SECURITY_ERROR) from None
        authentic = header.spi.check is PacketCheck.CC
        mac_length = opened.check_length if authentic and opened.check_length in (4, 8) else 8
        found = _Opened(opened.packet, entry, authentic, mac_length)
        self._require_answerable(found)
        return found

    def _key_entry(self, header: CommandHeader) -> KeyEntry | None:
        """The key set that KIc and KID name, of the kind they say; None when the SPI needs none."""
        references: list[tuple[int, object]] = []
        try:
            if header.spi.ciphered:
                kic = KeyReference.decode(header.kic)
                references.append((kic.index, kic.cipher))
            if header.spi.check is PacketCheck.CC:
                kid = KeyReference.decode(header.kid)
                references.append((kid.index, kid.check(PacketCheck.CC)))
        except BadValue:
            raise _Unacceptable(PorStatus.SECURITY_ERROR) from None
        if not references:
            return None
        if not self._profile.weak_algorithms and any(algorithm in _WEAK for _, algorithm in references):
            raise _Unacceptable(PorStatus.INSUFFICIENT_SECURITY_LEVEL)
        entry = self._keys.get(references[0][0])
        if entry is None or len({index for index, _ in references}) != 1:
            raise _Unacceptable(PorStatus.SECURITY_ERROR)
        if any((algorithm in _AES) is not (entry.kind is KeyKind.AES) for _, algorithm in references):
            raise _Unacceptable(PorStatus.SECURITY_ERROR)
        return entry

    def _require_answerable(self, opened: _Opened) -> None:
        """A command whose PoR we could not secure as asked is not executed."""
        spi = opened.packet.spi
        same_algorithms = spi.por_check in (PacketCheck.NONE, PacketCheck.CC) and spi.ciphered >= spi.por_ciphered
        if not opened.authentic or spi.por is PorRequest.NONE or same_algorithms:
            return
        try:
            self._sealed(opened, PorStatus.OK, b"")
        except LocalError:
            raise _Unacceptable(PorStatus.SECURITY_ERROR) from None

    def _admit_counter(self, opened: _Opened) -> None:
        """Compare CNTR with the key set's, and make it durable before anything else happens."""
        packet, mode = opened.packet, opened.packet.spi.counter
        if mode < CounterCheck.HIGHER:
            return
        index = opened.entry.index if opened.entry else KeyReference.decode(packet.kid).index
        stored = self.counter(index)
        if stored >= COUNTER_MAX:
            raise _Unacceptable(PorStatus.COUNTER_BLOCKED)
        if packet.counter <= stored:
            raise _Unacceptable(PorStatus.COUNTER_LOW)
        if mode is CounterCheck.ONE_HIGHER and packet.counter != stored + 1:
            raise _Unacceptable(PorStatus.COUNTER_HIGH)
        if opened.authentic:
            self._memory.write(_counter_name(index), packet.counter.to_bytes(5, "big"))
            self._memory.commit()

    # proofs of receipt

    def _report(
        self, header: CommandHeader, opened: _Opened | None, status: PorStatus, answer: bytes, originator: Address
    ) -> bytes:
        """Send the PoR the way SPI2 asks; what the ENVELOPE answers."""
        spi = header.spi
        if spi.por is PorRequest.NONE or spi.por is PorRequest.RFU:
            return b""
        if spi.por is PorRequest.ON_ERROR and status is PorStatus.OK:
            return b""
        packet = self._unsecured(header, status) if opened is None else self._sealed(opened, status, answer)
        if spi.por_in_submit:
            self._send(packet, originator)
            return b""
        report = split_packet(packet, iei=IEI_RESPONSE_PACKET, reference=0)
        if opened is not None and (len(report) > 1 or len(report[0]) > REPORT_OCTETS):
            self._send(packet, originator)
            report = split_packet(
                self._sealed(opened, PorStatus.RESPONSE_IN_SUBMIT, b""), iei=IEI_RESPONSE_PACKET, reference=0
            )
        return report[0]

    def _unsecured(self, header: CommandHeader, status: PorStatus) -> bytes:
        """For packets nobody has vouched for: no check, no ciphering, no data, and no counter that was ciphered."""
        counter = 0 if header.spi.ciphered else int.from_bytes(header.secured[:5], "big")
        response = ResponsePacket(header.tar, counter, status)
        return seal_response(response, header.spi, header.kic, header.kid, None, self._provider, secured=False)

    def _sealed(self, opened: _Opened, status: PorStatus, answer: bytes) -> bytes:
        packet = opened.packet
        # A deciphered counter is told to those only who proved to hold the key.
        counter = packet.counter if opened.authentic or not packet.spi.ciphered else 0
        return seal_response(
            ResponsePacket(packet.tar, counter, status, answer),
            packet.spi,
            packet.kic,
            packet.kid,
            opened.entry.keys if opened.entry and opened.authentic else None,
            self._provider,
            secured=opened.authentic,
            mac_length=opened.mac_length,
            weak_algorithms=self._profile.weak_algorithms,
        )

    def _send(self, packet: bytes, originator: Address) -> None:
        """Queue the PoR as SMS-SUBMIT to whoever sent the command, or to the service centre if that has no number."""
        destination: Address | None = originator
        if not originator.digits or originator.ton == TON_ALPHANUMERIC:
            destination = self._service_centre()
        if destination is None:
            return
        segments = split_packet(packet, iei=IEI_RESPONSE_PACKET, reference=self._random(1)[0])
        submits = [SmsSubmit(destination, 0x00, DCS_OTA, segment, udhi=True) for segment in segments]
        if self._submits is None:
            self._toolkit.queue(_submit(submits), priority=HIGH)
        else:
            self._submits += submits


def _submit(submits: list[SmsSubmit]) -> Flow:
    for submit in submits:
        yield from _send_until_taken(submit.encode())


def _send_until_taken(tpdu: bytes) -> Generator[Step, TerminalResponse, None]:
    """SEND SHORT MESSAGE, again after a pause when the network or the ME was not ready."""
    for attempt in range(SEND_ATTEMPTS):
        response = yield SendShortMessage(tpdu, alpha="")
        if response.result < 0x20 or response.result >= 0x30:
            return
        if attempt + 1 < SEND_ATTEMPTS:
            yield Wait(SECONDS_BETWEEN)


def _algorithm_of(entry: KeyEntry) -> int:
    if entry.kind is KeyKind.AES:
        return CipherAlgorithm.AES_CBC
    return CipherAlgorithm.DES3_3 if entry.keys.check.length == 24 else CipherAlgorithm.DES3_2


def _counter_name(index: int) -> str:
    return f"key/{index}/counter"
