"""Dialogues that ask and change nothing: balance, transactions, attendance, applications, progress.

What the card knows it shows itself (records, rights, balance); the platform is asked for what it does not.
"""

from __future__ import annotations

from typing import Final

from telecom_codecs.cat import MAX_PROACTIVE, Item, SelectItem, proactive_size
from telecom_codecs.onecard.records import NO_TIME, Record, RecordType
from telecom_codecs.onecard.requests import AttendanceView, Operation, RecordsPage
from telecom_codecs.onecard.rights import Rights

from .menu_asking import Asking, WentBack, choose, tell, tell_last
from .menu_desk import ONLINE, ApplicationView, MenuDesk, yuan
from .menu_orders import delete
from .menu_requests import NotSent
from .menu_tree import Action, Entry

RECORDS_ON_A_PAGE: Final = 7
NEXT_PAGE: Final = 0x21  #: id of the line that turns the page; records are 1..10

_KINDS: Final[dict[int, str]] = {
    RecordType.LOAD: "record_load",
    RecordType.PURCHASE: "record_purchase",
    RecordType.ATTENDANCE: "record_attendance",
    RecordType.TOP_UP: "record_top_up",
    RecordType.DOOR: "record_door",
}
_VIEWS: Final = {
    Action.ATTENDANCE_TODAY: AttendanceView.TODAY,
    Action.ATTENDANCE_YESTERDAY: AttendanceView.YESTERDAY,
    Action.ATTENDANCE_MONTH: AttendanceView.THIS_MONTH,
    Action.ATTENDANCE_LAST_MONTH: AttendanceView.LAST_MONTH,
    Action.ATTENDANCE_BY_SMS: AttendanceView.DETAILS_BY_SMS,
}


def balance(desk: MenuDesk, _entry: Entry) -> Asking[None]:
    """Balance, validity and date come from the platform; out of its reach the card shows the balance it has."""
    yield from desk.with_application(desk.say("choose_enterprise"), lambda application: _balance(desk, application))


def _balance(desk: MenuDesk, application: ApplicationView) -> Asking[None]:
    try:
        yield from desk.requests.query(Operation.BALANCE, application.enterprise)
    except NotSent:
        yield from tell_last(detail(desk, application), desk.help)
        raise


def progress(desk: MenuDesk, _entry: Entry) -> Asking[None]:
    """How the member's requests and faults stand."""
    yield from desk.requests.query(Operation.PROGRESS)


# transactions


def records(desk: MenuDesk, entry: Entry) -> Asking[None]:
    """The card's own records, page by page, then what the platform has."""
    yield from desk.with_application(
        desk.say("choose_enterprise"),
        lambda application: _record_page(desk, entry.text.say(desk.language), application, 0),
    )


def _record_page(desk: MenuDesk, title: str, application: ApplicationView, start: int) -> Asking[None]:
    while True:
        # Read again each time: a terminal may have written while the member was reading.
        shown = application.records
        lines = record_lines(desk, title, shown, start)
        chosen = yield from choose(title, lines, desk.help)
        try:
            if chosen == NEXT_PAGE:
                yield from _record_page(desk, title, application, start + len(lines) - 1)
            elif chosen == ONLINE:
                page = RecordsPage.BEFORE_THE_CARDS if shown else RecordsPage.NEWEST
                yield from desk.requests.query(Operation.RECORDS, application.enterprise, page=page)
            else:
                yield from tell(record_detail(desk, shown[chosen - 1]), desk.help)
                continue
            return
        except WentBack:
            continue


def record_lines(desk: MenuDesk, title: str, shown: tuple[Record, ...], start: int) -> tuple[Item, ...]:
    """As many records as fit one FETCH, seven at most, and the line that leads further."""
    lines = [Item(at + 1, record_line(desk, shown[at])) for at in range(start, len(shown))][:RECORDS_ON_A_PAGE]
    while True:
        rest = start + len(lines) < len(shown)
        further = Item(NEXT_PAGE, desk.say("next_page")) if rest else Item(ONLINE, desk.say("older_records"))
        command = SelectItem(title, (*lines, further), help_available=True)
        if proactive_size(command) <= MAX_PROACTIVE or len(lines) <= 1:
            return command.items
        lines.pop()


def record_line(desk: MenuDesk, record: Record) -> str:
    """`10-12消费12.50`; without a time, which the card does not have for a load over the air, `空充200.00`."""
    kind = desk.say(_KINDS.get(record.type, "record_other"))
    day = "" if record.time == NO_TIME else f"{record.time[2:3].hex()}-{record.time[3:4].hex()}"
    name = "record_line" if record.amount else "record_line_plain"
    return desk.say(name, day=day, kind=kind, amount=yuan(record.amount)).strip()


def record_detail(desk: MenuDesk, record: Record) -> str:
    """Everything the card keeps of one event."""
    kind = desk.say(_KINDS.get(record.type, "record_other"))
    digits = record.time.hex()
    day, hour = f"{digits[:4]}-{digits[4:6]}-{digits[6:8]}", f"{digits[8:10]}:{digits[10:12]}:{digits[12:]}"
    return desk.say(
        "record_detail",
        kind=kind,
        amount=desk.say("record_amount", amount=yuan(record.amount)) if record.amount else "",
        time=desk.say("record_over_air") if record.time == NO_TIME else f"{day} {hour}",
        balance=yuan(record.balance),
        terminal=_terminal(record.terminal),
        count=str(record.counter),
    )


def _terminal(octets: bytes) -> str:
    """Terminals name themselves in ASCII; other octets are shown as they are."""
    name = octets.rstrip(b"\x00 ")
    readable = bool(name) and all(0x20 < octet < 0x7F for octet in name)
    return name.decode("ascii") if readable else octets.hex().upper()


# attendance


def attendance(desk: MenuDesk, entry: Entry) -> Asking[None]:
    """One of the enterprises that take attendance, then which days; the card has no calendar, the platform has."""
    yield from desk.with_application(
        desk.say("choose_enterprise"), lambda application: _attendance(desk, entry, application), Rights.ATTENDANCE
    )


def _attendance(desk: MenuDesk, entry: Entry, application: ApplicationView) -> Asking[None]:
    chosen = yield from choose(application.name, desk.items(entry.id), desk.help)
    below = desk.tree.entry(chosen)
    view = None if below is None else next((view for action, view in _VIEWS.items() if action == below.action), None)
    if view is None:
        yield from tell(desk.say("not_yet"), desk.help)
        return
    yield from desk.requests.query(Operation.ATTENDANCE, application.enterprise, page=view)


# my applications


def applications(desk: MenuDesk, entry: Entry) -> Asking[None]:
    """What is on the card; the last line asks the platform what should be."""
    title = entry.text.say(desk.language)
    while True:
        found = desk.applications()
        if not found:
            yield from tell(desk.say("no_application"), desk.help)
        online = Item(ONLINE, desk.say("check_online"))
        chosen = yield from choose(title, desk.application_items(title, found, (online,)), desk.help)
        try:
            if chosen == ONLINE:
                yield from desk.requests.query(Operation.APPLICATIONS)
            else:
                yield from _application(desk, entry, next(one for one in found if one.slot == chosen))
            return
        except WentBack:
            continue


def _application(desk: MenuDesk, entry: Entry, application: ApplicationView) -> Asking[None]:
    while True:
        chosen = yield from choose(application.name, desk.items(entry.id), desk.help)
        below = desk.tree.entry(chosen)
        action = below.action if below is not None else None
        try:
            if action == Action.APPLICATION_DETAIL:
                yield from tell(detail(desk, application), desk.help)
            elif action == Action.APPLICATION_VALIDITY:
                yield from _balance(desk, application)
            elif action == Action.APPLICATION_DELETE:
                yield from delete(desk, application)
            else:
                yield from tell(desk.say("not_yet"), desk.help)
            return
        except WentBack:
            continue


def detail(desk: MenuDesk, application: ApplicationView) -> str:
    """`翠湖小区: 门禁 考勤 余额0.00`"""
    parts = desk.rights(application, with_purse=False)
    if application.rights & Rights.PURSE:
        parts.append(desk.say("balance", balance=yuan(application.balance)))
    state = desk.state(application)
    name = "detail_state" if state else "detail"
    return desk.say(name, name=application.name, state=state, rights=" ".join(parts))
