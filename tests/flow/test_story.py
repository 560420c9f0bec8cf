"""The main job from end to end, in memory: one key press to one status word, one order to one bill."""

from __future__ import annotations

from ykt_telecom.demo.people import HOME
from ykt_telecom.simulation.lab import Lab, play
from ykt_telecom.simulation.stories import (
    RIGHT,
    WRONG,
    application,
    ask_balance,
    ask_deletion,
    issue_both,
    live_a_month,
    run_bills,
)


def test_a_member_asks_deletes_and_gets_the_bills() -> None:
    """Issued over the air; the balance on the screen; a wrong password refused; the right one deletes; two bills."""
    read: list[str] = []

    async def story(lab: Lab) -> None:
        phone = lab.phones[0]
        await issue_both(lab)
        await live_a_month(lab)
        read.append(await ask_balance(lab, phone))
        read.append(await ask_deletion(lab, phone, WRONG))
        assert application(phone, HOME) is not None
        read.append(await ask_deletion(lab, phone, RIGHT))
        assert application(phone, HOME) is None
        await run_bills(lab)

    lab = play(story)
    assert "余额37.50元" in read[0]
    assert "验证未通过" in read[1]
    assert f"“{HOME.name}”应用已删除" in read[2]
    bills = [text for text in lab.phones[0].texts if "2月" in text]
    assert len(bills) == 2, lab.phones[0].texts
