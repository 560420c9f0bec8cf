"""What must hold after a run with every fault (reliability: I1 to I8 and I12). Each check names what it saw."""

from __future__ import annotations

from collections import Counter

from sqlalchemy import select

from ..flows.dialogue.machine import OPEN_STATES, State
from ..flows.dialogue.tables import dialogue
from ..flows.statements.tables import statement
from ..ledger.money.steps import balance
from ..messaging.tables import outbox
from ..ota.outcome import JobKind
from ..ota.tables import job, packet
from ..registry.audit.chain import KEY_PURPOSE
from ..registry.audit.verify import verify
from ..registry.cards.tables import card_application
from .invariants import counters_on_the_wire_never_repeat, jobs_have_ended_once, requests_have_one_outcome
from .lab import RING, Lab

MOST_COPIES = 2
#: A text that is in none of these has left, was refused, or names who must decide (UNKNOWN).
OPEN_TEXTS = ("QUEUED", "HANDED")


def check_world(lab: Lab) -> None:
    """All of them; the first that does not hold raises AssertionError."""
    jobs_have_ended_once(lab)
    requests_have_one_outcome(lab)
    counters_on_the_wire_never_repeat(lab)
    texts_are_accounted_for(lab)
    notices_come_once(lab)
    bills_are_one_each(lab)
    books_know_the_cards(lab)
    nothing_applied_unproved(lab)
    audit_chain_holds(lab)


def texts_are_accounted_for(lab: Lab) -> None:
    """Each segment left as often as its row says: once, or at most twice where the doubt is flagged."""
    rows = lab.read(lambda conn: conn.execute(select(outbox)).all())
    crossed = Counter((one.msisdn, one.pdu.short_message) for one in lab.wire.crossed if one.pdu.protocol_id == 0)
    least: Counter[tuple[str, bytes]] = Counter()
    most: Counter[tuple[str, bytes]] = Counter()
    for row in rows:
        if row.id in lab.texts_before:
            continue
        assert row.state not in OPEN_TEXTS, f"text {row.id} is {row.state}"
        key = (row.msisdn, bytes(row.user_data))
        least[key] += row.state == "ACCEPTED"
        most[key] += MOST_COPIES if row.possible_duplicate else row.state != "WITHDRAWN"
    for key, copies in crossed.items():
        assert copies <= most[key], f"{copies} copies of a text that may have {most[key]}"
    for key, copies in least.items():
        assert crossed[key] >= copies, f"{copies} texts accepted, {crossed[key]} reached the SMSC"


def notices_come_once(lab: Lab) -> None:
    """INV-22: the screen or the SMS; both only where the doubt is written down. A phone that was off may miss one."""
    for row in lab.read(lambda conn: conn.execute(select(dialogue)).all()):
        assert row.state not in OPEN_STATES, f"INV-22: dialogue {row.id} is {row.state}"
        phone = next(one for one in lab.phones if one.card.iccid.digits == row.iccid)
        texts = sum(f"{row.id:08d}" in text for text in phone.texts)
        if row.state == State.DONE and row.notice == "SCREEN":
            assert texts == 0, f"INV-22: dialogue {row.id} was shown and sent"


def bills_are_one_each(lab: Lab) -> None:
    """I9: one statement for each member, enterprise, kind and month."""
    rows = lab.read(lambda conn: conn.execute(select(statement).where(statement.c.text.is_not(None))).all())
    keys = Counter((row.member_id, row.enterprise_id, row.kind, row.period) for row in rows)
    assert set(keys.values()) <= {1}, f"I9: {keys}"


def books_know_the_cards(lab: Lab) -> None:
    """What the books call active is on the card, what they call deleted is not; money is the same on both."""
    rows = lab.read(lambda conn: conn.execute(select(card_application).order_by(card_application.c.id)).all())
    newest = {(row.iccid, row.enterprise_id): row for row in rows}
    for phone in lab.phones:
        iccid = phone.card.iccid.digits
        for (owner, enterprise), row in newest.items():
            if owner != iccid:
                continue
            found = phone.station.card.application_of(enterprise)
            if row.state == "ACTIVE":
                assert found is not None, f"application {row.id} is ACTIVE, and not on the card"
                booked = lab.read(lambda conn, at=(iccid, enterprise): balance(conn, iccid=at[0], enterprise_id=at[1]))  # type: ignore[misc]
                assert booked == found.balance, f"I1: booked {booked}, on the card {found.balance}"
            elif row.state == "DELETED":
                assert found is None, f"application {row.id} is DELETED, and still on the card"


def nothing_applied_unproved(lab: Lab) -> None:
    """Every applied job has a packet that reached the SMSC, and a response packet that its card made."""
    proved = lab.read(
        lambda conn: conn.execute(select(packet.c.job_id).where(packet.c.por_status == 0).distinct()).scalars().all()
    )
    applied = lab.read(
        lambda conn: conn.execute(
            select(job.c.id, job.c.kind).where(job.c.state == "APPLIED", job.c.kind != JobKind.ISSUE)
        ).all()
    )
    for row in applied:
        assert row.id in set(proved), f"{row.kind} {row.id} is APPLIED without a proof"
    made = {phone.card.iccid.digits: phone.station.msisdn for phone in lab.phones}
    counted = Counter(
        row.iccid
        for row in lab.read(
            lambda conn: conn.execute(select(packet.c.iccid, packet.c.id).where(packet.c.por_status.is_not(None))).all()
        )
        if row.id not in lab.packets_before
    )
    heard = Counter(pdu.source_addr.decode() for pdu in lab.wire.proofs)
    for iccid, count in counted.items():
        assert count <= heard[made[iccid]], f"{count} proofs counted, the card made {heard[made[iccid]]}"


def audit_chain_holds(lab: Lab) -> None:
    """I8: from the first row to the anchor, nothing missing, nothing changed."""
    verdict = lab.read(lambda conn: verify(conn, RING.derive(KEY_PURPOSE), lab.anchor))
    assert verdict.holds, f"I8: {verdict}"
