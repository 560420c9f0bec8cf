"""A UICC: C-APDU in, R-APDU out, no I/O — ETSI TS 102 221, 3GPP TS 31.102 and 31.111, TS 51.011 for class A0.

Whatever the octets, the answer is a status word and the state is that before or after the command, never between:
each command is one transaction of the card's memory. Time does not exist here; chance comes in by `random`.

    >>> from telecom_codecs.crypto.pycryptodome import PycryptodomeProvider
    >>> from stk_applet_sim.uicc.profile import CardProfile
    >>> card = Uicc(CardProfile.named("plain"), provider=PycryptodomeProvider(), random=bytes)
    >>> card.process(bytes.fromhex("00A40004022FE2")).hex()
    '6120'
"""

from __future__ import annotations

from collections.abc import Callable

from telecom_codecs.card.apdu import CommandApdu
from telecom_codecs.card.identities import Iccid, Tar
from telecom_codecs.cat import (
    EventDownload,
    MenuSelection,
    SmsPpDownload,
    TerminalResponse,
    TimerExpiration,
    UnknownEnvelope,
    decode_envelope,
)
from telecom_codecs.crypto.secret_key import CryptoProvider
from telecom_codecs.errors import CodecError
from telecom_codecs.octets import Cursor
from telecom_codecs.onecard.names import TAR_PLATFORM
from telecom_codecs.sms.address import Address
from telecom_codecs.sms.tpdu import SmsDeliver

from ..applet.enterprise import EnterpriseApplication
from .access import Access, Condition, Rights
from .authentication import RAND_OCTETS, Authentication
from .contact_security import SECURE_BIT
from .file_session import FileSession
from .files import ElementaryFile
from .globalplatform import CardManager
from .key_store import KeyStore
from .logical_channel import LogicalChannel, in_2g_words
from .memory import AppletStorage, NonVolatile
from .packets import PacketReceiver, PacketReceivers
from .profile import ICCID_PATH, SMSP_PATH, CardProfile
from .remote_management import RemoteManagement
from .secured_channel import Downloaded, SecuredChannel
from .status import (
    CONDITIONS_NOT_SATISFIED,
    DONE,
    FUNCTION_UNSUPPORTED,
    LOGICAL_CHANNEL_UNSUPPORTED,
    NO_INFORMATION,
    OK,
    SECURE_MESSAGING_UNSUPPORTED,
    SECURITY_NOT_SATISFIED,
    TOOLKIT_BUSY,
    UNKNOWN_CLASS,
    UNKNOWN_INS,
    WRONG_DATA,
    WRONG_LENGTH,
    WRONG_P1_P2,
    Refused,
    Reply,
)
from .toolkit import SessionState, Toolkit
from .transmission import GET_RESPONSE, GSM_CLASS, SELECT

CHANNELS = 4
CHALLENGE_OCTETS = 8
#: Commands on files and PINs by class 0X; class A0 has all of them and STATUS.
FILE_INSTRUCTIONS = frozenset({0xB0, 0xD6, 0xB2, 0xDC, 0xA2, 0x20, 0x24, 0x26, 0x28, 0x2C})
STATUS, AUTHENTICATE = 0xF2, 0x88
DF_GSM = 0x7F20


class Uicc:
    """One card. `state` is an earlier :meth:`snapshot`; without it the card is as the profile bore it."""

    def __init__(
        self,
        profile: CardProfile,
        *,
        provider: CryptoProvider,
        random: Callable[[int], bytes],
        state: bytes | None = None,
    ) -> None:
        delta = NonVolatile.delta_of(state) if state is not None else {}
        self.profile = profile
        self.memory = NonVolatile(*profile.images(), delta=delta)
        self.toolkit = Toolkit()
        self.storage = AppletStorage(self.memory, "menu")
        """The menu applet's persistent dictionary."""
        self._provider = provider
        self._random = random
        self._applications: dict[int, EnterpriseApplication] = {}
        self._access = Access(self.memory)
        self.keys = KeyStore(profile.keys, self.memory)
        """The key sets as they are now; the profile's are those of birth."""
        self._manager = CardManager(
            profile, self.memory, provider, self.keys, self._installed, random=random, iccid=lambda: self.iccid
        )
        remote = RemoteManagement(profile, self.memory, self._manager, self._installed, self.toolkit.refresh)
        self._receivers = PacketReceivers(remote.registration)
        key = profile.subscriber_key
        self._authentication = None if key is None else Authentication(key, self.memory, provider)
        self._channel = SecuredChannel(
            profile,
            self.memory,
            provider,
            self._receivers,
            self.toolkit,
            keys=self.keys,
            random=random,
            service_centre=self._service_centre,
        )
        self._channels = {0: self._new_channel()}

    # the world outside

    def process(self, c_apdu: bytes) -> bytes:
        """One command; the answer ends with SW1 SW2. T=0: 61xx or 9Fxx and GET RESPONSE, 6Cxx, 91xx and FETCH."""
        try:
            apdu = CommandApdu.decode(c_apdu)
        except CodecError:
            return WRONG_LENGTH.to_bytes(2, "big")
        try:
            with self.memory.transaction():
                reply = self._perform(apdu)
                if reply.sw == OK:
                    reply = self._announcing(reply)
        except Refused as refusal:
            reply = Reply(sw=refusal.sw)
        except CodecError:
            reply = Reply(sw=WRONG_DATA)
        sw = in_2g_words(reply.sw) if apdu.cla == GSM_CLASS else reply.sw
        return reply.response + sw.to_bytes(2, "big")

    def download(self, message: SmsDeliver) -> Downloaded:
        """A short message of the network for a card without an ME: what ENVELOPE (SMS-PP DOWNLOAD) would do.

        A PoR that is to go in an SMS-SUBMIT is in the result; with an ME it is a SEND SHORT MESSAGE. CodecError and
        Refused as the status words 6A80 and others would say.
        """
        with self.memory.transaction():
            return self._channel.download(message)

    def reset(self) -> bytes:
        """Power off and on: everything volatile is gone. The ATR."""
        self.memory.roll_back()
        self._access.reset()
        self.toolkit.reset()
        self._channel.reset()
        for application in self._applications.values():
            application.tap_in_progress = False
        self._channels = {0: self._new_channel()}
        return self.profile.atr

    def snapshot(self) -> bytes:
        """The persistent state, for `state` of another :class:`Uicc` of the same profile."""
        return self.memory.snapshot()

    # applets

    @property
    def iccid(self) -> Iccid:
        return Iccid.from_octets(self._content(ICCID_PATH))

    def enterprise_applications(self) -> tuple[EnterpriseApplication, ...]:
        """The applications on the card by slot, the ones not yet personalised included."""
        return self._manager.installed()

    def application_of(self, enterprise: int) -> EnterpriseApplication | None:
        """The application of an enterprise: what a terminal of that enterprise finds on the card."""
        return next((found for found in self._manager.installed() if found.enterprise == enterprise), None)

    def register_receiver(self, tar: Tar, minimum_security: int | None, receiver: PacketReceiver) -> None:
        """Give command packets for `tar` to an applet. `minimum_security` None: what the profile says."""
        level = self.profile.security_of(tar) if minimum_security is None else minimum_security
        self._receivers.register(tar, level, receiver)

    def seal_mo(self, message: bytes) -> bytes:
        """The command packet (from CPL on) of a request to the platform; LocalError above 98 octets."""
        return self._channel.seal_request(TAR_PLATFORM, message)

    def counter(self, index: int) -> int:
        """The OTA counter of a key set: the last accepted (MT) or used (MO)."""
        return self._channel.counter(index)

    def file(self, *path: int) -> bytes:
        """The content of an EF by its path below the MF, for applets on the card. LookupError when there is none."""
        return self._content(path)

    def write_file(self, octets: bytes, *path: int) -> None:
        """Write the beginning of a transparent EF, for applets on the card. LookupError when there is none."""
        content = self._content(path)
        node = self.profile.tree.at(*path)
        assert isinstance(node, ElementaryFile)
        self.memory.write(node.key, octets[: len(content)] + content[len(octets) :])

    # commands

    def _perform(self, apdu: CommandApdu) -> Reply:
        if len(apdu.data) > 255 or (apdu.le or 0) > 256:
            raise Refused(WRONG_LENGTH)
        channel = self._channel_of(apdu.cla)
        if apdu.ins == GET_RESPONSE:
            return channel.transmission.get_response(apdu)
        return channel.transmission.send(apdu, self._execute(channel, apdu))

    def _channel_of(self, cla: int) -> LogicalChannel:
        if cla == GSM_CLASS:
            return self._channels[0]
        if cla & 0xF0 not in (0x00, 0x80):
            raise Refused(UNKNOWN_CLASS)
        if cla & 0x0C and cla & 0x8C != 0x80 | SECURE_BIT:
            raise Refused(SECURE_MESSAGING_UNSUPPORTED)
        channel = self._channels.get(cla & 0x03)
        if channel is None:
            raise Refused(LOGICAL_CHANNEL_UNSUPPORTED)
        return channel

    def _execute(self, channel: LogicalChannel, apdu: CommandApdu) -> Reply:
        two_g = apdu.cla == GSM_CLASS
        interindustry = apdu.cla < 0x80
        if apdu.cla & SECURE_BIT:
            return channel.command_application(apdu)
        if apdu.ins == SELECT and (two_g or interindustry):
            return channel.select(apdu)
        if apdu.ins in FILE_INSTRUCTIONS and (two_g or interindustry):
            return channel.files.execute(apdu)
        if apdu.ins == STATUS and not interindustry and (two_g or apdu.p1 <= 0x02):
            self.toolkit.status_polled()
            return channel.files.status(apdu)
        if apdu.ins == AUTHENTICATE and (two_g or interindustry):
            return self._authenticate(channel, apdu)
        if apdu.ins == 0xCA and not two_g:
            return self._manager.get_data(apdu)
        command = (_INTERINDUSTRY if interindustry else _TOOLKIT).get(apdu.ins)
        return channel.command_application(apdu) if command is None else command(self, apdu)

    def _announcing(self, reply: Reply) -> Reply:
        """9000 becomes 91xx while a proactive command waits (TS 102 221 §7.4.2)."""
        pending = self.toolkit.pending()
        return reply if pending is None else Reply(reply.response, 0x9100 | len(pending) & 0xFF)

    def _manage_channel(self, apdu: CommandApdu) -> Reply:
        """MANAGE CHANNEL: open (P1 00) one the card or the ME chooses, close (P1 80)."""
        if apdu.p1 == 0x80:
            if apdu.p2 not in self._channels or not apdu.p2:
                raise Refused(WRONG_P1_P2)
            del self._channels[apdu.p2]
            return DONE
        if apdu.p1:
            raise Refused(WRONG_P1_P2)
        number = apdu.p2 or next((n for n in range(1, CHANNELS) if n not in self._channels), 0)
        if not 1 <= number < CHANNELS or number in self._channels:
            raise Refused(WRONG_P1_P2 if number else FUNCTION_UNSUPPORTED)
        if not apdu.p2 and apdu.le != 1:
            return Reply(sw=0x6C01)
        self._channels[number] = self._new_channel()
        return Reply(b"" if apdu.p2 else bytes([number]))

    def _authenticate(self, channel: LogicalChannel, apdu: CommandApdu) -> Reply:
        """AUTHENTICATE (TS 31.102 §7.1.2) in the USIM; for class A0 RUN GSM ALGORITHM (TS 51.011 §9.2.16) in DF.GSM."""
        if self._authentication is None:
            raise Refused(UNKNOWN_INS)
        place = channel.files.directory
        two_g = apdu.cla == GSM_CLASS
        if place.fid != DF_GSM if two_g else place.application is None:
            raise Refused(CONDITIONS_NOT_SATISFIED)
        if not self._access.grants(Condition.PIN):
            raise Refused(SECURITY_NOT_SATISFIED)
        if apdu.p1:
            raise Refused(WRONG_P1_P2)
        if not two_g:
            return Reply(self._authentication.authenticate(apdu.p2, apdu.data))
        if len(apdu.data) != RAND_OCTETS:
            raise Refused(WRONG_LENGTH)
        return Reply(b"".join(self._authentication.gsm(apdu.data)))

    def _get_challenge(self, apdu: CommandApdu) -> Reply:
        wanted = CHALLENGE_OCTETS if apdu.le in (None, 256) else apdu.le or CHALLENGE_OCTETS
        return Reply(self._random(wanted))

    def _terminal_profile(self, apdu: CommandApdu) -> Reply:
        self.toolkit.terminal_profile(apdu.data)
        return DONE

    def _terminal_capability(self, apdu: CommandApdu) -> Reply:
        return DONE

    def _fetch(self, apdu: CommandApdu) -> Reply:
        octets = self.toolkit.fetch()
        if not octets:
            raise Refused(NO_INFORMATION)
        return Reply(octets)

    def _terminal_response(self, apdu: CommandApdu) -> Reply:
        awaited = self.toolkit.state is SessionState.FETCHED
        # Garbage ends the command too: what its flow then wrote stays, so this is no refusal. An ME that answers
        # under another number has answered: refusing would only make it say so again.
        if self.toolkit.terminal_response(apdu.data) or (awaited and _is_terminal_response(apdu.data)):
            return DONE
        return Reply(sw=WRONG_DATA)

    def _envelope(self, apdu: CommandApdu) -> Reply:
        match decode_envelope(apdu.data):
            case SmsPpDownload(tpdu=tpdu):
                return Reply(self._channel.receive(SmsDeliver.decode(tpdu)))
            case MenuSelection(item=item, help=wants_help):
                if self.toolkit.busy:
                    raise Refused(TOOLKIT_BUSY)
                return DONE if self.toolkit.menu_selection(item, wants_help) else Reply(sw=WRONG_DATA)
            case TimerExpiration(timer=timer):
                self.toolkit.timer_expiration(timer)
                return DONE
            case EventDownload(events=events):
                self.toolkit.event_download(events)
                return DONE
            case UnknownEnvelope():
                raise Refused(WRONG_DATA)
        return DONE

    # inside

    def _installed(self, slot: int) -> EnterpriseApplication | None:
        if not EnterpriseApplication.is_installed(self.memory, slot):
            return None
        if slot not in self._applications:
            self._applications[slot] = EnterpriseApplication(self.memory, slot, self.iccid, self._provider)
        return self._applications[slot]

    def _new_channel(self) -> LogicalChannel:
        files = FileSession(self.profile.tree, self.memory, self._access, Rights(self._access))
        return LogicalChannel(files, self._manager)

    def _content(self, path: tuple[int, ...]) -> bytes:
        node = self.profile.tree.at(*path)
        if not isinstance(node, ElementaryFile):
            raise LookupError("/".join(f"{fid:04X}" for fid in path))
        return node.content(self.memory)

    def _service_centre(self) -> Address | None:
        """The TS-service centre address of the first EF.SMSP record."""
        record = self._content(SMSP_PATH)
        node = self.profile.tree.at(*SMSP_PATH)
        length = node.record_length if isinstance(node, ElementaryFile) else len(record)
        try:
            return Address.decode_rp(Cursor(record[length - 15 : length - 3]))
        except CodecError:
            return None


def _is_terminal_response(octets: bytes) -> bool:
    try:
        TerminalResponse.decode(octets)
    except CodecError:
        return False
    return True


_INTERINDUSTRY: dict[int, Callable[[Uicc, CommandApdu], Reply]] = {
    0x70: Uicc._manage_channel,
    0x84: Uicc._get_challenge,
}
_TOOLKIT: dict[int, Callable[[Uicc, CommandApdu], Reply]] = {
    0x10: Uicc._terminal_profile,
    0x12: Uicc._fetch,
    0x14: Uicc._terminal_response,
    0xAA: Uicc._terminal_capability,
    0xC2: Uicc._envelope,
}
