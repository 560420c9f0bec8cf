"""What must hold after every run (INV-15, INV-22). Each check names what it saw."""

from __future__ import annotations

from collections import Counter, defaultdict

from sqlalchemy import func, select

from telecom_codecs.crypto.openssl import OpenSslProvider
from telecom_codecs.ota.packet_security import open_command
from telecom_codecs.sms.udh import UserDataHeader, split_user_data

from ..demo.people import WORK
from ..flows.dialogue.machine import OPEN_STATES, State
from ..flows.dialogue.tables import dialogue
from ..flows.statements.tables import statement
from ..ledger.attendance.tables import attendance_event
from ..ledger.money.steps import balance
from ..ledger.money.tables import card_transaction
from ..messaging.tables import outbox
from ..ota.states import TERMINAL_STATES
from ..ota.tables import job
from ..registry.audit.tables import audit_row
from .lab import Lab, Phone

PROVIDER = OpenSslProvider()
MT, MO = 1, 5  #: key sets
UPLOADS = {card_transaction: 2, attendance_event: 2}


def check_everything(lab: Lab) -> None:
    """All of them; the first that does not hold raises AssertionError."""
    jobs_have_ended_once(lab)
    requests_have_one_outcome(lab)
    counters_on_the_wire_never_repeat(lab)
    every_dialogue_has_one_notice(lab)


def jobs_have_ended_once(lab: Lab) -> None:
    """I2, I4, I8: one terminal state each, told by one audit row, and never left again."""
    rows = lab.read(lambda conn: conn.execute(select(job.c.id, job.c.kind, job.c.state)).all())
    ends: defaultdict[int, list[str]] = defaultdict(list)
    for row in lab.read(lambda conn: conn.execute(select(audit_row).order_by(audit_row.c.seq)).all()):
        _, _, what = row.action.partition("job.")
        end = what.partition(".")[0].upper()
        if end in TERMINAL_STATES:
            for number in row.facts.get("jobs") or [int(row.subject.partition(":")[2])]:
                ends[number].append(end)
    for row in rows:
        assert ends[row.id] == [row.state], f"I4: {row.kind} {row.state}, told {ends[row.id]}"


def books_agree_with_the_card(lab: Lab, phone: Phone) -> None:
    """I2: each tap was posted once, and what is booked is what the card holds."""
    for table, expected in UPLOADS.items():
        query = select(func.count()).select_from(table)
        posted = lab.read(lambda conn, query=query: conn.execute(query).scalar_one())  # type: ignore[misc]
        assert posted == expected, f"I2: {posted} rows in {table.name}, {expected} taps"
    iccid, found = phone.card.iccid.digits, phone.station.card.application_of(WORK.number)
    booked = lab.read(lambda conn: balance(conn, iccid=iccid, enterprise_id=WORK.number))
    assert found is not None
    assert booked == found.balance, f"I2: booked {booked}, on the card {found.balance}"


def requests_have_one_outcome(lab: Lab) -> None:
    """I5: every request of a card that was acknowledged has its one dialogue."""
    keys = {phone.station.msisdn: phone for phone in lab.phones}
    acknowledged = set()
    for msisdn, octets in lab.wire.acknowledged:
        phone = keys[msisdn]
        packet = open_command(split_user_data(True, octets)[1], phone.card.keys[MO], PROVIDER).packet
        acknowledged.add((phone.card.iccid.digits, packet.counter))
    stored = lab.read(lambda conn: conn.execute(select(dialogue.c.iccid, dialogue.c.counter)).all())
    assert Counter((row.iccid, row.counter) for row in stored) == Counter(acknowledged), "I5: requests and dialogues"


def counters_on_the_wire_never_repeat(lab: Lab) -> None:
    """I6: per card and key set CNTR never decreases on the wire, and a repeated one carries identical bytes."""
    for phone in lab.phones:
        highest, seen = 0, dict[int, bytes]()
        for octets in packets_to(lab, phone):
            counter = open_command(octets, phone.card.keys[MT], PROVIDER).packet.counter
            assert counter >= highest, f"I6: CNTR {counter} after {highest}"
            assert seen.setdefault(counter, octets) == octets, f"I6: CNTR {counter} with other bytes"
            highest = counter


def packets_to(lab: Lab, phone: Phone) -> list[bytes]:
    """The whole command packets to a card, in the order in which their last segment reached the SMSC."""
    parts: defaultdict[tuple[int, int], dict[int, bytes]] = defaultdict(dict)
    found = []
    for crossing in lab.wire.crossed:
        if crossing.msisdn != phone.station.msisdn or crossing.pdu.protocol_id != 0x7F:
            continue
        header, body = split_user_data(True, crossing.pdu.short_message)
        assert isinstance(header, UserDataHeader)
        place = header.concatenation
        if place is None:
            found.append(body)
            continue
        segments = parts[place.reference, place.total]
        segments[place.sequence] = body
        if len(segments) == place.total:
            found.append(b"".join(segments[number] for number in sorted(segments)))
            del parts[place.reference, place.total]
    return found


def every_dialogue_has_one_notice(lab: Lab) -> None:
    """INV-22: the screen once, or the SMS with the serial once; both only where the doubt is written down."""
    rows = lab.read(lambda conn: conn.execute(select(dialogue)).all())
    flagged = {
        row.origin_id: row.possible_duplicate
        for row in lab.read(lambda conn: conn.execute(select(outbox).where(outbox.c.origin == "dialogue")).all())
    }
    by_card = {phone.card.iccid.digits: phone for phone in lab.phones}
    shown_surely: Counter[str] = Counter()
    shown_perhaps: Counter[str] = Counter()
    for row in rows:
        assert row.state not in OPEN_STATES, f"INV-22: dialogue {row.id} is {row.state}"
        phone = by_card[row.iccid]
        texts = sum(f"{row.id:08d}" in text for text in phone.texts)
        if row.state == State.DONE and row.notice == "SCREEN":
            shown_surely[row.iccid] += 1
            assert texts == 0, f"INV-22: dialogue {row.id} was shown and sent"
        elif row.state == State.TEXTED:
            shown_perhaps[row.iccid] += bool(row.possible_duplicate)
            assert texts == 1 or (texts > 1 and flagged[row.id]), f"INV-22: dialogue {row.id}: {texts} SMS"
    for iccid, phone in by_card.items():
        least, most = shown_surely[iccid], shown_surely[iccid] + shown_perhaps[iccid]
        assert least <= len(phone.shown) <= most, f"INV-22: {least} to {most} screens, the member saw {phone.shown}"


def bills_have_come_once(lab: Lab, phone: Phone, expected: int) -> None:
    """I9: each statement is there once, delivered, and on the phone once; more only where the doubt is written down."""
    rows = lab.read(lambda conn: conn.execute(select(statement).where(statement.c.text.is_not(None))).all())
    keys = Counter((row.member_id, row.enterprise_id, row.kind, row.period) for row in rows)
    assert set(keys.values()) <= {1}, f"I9: {keys}"
    mine = [row for row in rows if any(row.text in text or text in row.text for text in phone.texts)]
    assert len(mine) >= expected, f"I9: {len(mine)} of {expected} statements on the phone"
    for row in mine:
        copies = sum(text == row.text for text in phone.texts)
        assert row.state in ("DELIVERED", "UNKNOWN"), f"I9: statement {row.state}"
        assert copies == 1 or (copies > 1 and row.possible_duplicate), f"I9: {copies} copies, duplicate not declared"
