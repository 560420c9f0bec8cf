"""Dialogues that change something: deletion, freezing, passwords, switches, bills, faults.

Each shows what will happen, asks yes or no, then the service password where one is needed, then sends. The password
lives in the sealed packet only; the checks that need no platform are made on the card.
"""

from __future__ import annotations

from typing import Final

from telecom_codecs.card.identities import Msisdn
from telecom_codecs.cat import Advice, DateTimeZone, Item, LocalInformation, ProvideLocalInformation, advice_for
from telecom_codecs.onecard.password import ServicePassword, is_weak
from telecom_codecs.onecard.requests import FAULT_TEXT_UNITS, FaultCategory, Fields, Operation, Period, Switch
from telecom_codecs.onecard.rights import Rights

from .menu_asking import Asking, NotSupported, WentBack, ask_digits, ask_line, ask_password, choose, tell
from .menu_desk import ApplicationView, MenuDesk, yuan
from .menu_tree import SWITCHED, Action, Entry

MSISDN_DIGITS: Final = 11  #: a mobile number as people dial it; 86 stands before it in a request
COUNTRY: Final = "86"
PERIOD_DIGITS: Final = 6
MONTHS_BACK: Final = 12
MONTHS_ON_A_PAGE: Final = 8
NEXT_PAGE: Final = 0x21  #: id of the line that turns the page; months are 1..12
CENTURY: Final = 2000
NEW_PASSWORD_TRIES: Final = 3


def _confirmed_by_password(desk: MenuDesk, question: str, prompt: str = "ask_password") -> Asking[ServicePassword]:
    """The password behind a yes; Back from there leads to the question, No to the step before it."""
    while True:
        if not (yield from desk.confirm(question)):
            raise WentBack
        try:
            return (yield from _password(desk, prompt))
        except WentBack:
            continue


def _password(desk: MenuDesk, prompt: str = "ask_password") -> Asking[ServicePassword]:
    return (yield from ask_password(desk.say(prompt), desk.say("password_shape"), desk.say("help_password")))


# deletion


def delete(desk: MenuDesk, application: ApplicationView) -> Asking[None]:
    """Only an empty purse is deleted; the platform asks the card again."""
    if application.rights & Rights.PURSE and application.balance:
        yield from tell(desk.say("settle_balance", balance=yuan(application.balance)), desk.help)
        return
    password = yield from _confirmed_by_password(desk, deletion_question(desk, application))
    yield from desk.requests.order(Operation.DELETE, application.enterprise, password=password)


def deletion_question(desk: MenuDesk, application: ApplicationView) -> str:
    rights = desk.say("rights_separator").join(desk.rights(application, with_purse=True))
    return desk.say("confirm_delete", name=application.name, rights=rights)


# freezing


def freeze_own(desk: MenuDesk, _entry: Entry) -> Asking[None]:
    password = yield from _confirmed_by_password(desk, desk.say("confirm_freeze"))
    yield from desk.requests.order(Operation.FREEZE, password=password)


def freeze_other(desk: MenuDesk, _entry: Entry) -> Asking[None]:
    """The lost phone's number and its owner's password, from any member's phone."""
    while True:
        number = yield from ask_digits(
            desk.say("ask_msisdn"),
            range(MSISDN_DIGITS, MSISDN_DIGITS + len(COUNTRY) + 1),
            desk.say("msisdn_shape"),
            desk.help,
        )
        number = number.removeprefix(COUNTRY) if len(number) > MSISDN_DIGITS else number
        if len(number) != MSISDN_DIGITS or number[0] != "1":
            yield from tell(desk.say("msisdn_shape"), desk.help)
            continue
        try:
            question = desk.say("confirm_freeze_other", number=number)
            password = yield from _confirmed_by_password(desk, question, "ask_their_password")
            break
        except WentBack:
            continue
    yield from desk.requests.order(Operation.FREEZE_OTHER, msisdn=Msisdn(COUNTRY + number), password=password)


# the password


def change_password(desk: MenuDesk, _entry: Entry) -> Asking[None]:
    """Old, new, new again. The card refuses what it can; only the platform knows the old one."""
    while True:
        old = yield from _password(desk, "ask_old_password")
        try:
            new = yield from _new_password(desk, old)
            break
        except WentBack:
            continue
    yield from desk.requests.order(Operation.PASSWORD, password=old, new_password=new)


def _new_password(desk: MenuDesk, old: ServicePassword) -> Asking[ServicePassword]:
    for _ in range(NEW_PASSWORD_TRIES):
        new = yield from _password(desk, "ask_new_password")
        if new == old:
            yield from tell(desk.say("password_same"), desk.help)
        elif is_weak(new):
            yield from tell(desk.say("password_weak"), desk.help)
        elif (yield from _password(desk, "ask_repeat")) == new:
            return new
        else:
            yield from tell(desk.say("password_differs"), desk.help)
    raise NotSupported


# statements


def switch(desk: MenuDesk, entry: Entry) -> Asking[None]:
    """The other position of a switch; the platform writes EF 6F06 when it has taken it."""
    number = SWITCHED[Action(entry.action)]
    wanted = not desk.files.is_on(number)
    question = "confirm_subscribe" if wanted else "confirm_unsubscribe"
    if not (yield from desk.confirm(desk.say(question, entry=entry.text.say(desk.language)))):
        raise WentBack
    yield from desk.requests.order(Operation.SUBSCRIBE, switch=Switch(number, int(wanted)))


def bill_again(desk: MenuDesk, _entry: Entry) -> Asking[None]:
    """The bill of last month; a phone without a clock makes the member name the month."""
    today = yield from _today(desk)
    if today is None:
        yield from _bill_of_named_month(desk)
    else:
        yield from _bill_of(desk, _months_before(today)[0])


def bill_of_the_year(desk: MenuDesk, entry: Entry) -> Asking[None]:
    """One of the last twelve months, eight and four on a page."""
    today = yield from _today(desk)
    if today is None:
        yield from _bill_of_named_month(desk)
    else:
        yield from _months(desk, entry.text.say(desk.language), _months_before(today), 0)


def _months(desk: MenuDesk, title: str, months: list[str], start: int) -> Asking[None]:
    end = min(start + MONTHS_ON_A_PAGE, len(months))
    lines = [Item(at + 1, _with_dash(months[at])) for at in range(start, end)]
    if end < len(months):
        lines.append(Item(NEXT_PAGE, desk.say("next_page")))
    while True:
        chosen = yield from choose(title, lines, desk.help)
        try:
            if chosen == NEXT_PAGE:
                yield from _months(desk, title, months, end)
            else:
                yield from _bill_of(desk, months[chosen - 1])
            return
        except WentBack:
            continue


def _bill_of_named_month(desk: MenuDesk) -> Asking[None]:
    while True:
        lengths = range(PERIOD_DIGITS, PERIOD_DIGITS + 1)
        month = yield from ask_digits(desk.say("ask_period"), lengths, desk.say("period_shape"), desk.help)
        if not (month[:2] == str(CENTURY)[:2] and 1 <= int(month[4:]) <= 12):
            yield from tell(desk.say("period_shape"), desk.help)
            continue
        try:
            yield from _bill_of(desk, month)
            return
        except WentBack:
            continue


def _bill_of(desk: MenuDesk, month: str) -> Asking[None]:
    if not (yield from desk.confirm(desk.say("confirm_again", period=_with_dash(month)))):
        raise WentBack
    period = Period(int(month[:4]), int(month[4:]))
    yield from desk.requests.order(Operation.BILL_AGAIN, period=period)


def _today(desk: MenuDesk) -> Asking[DateTimeZone | None]:
    """The ME's date, None when it has none to give."""
    response = yield ProvideLocalInformation(LocalInformation.DATE_TIME_ZONE)
    if advice_for(response.result) is not Advice.CONTINUE:
        return None
    date = response.find(DateTimeZone)
    return date if isinstance(date, DateTimeZone) and 1 <= date.month <= 12 else None


def _months_before(today: DateTimeZone) -> list[str]:
    """The twelve months before this one as YYYYMM, the last first."""
    this = (CENTURY + today.year) * 12 + today.month - 1
    return [f"{month // 12:04d}{month % 12 + 1:02d}" for month in range(this - 1, this - 1 - MONTHS_BACK, -1)]


def _with_dash(month: str) -> str:
    return f"{month[:4]}-{month[4:]}"


# faults

_CATEGORIES: Final = {
    FaultCategory.CANNOT_TAP: "fault_cannot_tap",
    FaultCategory.WRONG_CHARGE: "fault_wrong_charge",
    FaultCategory.NO_MESSAGE: "fault_no_message",
    FaultCategory.OTHER: "fault_other",
}


def report_fault(desk: MenuDesk, _entry: Entry) -> Asking[None]:
    """A category, some words if the member likes, and the summary to confirm."""
    lines = [Item(category, desk.say(name)) for category, name in _CATEGORIES.items()]
    while True:
        category = yield from choose(desk.say("fault_category"), lines, desk.help)
        try:
            words = yield from _fault_words(desk, FaultCategory(category))
            break
        except WentBack:
            continue
    fields = Fields(switch=Switch(category, 1))
    if words:
        fields["text"] = words
    yield from desk.requests.order(Operation.FAULT, **fields)


def _fault_words(desk: MenuDesk, category: FaultCategory) -> Asking[str]:
    while True:
        words = yield from ask_line(desk.say("ask_fault"), 0, FAULT_TEXT_UNITS, desk.help)
        try:
            if (yield from desk.confirm(desk.say("confirm_fault", entry=desk.say(_CATEGORIES[category])))):
                return words
        except WentBack:
            pass
