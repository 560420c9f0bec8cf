"""The menu applet (TAR 594B54): the member's side of the one-card service on the card.

It announces the menu, runs the dialogues (menu_flows.py), takes the platform's answers and shows each exactly once:
as a high-priority text the member has to dismiss, or, when the screen stayed busy three times, by telling the platform
to send the SMS. A question of the platform is put the same way and its reply sent. What is not yet shown survives a
power cycle. A menu written into the card's files is announced as soon as the session is idle.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, MutableMapping
from typing import Any, Final, Protocol

from telecom_codecs.card.identities import Tar
from telecom_codecs.cat import Advice, DisplayText, TerminalResponse, advice_for
from telecom_codecs.errors import RemoteError
from telecom_codecs.onecard.answers import QUESTIONS, AnswerKind, MenuAnswer, QueueStatus
from telecom_codecs.onecard.names import TAR_MENU

from ..uicc.toolkit import Flow, Wait
from .menu_asking import (
    RETRY_AFTER,
    TRIES,
    Asking,
    Ended,
    LeftDialogue,
    WentBack,
    ask_password,
    shortened,
    until_free,
)
from .menu_desk import MenuDesk
from .menu_files import MenuFiles
from .menu_flows import MenuCard, MenuFlows, Outcome
from .menu_memory import REMEMBERED_ANSWERS, MenuMemory
from .menu_tree import ROOT, MenuTree

UNASKED: Final = 0  #: request number of a notice that no request of ours asked for

Receiver = Callable[[bytes, object], bytes]


class ToolkitCard(MenuCard, Protocol):
    """A card that also hands over the packets of a TAR."""

    def register_receiver(self, tar: Tar, minimum_security: int | None, receiver: Receiver) -> None:
        """`receiver(octets, context)` answers the data of every packet for `tar` that passed the channel's checks."""


class MenuApplet:
    """One card's menu applet; `area` is its persistent dictionary, `access_code` the number that its requests go to.

    `announced` False keeps the card silent until it is asked. `minimum_security` None leaves it to the card's profile.
    """

    def __init__(
        self,
        card: ToolkitCard,
        area: MutableMapping[str, Any],
        tree: MenuTree,
        *,
        access_code: str,
        minimum_security: int | None = None,
        announced: bool = True,
    ) -> None:
        self.memory = MenuMemory(area)
        self.files = MenuFiles(card, area, tree)
        #: the last dialogues by entry and how they ended, for tests and the console
        self.outcomes: deque[tuple[int, Outcome]] = deque(maxlen=16)
        self.desk = MenuDesk(card, self.memory, self.files, access_code, language_changed=self._register_menu)
        self.flows = MenuFlows(self.desk, observe=lambda entry, outcome: self.outcomes.append((entry, outcome)))
        self._toolkit = card.toolkit
        self._announced = announced
        self._presenting = False
        card.register_receiver(TAR_MENU, minimum_security, self.receive)
        self._toolkit.register_starter(self._start)
        self._toolkit.register_watcher(self._look_at_files)
        self._register_menu()

    def receive(self, octets: bytes, _context: object = None) -> bytes:
        """The data of a packet from the platform; returns the response data: one status octet."""
        try:
            answer = MenuAnswer.decode(octets)
        except RemoteError:
            return bytes((QueueStatus.UNKNOWN_REQUEST,))
        return bytes((self._take(answer),))

    def _register_menu(self) -> None:
        title = self.files.tree.title.say(self.files.language)
        items = [(item.id, item.text) for item in self.desk.items(ROOT)]
        self._toolkit.register_menu(title, items, self.flows.selected, announced=self._announced)

    def _start(self) -> None:
        """The ME is there (again): what was not shown is due."""
        self._presenting = False
        self.desk.requests.restarted()
        if self.files.restarted():
            self._register_menu()
        self._present_later()

    def _look_at_files(self) -> None:
        if self.files.look():
            self._register_menu()

    def _take(self, answer: MenuAnswer) -> QueueStatus:
        if answer.number == UNASKED:
            return self._keep(answer)
        asked = self.memory.find(answer.number)
        if asked is None:
            return QueueStatus.UNKNOWN_REQUEST
        if asked.answered_by is not None:
            # The same notice once more (a resent packet) is fine and not shown twice; another one comes too late.
            return QueueStatus.QUEUED if asked.answered_by == answer.serial else QueueStatus.UNKNOWN_REQUEST
        if answer.kind in (AnswerKind.FINAL, AnswerKind.SILENT):
            self.memory.answered(answer.number, answer.serial)
            self.desk.requests.closed(answer.number)
        return self._keep(answer)

    def _keep(self, answer: MenuAnswer) -> QueueStatus:
        """Put an answer among those to show; it takes the place of older ones to the same request."""
        before = self.memory.answers
        others = tuple(one for one in before if not _is_same_matter(one, answer))
        kept = others if answer.kind == AnswerKind.SILENT else (*others, answer)
        crowded_out = kept[:-REMEMBERED_ANSWERS]
        for old in crowded_out:
            self._toolkit.queue(self._give_up(old))
        self.memory.keep_answers(kept[-REMEMBERED_ANSWERS:])
        self._present_later()
        return QueueStatus.REPLACED if crowded_out or len(others) < len(before) else QueueStatus.QUEUED

    def _present_later(self) -> None:
        if self.memory.answers and not self._presenting:
            self._presenting = True
            # Behind the proof of receipt of the packet that brought it: a text on the screen holds the session.
            self._toolkit.queue(self._present())

    def _present(self) -> Flow:
        while waiting := self.memory.answers:
            answer = waiting[0]
            shown = yield from (self._put(answer) if answer.kind in QUESTIONS else self._show(answer))
            if not shown and not (yield from self._report(answer)):
                break  # neither shown nor reported: it stays due, and is tried after the next power-on or answer
            self.memory.keep_answers(tuple(one for one in self.memory.answers if one != answer))
        self._presenting = False

    def _show(self, answer: MenuAnswer) -> Asking[bool]:
        """Whether the member saw the text: busy screens and silence are tried again, then given up."""
        command = DisplayText(answer.text, high_priority=True, wait_for_user=True)
        for attempt in range(1, TRIES + 1):
            response = yield command
            advice = advice_for(response.result)
            if advice is Advice.DEGRADE and attempt == 1 and (shorter := shortened(command)) != command:
                response = yield shorter  # a text too long for the ME: what it says first is what matters
                advice = advice_for(response.result)
            if advice in (Advice.RETRY_LATER, Advice.ABANDON):
                if attempt < TRIES:
                    yield until_free(response) if advice is Advice.RETRY_LATER else Wait(RETRY_AFTER)
                continue
            return advice not in (Advice.DEGRADE, Advice.REPORT)
        return False

    def _put(self, question: MenuAnswer) -> Asking[bool]:
        """Whether the platform has the member's word: yes, or no by No, Back or End. Silence is no word."""
        password = None
        try:
            yes = yield from self.desk.confirm(question.text)
            if yes and question.kind == AnswerKind.PASSWORD_QUESTION:
                password = yield from ask_password(
                    self.desk.say("ask_password"), self.desk.say("password_shape"), self.desk.say("help_password")
                )
        except (WentBack, Ended):
            yes = False
        except LeftDialogue:
            return False
        response: TerminalResponse = yield self.desk.requests.replied(question.serial, yes, password)
        return advice_for(response.result) is Advice.CONTINUE

    def _report(self, answer: MenuAnswer) -> Asking[bool]:
        """What nobody saw goes by SMS, same serial; an interim notice is not worth it. False: not sent."""
        if answer.kind == AnswerKind.INTERIM:
            return True
        response = yield self.desk.requests.not_shown(answer.serial)
        return advice_for(response.result) is Advice.CONTINUE

    def _give_up(self, answer: MenuAnswer) -> Flow:
        yield from self._report(answer)


def _is_same_matter(older: MenuAnswer, newer: MenuAnswer) -> bool:
    """The newer one makes the older one pointless."""
    if newer.number == UNASKED:
        return older.serial == newer.serial
    return older.number == newer.number
