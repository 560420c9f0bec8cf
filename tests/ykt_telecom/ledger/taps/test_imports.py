"""Files of transactions: all or nothing, every bad line named, the same file once."""

from __future__ import annotations

import pytest

from tests.ykt_telecom.ledger.money.world import HUAXIN, a_world, iccid_of
from ykt_telecom.ledger.money.imports import import_transactions, read_transactions
from ykt_telecom.ledger.money.steps import balance
from ykt_telecom.ledger.taps.imports import ImportReport
from ykt_telecom.ledger.taps.table_text import BadFile
from ykt_telecom.texts.amount import BadAmount, format_yuan, parse_yuan

pytestmark = pytest.mark.usefixtures("worlds")

#: What may stand in the column of the enterprise.
ENTERPRISES = {str(HUAXIN): HUAXIN, "huaxin": HUAXIN}
HEADING = "iccid,enterprise,kind,amount,counter,terminal,time,balance,tac"


def a_file(*lines: str, heading: str = HEADING, encoding: str = "utf-8") -> bytes:
    return "\r\n".join([heading, *lines, ""]).encode(encoding)


def a_line(**changes: str) -> str:
    fields = {
        "iccid": iccid_of(1),
        "enterprise": str(HUAXIN),
        "kind": "load",
        "amount": "100.00",
        "counter": "1",
        "terminal": "充值1号",
        "time": "2026-10-12 12:03:05",
        "balance": "",
        "tac": "",
    }
    return ",".join({**fields, **changes}.values())


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk"])
def test_files_of_both_encodings_are_read(encoding: str) -> None:
    """What a terminal's software or a spreadsheet saved is taken as it is."""
    world = a_world()
    world.add_member(1, HUAXIN)
    upload = read_transactions(
        a_file(
            a_line(enterprise="HuaXin"),
            a_line(kind="PURCHASE", amount="12", counter="2", tac="0102030405060708"),
            encoding=encoding,
        ),
        ENTERPRISES,
    )
    report = world.run(lambda connection, context: import_transactions(connection, context, upload))
    assert report == ImportReport(posted=2, duplicates=0, disputed=0)
    with world.reading() as connection:
        assert balance(connection, iccid=iccid_of(1), enterprise_id=HUAXIN) == 8_800


def test_the_same_file_again_changes_nothing() -> None:
    """T18: a second import of the same file is 0 changes; the same rows in another file are duplicates."""
    world = a_world()
    world.add_member(1, HUAXIN)
    upload = read_transactions(a_file(a_line()), ENTERPRISES)
    again = read_transactions(a_file(a_line(), ""), ENTERPRISES)

    def take(which: object) -> ImportReport:
        return world.run(lambda connection, context: import_transactions(connection, context, which))  # type: ignore[arg-type]

    assert take(upload) == ImportReport(1, 0, 0)
    assert take(upload) == ImportReport(0, 0, 0, is_repeated=True)
    assert take(again) == ImportReport(0, 1, 0)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (a_line(kind="gift"), "line 3: kind"),
        (a_line(amount="12,50"), "line 3: 10 fields"),
        (a_line(amount="1e5"), "line 3: '1e5' is no amount"),
        (a_line(time="12.10.2026"), "line 3: '12.10.2026' is no time"),
        (a_line(counter="-1"), "line 3: counter"),
        (a_line(tac="xyz"), "line 3: tac"),
        (a_line(terminal="T" * 300), "line 3: a field has more than 200"),
        (a_line() + ",", "line 3: 10 fields"),
        ('"' + a_line(), "line 3: "),
    ],
)
def test_a_bad_line_is_named_and_nothing_is_imported(line: str, message: str) -> None:
    """The person who sent the file learns which line to correct."""
    with pytest.raises(BadFile) as caught:
        read_transactions(a_file(a_line(), line), ENTERPRISES)
    assert str(caught.value.errors[0]).startswith(message)


@pytest.mark.parametrize(
    ("octets", "message"),
    [
        (b"", "the file is empty"),
        (b"iccid,amount\n", "the heading must name"),
        (HEADING.encode() + b"\n\0", "a zero octet"),
        (HEADING.encode() + b"\n\xff\xff\xff", "neither UTF-8 nor GBK"),
    ],
)
def test_what_is_no_such_file_is_refused(octets: bytes, message: str) -> None:
    """A picture, an empty file, somebody else's table."""
    with pytest.raises(BadFile, match=message):
        read_transactions(octets, ENTERPRISES)


def test_a_row_that_the_books_refuse_rolls_the_whole_file_back() -> None:
    """All or nothing: half a file would be counted twice when it is sent again."""
    world = a_world()
    world.add_member(1, HUAXIN)
    upload = read_transactions(a_file(a_line(), a_line(iccid=iccid_of(9), counter="2")), ENTERPRISES)
    with pytest.raises(BadFile, match="line 3"):
        world.run(lambda connection, context: import_transactions(connection, context, upload))
    with world.reading() as connection:
        assert balance(connection, iccid=iccid_of(1), enterprise_id=HUAXIN) == 0


@pytest.mark.parametrize(("text", "fen"), [("0", 0), ("12", 1200), ("12.5", 1250), ("-0.05", -5), ("+1.00", 100)])
def test_amounts_are_read_as_fen(text: str, fen: int) -> None:
    """Money is an integer from the first moment."""
    assert parse_yuan(text) == fen
    assert parse_yuan(format_yuan(fen)) == fen


@pytest.mark.parametrize("text", ["", "1.234", "¥12", "1,000", "١٢", "nan", "12.", ".5", "1" * 11])
def test_what_is_no_amount_is_refused(text: str) -> None:
    """No guessing with money."""
    with pytest.raises(BadAmount):
        parse_yuan(text)
