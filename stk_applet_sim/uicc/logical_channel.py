"""One logical channel between ME and card: its file session, the application selected on it, an answer that waits.

ETSI TS 102 221 §8.5.1 (channels), §11.1.1 (SELECT by AID).
"""

from __future__ import annotations

from dataclasses import replace

from telecom_codecs.card.apdu import CommandApdu
from telecom_codecs.onecard.names import CARD_MANAGER_AID
from telecom_codecs.tlv import BerTlv

from ..applet.enterprise import EnterpriseApplication
from .contact_security import SECURE_BIT
from .file_session import FileSession
from .globalplatform import CardManager, ManagerSession
from .status import SECURE_MESSAGING_UNSUPPORTED, UNKNOWN_CLASS, UNKNOWN_INS, Refused, Reply
from .transmission import GSM_CLASS, Transmission

BY_NAME = 0x04
NEXT = 0x02  #: P2 bits 1-2: the next occurrence, TS 102 221 table 11.2
#: Tools that know no card in particular ask for the card manager by this name too.
ISD_ALIAS = bytes.fromhex("A000000003000000")

Application = EnterpriseApplication | ManagerSession

#: 2G terminals know other words for the same refusals, TS 51.011 §9.4.
_2G_WORDS = {
    0x6A82: 0x9404,
    0x6A83: 0x9402,
    0x6981: 0x9408,
    0x6986: 0x9400,
    0x6982: 0x9804,
    0x6983: 0x9840,
    0x6984: 0x9808,
    0x6A88: 0x9802,
    0x63C0: 0x9840,
}


class LogicalChannel:
    """What is selected on a channel, and what GET RESPONSE would bring."""

    __slots__ = ("_manager", "_name", "application", "files", "transmission")

    def __init__(self, files: FileSession, manager: CardManager) -> None:
        self._manager = manager
        self.files = files
        self.application: Application | None = None
        self._name = b""
        self.transmission = Transmission()

    def select(self, apdu: CommandApdu) -> Reply:
        """SELECT: by AID an application of the registry, else a file."""
        if apdu.p1 != BY_NAME or apdu.cla == GSM_CLASS:
            reply = self.files.select(apdu)
            if apdu.p1 == BY_NAME:
                self.application, self._name = None, b""
            return reply
        found = self._named(apdu.data, following=apdu.p2 & 0x03 == NEXT)
        if found is None:
            reply = self.files.select(apdu)
            self.application, self._name = None, b""
            return reply
        name, self.application = found
        self._name = name
        return Reply(BerTlv.of(0x6F, BerTlv(0x84, name), BerTlv(0xA5, b"")).encode())

    def _named(self, aid: bytes, *, following: bool) -> tuple[bytes, Application | None] | None:
        """The application whose AID begins with `aid`; `following` takes the next behind the selected one."""
        if not aid or (len(aid) >= 5 and ISD_ALIAS.startswith(aid)):
            return CARD_MANAGER_AID.octets, self._manager.session(None)
        if len(aid) < 5:
            return None
        after = self._name if following else b""
        names = (name for name in self._manager.selectable() if name.startswith(aid) and name > after)
        name = min(names, default=None)
        if name is None:
            return None
        if name == CARD_MANAGER_AID.octets:
            return name, self._manager.session(None)
        return name, self._manager.by_aid(name)

    def command_application(self, apdu: CommandApdu) -> Reply:
        """A command that is none of the UICC's own: for the application selected here."""
        match self.application:
            case ManagerSession() as session:
                return session.execute(apdu)
            case _ if apdu.cla & SECURE_BIT:
                raise Refused(SECURE_MESSAGING_UNSUPPORTED)
            case EnterpriseApplication() as application:
                return application.execute(replace(apdu, cla=apdu.cla & 0xFC), authentic=False)
        raise Refused(UNKNOWN_INS if apdu.cla >> 4 in (0x0, 0x8, 0xA) else UNKNOWN_CLASS)


def in_2g_words(sw: int) -> int:
    """The status word as a terminal of class A0 expects it."""
    if sw & 0xFFF0 == 0x63C0 and sw & 0xF:
        return 0x9804
    return _2G_WORDS.get(sw, sw)
