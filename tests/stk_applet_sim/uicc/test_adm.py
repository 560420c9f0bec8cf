"""The administrative code: ten tries, no way round it."""

from __future__ import annotations

from .ota import a_card, exchange

ADM, WRONG, NEW = (value.encode().hex() for value in ("55667788", "11111111", "20262026"))
UPDATE_SPN = "00d6000001" + "00"
SELECT_SPN = "00a4000c026f46"


def test_adm_opens_what_it_guards_until_the_power_goes() -> None:
    """EF.SPN is the operator's: 6982 without the code, 9000 with it, 6982 after a reset."""
    card = a_card()
    for command in ("00a4040c07a0000000871002", SELECT_SPN):
        assert exchange(card, command).sw == 0x9000
    assert exchange(card, UPDATE_SPN).sw == 0x6982
    assert exchange(card, "0020000a08" + ADM).sw == 0x9000
    assert exchange(card, UPDATE_SPN).sw == 0x9000
    card.reset()
    for command in ("00a4040c07a0000000871002", SELECT_SPN):
        exchange(card, command)
    assert exchange(card, UPDATE_SPN).sw == 0x6982


def test_adm_is_counted_down_and_up() -> None:
    """A right one gives all ten back; ten wrong ones end it for good."""
    card = a_card()
    assert exchange(card, "0020000a").sw == 0x63CA
    assert exchange(card, "0020000a08" + WRONG).sw == 0x63C9
    assert exchange(card, "0020000a08" + ADM).sw == 0x9000
    assert [exchange(card, "0020000a08" + WRONG).sw for _ in range(10)] == [0x63C0 | left for left in range(9, -1, -1)]
    assert exchange(card, "0020000a08" + ADM).sw == 0x6983
    card = a_card(state=card.snapshot())
    assert exchange(card, "0020000a").sw == 0x6983


def test_nothing_unblocks_the_adm() -> None:
    """UNBLOCK PIN is for the member's PINs: 6A86, whatever value comes with it, and no count moves."""
    card = a_card()
    for value in ("00000000", "12345678", "87654321"):
        assert exchange(card, "002c000a10" + value.encode().hex() + NEW).sw == 0x6A86
    assert exchange(card, "002c000a").sw == 0x6A86
    assert exchange(card, "0020000a08" + ADM).sw == 0x9000


def test_adm_is_changed_by_who_knows_it() -> None:
    """CHANGE PIN with the old code; the old one is worth nothing afterwards."""
    card = a_card()
    assert exchange(card, "0024000a10" + WRONG + NEW).sw == 0x63C9
    assert exchange(card, "0024000a10" + ADM + NEW).sw == 0x9000
    card = a_card(state=card.snapshot())
    assert exchange(card, "0020000a08" + ADM).sw == 0x63C9
    assert exchange(card, "0020000a08" + NEW).sw == 0x9000
