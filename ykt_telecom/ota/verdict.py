"""What a card's response data mean for its job. Pure; the caller has made sure that the PoR is authentic."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from telecom_codecs.card.status_word import describe, is_ok
from telecom_codecs.errors import CodecError
from telecom_codecs.globalplatform.commands import RegistryEntry
from telecom_codecs.onecard.enterprise_answer import CardStatus, EnterpriseAnswer
from telecom_codecs.onecard.rights import LifeCycle
from telecom_codecs.ota.remote_command import CompactResponse

from .outcome import JobKind

SW_REFERENCED_NOT_FOUND = 0x6A88
SW_CONDITIONS_NOT_SATISFIED = 0x6985


class Next(Enum):
    """What follows from an answer."""

    CONFIRM = "confirm"
    REJECT = "reject"
    RESEND = "resend"
    ASK = "ask"  #: audit: the answer alone does not tell
    PERSONALISE = "personalise"  #: installed, still without keys


@dataclass(frozen=True, slots=True)
class Verdict:
    """What follows, why, and what the card said. `installed`: the application is on the card, without keys."""

    follows: Next
    reason: str | None = None
    status_word: int | None = None
    answer: EnterpriseAnswer | None = None
    tac: bytes = b""
    answer_status: int | None = None
    installed: bool = False
    absent: bool = False


def judge(
    kind: JobKind, purpose: str, octets: bytes, *, commands: int, sent_before: bool, refused_before: bool = False
) -> Verdict:
    """The verdict on the data of a PoR 00.

    `commands` is how many C-APDUs the script had, `sent_before` whether an earlier attempt may have reached the card,
    `refused_before` whether the card has answered an earlier one, which it then did not carry out.
    Octets that do not read are a refusal: the card is authentic, so sending the same again would not help.
    """
    if kind is JobKind.ANSWER:
        return _judge_menu(octets)
    try:
        response = CompactResponse.decode(octets)
    except CodecError as error:
        return Verdict(Next.REJECT, f"the card's response does not read: {error}")
    word = response.sw
    if purpose == "AUDIT":
        return _judge_audit(kind, response, refused_before)
    if kind is JobKind.ISSUE:
        return _judge_issue(purpose, response, commands)
    if kind is JobKind.DELETE:
        return _judge_delete(word, sent_before)
    return _judge_application(kind, response)


def _judge_menu(octets: bytes) -> Verdict:
    if len(octets) != 1:
        return Verdict(Next.REJECT, f"the menu applet answered {len(octets)} octets, not one")
    return Verdict(Next.CONFIRM, answer_status=octets[0])


def _judge_issue(purpose: str, response: CompactResponse, commands: int) -> Verdict:
    word = response.sw
    if is_ok(word) and response.executed == commands:
        return Verdict(Next.CONFIRM, status_word=word)
    if word == SW_CONDITIONS_NOT_SATISFIED:
        return Verdict(Next.ASK, "the card says there is such an application already", word)
    installed = purpose == "PERSON" or response.executed > 1
    what = "personalise" if installed else "install"
    return Verdict(Next.REJECT, f"{what} refused: {describe(word)}", word, installed=installed)


def _judge_delete(word: int, sent_before: bool) -> Verdict:
    if is_ok(word):
        return Verdict(Next.CONFIRM, status_word=word)
    if word == SW_REFERENCED_NOT_FOUND:
        if sent_before:
            return Verdict(Next.CONFIRM, "an earlier attempt had deleted it", word)
        return Verdict(Next.REJECT, "there is no such application on the card", word, absent=True)
    if word == SW_CONDITIONS_NOT_SATISFIED:
        return Verdict(Next.REJECT, "the card deletes only what is closed and empty", word)
    return Verdict(Next.REJECT, f"delete refused: {describe(word)}", word)


def _judge_audit(kind: JobKind, response: CompactResponse, refused_before: bool) -> Verdict:
    """After GET STATUS of the AID: was the order done?"""
    word = response.sw
    if word == SW_REFERENCED_NOT_FOUND:
        if kind is JobKind.ISSUE and refused_before:
            return Verdict(Next.REJECT, "the card has another application of this enterprise: delete that one", word)
        if kind is JobKind.ISSUE:
            return Verdict(Next.RESEND, "not on the card: install again", word)
        return Verdict(Next.REJECT, "there is no such application on the card", word, absent=True)
    life = _life_cycle(response.data)
    if not is_ok(word) or life is None:
        return Verdict(Next.REJECT, f"GET STATUS refused: {describe(word)}", word)
    if kind is not JobKind.ISSUE:
        return Verdict(Next.RESEND, "the application is on the card: send again", word)
    if life == LifeCycle.SELECTABLE:
        return Verdict(Next.PERSONALISE, "installed, still without keys", word, installed=True)
    if life & LifeCycle.ACTIVE == LifeCycle.ACTIVE:
        return Verdict(Next.CONFIRM, "found on the card", word)
    return Verdict(Next.REJECT, f"unknown life cycle {life:02X}", word)


def _life_cycle(octets: bytes) -> int | None:
    """The life cycle in the first entry of a GET STATUS answer."""
    try:
        entries = RegistryEntry.decode_all(octets)
    except CodecError:
        return None
    return entries[0].life_cycle if entries else None


#: Statuses after which the order stands.
_DONE = {
    JobKind.CLOSE: frozenset({CardStatus.DONE, CardStatus.ALREADY_DONE}),
    JobKind.REOPEN: frozenset({CardStatus.DONE, CardStatus.ALREADY_DONE}),
    JobKind.QUERY: frozenset({CardStatus.DONE, CardStatus.CLOSED, CardStatus.FROZEN}),
}


def _judge_application(kind: JobKind, response: CompactResponse) -> Verdict:
    word = response.sw
    if word == SW_CONDITIONS_NOT_SATISFIED:
        return Verdict(Next.RESEND, "a tap was in progress", word)
    if not is_ok(word):
        return Verdict(Next.REJECT, f"the application refused: {describe(word)}", word)
    try:
        answer, tac = EnterpriseAnswer.decode(response.data)
    except CodecError as error:
        return Verdict(Next.REJECT, str(error), word)
    if answer.status in _DONE[kind]:
        return Verdict(Next.CONFIRM, None, word, answer, tac)
    return Verdict(Next.REJECT, f"the application answered status {answer.status:02X}", word, answer, tac)
