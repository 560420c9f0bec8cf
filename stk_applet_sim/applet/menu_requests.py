"""The menu's line to the platform: requests that are sealed and sent, and those still under way (§8).

A request of the same kind for the same enterprise waits until the first one has its answer, or until the card has given
up on it (E106, E109); a power cycle lifts that.
"""

from __future__ import annotations

from typing import Final, Protocol, Unpack

from telecom_codecs.card.identities import Iccid
from telecom_codecs.cat import Advice, DisplayText, SendShortMessage, advice_for
from telecom_codecs.onecard.password import ServicePassword
from telecom_codecs.onecard.requests import CardRequest, Fields, Operation, Switch
from telecom_codecs.sms.address import TON_UNKNOWN, Address
from telecom_codecs.sms.dcs import DCS_OTA, PID_PLAIN
from telecom_codecs.sms.tpdu import SmsSubmit
from telecom_codecs.sms.udh import IEI_COMMAND_PACKET, Element, UserDataHeader

from ..uicc.toolkit import Flow, Toolkit, Wait
from .menu_asking import Asking, Ended, LeftDialogue, refused, tell_last
from .menu_files import MenuFiles
from .menu_memory import MenuMemory

PACKET_HEADER: Final = UserDataHeader((Element(IEI_COMMAND_PACKET, b""),)).encode()
PATIENCE: Final = 120  #: seconds; a request still open after one to two of these is given up
EVERYBODY: Final = 0  #: enterprise of a request that concerns none in particular


class RequestCard(Protocol):
    """What sending needs of the card."""

    @property
    def iccid(self) -> Iccid: ...
    @property
    def toolkit(self) -> Toolkit: ...

    def seal_mo(self, message: bytes, /) -> bytes:
        """A secured packet for the platform (TAR 594B80), from CPL on; takes the card's next MO counter."""


class NotSent(LeftDialogue):
    """The short message did not leave the phone; the member has been told."""


class StillOpen(LeftDialogue):
    """The same request is under way already; the member has been told."""


class Requests:
    """One card's requests. `access_code` is the number they go to."""

    def __init__(self, card: RequestCard, memory: MenuMemory, files: MenuFiles, access_code: str) -> None:
        self._card = card
        self._memory = memory
        self._files = files
        self._access_code = access_code
        self._open: dict[int, tuple[int, int]] = {}  # request number → operation, enterprise
        self._watching = False

    def query(self, operation: Operation, enterprise: int = EVERYBODY, **fields: Unpack[Fields]) -> Asking[None]:
        """Ask the platform something; the answer comes by itself."""
        yield from self.send(operation, enterprise, "asking", **fields)
        yield from self._leave(self._files.say("asking"), wait_for_user=False)

    def order(self, operation: Operation, enterprise: int = EVERYBODY, **fields: Unpack[Fields]) -> Asking[None]:
        """Ask the platform to change something."""
        yield from self.send(operation, enterprise, "submitting", **fields)
        yield from self._leave(self._files.say("submitted"), wait_for_user=True)

    def send(self, operation: Operation, enterprise: int, alpha: str, **fields: Unpack[Fields]) -> Asking[None]:
        """Send a request whose answer is awaited.

        Raises Ended when the member refuses, NotSent after telling of a failure, StillOpen after telling that the same
        is under way.
        """
        matter = (int(operation), enterprise)
        if matter in self._open.values():
            yield from tell_last(self._files.say("in_progress"), self._files.say("help"))
            raise StillOpen
        number = self._memory.next_request()
        self._memory.expect(number)
        response = yield self._short_message(operation, number, enterprise, self._files.say(alpha), **fields)
        if advice_for(response.result) is Advice.CONTINUE:
            self._open[number] = matter
            self._watch()
            return
        if refused(response):
            raise Ended
        yield from tell_last(self._files.say("not_sent"), self._files.say("help"))
        raise NotSent

    def _leave(self, text: str, *, wait_for_user: bool) -> Asking[None]:
        """A text that stays without holding the session, so that the card can answer the platform meanwhile.

        An ME without sustained texts holds the session until the text is gone.
        """
        profile = self._card.toolkit.profile
        sustained = profile is not None and profile.supports("display_text_sustained")
        yield DisplayText(text, wait_for_user=wait_for_user, immediate_response=sustained)

    def not_shown(self, serial: int) -> SendShortMessage:
        """Tells the platform, silently, that an answer never reached the screen: it sends the SMS."""
        return self._short_message(Operation.NOT_SHOWN, self._memory.next_request(), EVERYBODY, "", serial=serial)

    def replied(self, serial: int, yes: bool, password: ServicePassword | None) -> SendShortMessage:
        """The member's word on a question of the platform."""
        fields = Fields(switch=Switch(0, int(yes)), serial=serial)
        if password is not None:
            fields["password"] = password
        number = self._memory.next_request()
        self._memory.expect(number)
        return self._short_message(Operation.REPLY, number, EVERYBODY, self._files.say("submitting"), **fields)

    def _short_message(
        self, operation: Operation, number: int, enterprise: int, alpha: str, **fields: Unpack[Fields]
    ) -> SendShortMessage:
        """SEND SHORT MESSAGE with a sealed request: PID 00, DCS F6, one segment."""
        request = CardRequest(operation, number, self._card.iccid, enterprise, self._files.language, **fields)
        submit = SmsSubmit(
            destination=Address(self._access_code, ton=TON_UNKNOWN),
            pid=PID_PLAIN,
            dcs=DCS_OTA,
            user_data=PACKET_HEADER + self._card.seal_mo(request.encode()),
            udhi=True,
        )
        return SendShortMessage(submit.encode(), alpha=alpha)

    # requests under way

    def restarted(self) -> None:
        """The power was cycled: nothing is under way for us any more; a late answer is still shown."""
        self._open.clear()
        self._watching = False

    def closed(self, request: int) -> None:
        """The final answer to a request of ours has come."""
        self._open.pop(request, None)

    def _watch(self) -> None:
        if not self._watching:
            self._watching = True
            self._card.toolkit.queue(self._give_up_late_ones())

    def _give_up_late_ones(self) -> Flow:
        while self._open:
            waiting = set(self._open)
            yield Wait(PATIENCE)
            late = waiting & set(self._open)
            for number in late:
                del self._open[number]
            if late:
                # Not worth a second try: the answer itself is shown whenever it comes.
                yield DisplayText(self._files.say("no_result"), wait_for_user=True)
        self._watching = False
