"""Orders to an enterprise application, its answer, its records, and what it is installed with."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from telecom_codecs.card.apdu import CommandApdu
from telecom_codecs.card.identities import Aid, Tar
from telecom_codecs.crypto.key_derivation import KeyUsage
from telecom_codecs.errors import CodecError, LocalError, RemoteError
from telecom_codecs.onecard.enterprise_answer import CardStatus, EnterpriseAnswer
from telecom_codecs.onecard.install import ApplicationKeys, ApplicationParameters, WrappedKey
from telecom_codecs.onecard.names import (
    APPLICATION_MODULE,
    CARD_MANAGER_AID,
    LOAD_FILE,
    MENU_AID,
    MENU_MODULE,
    TAR_CARD_MANAGER,
    TAR_MENU,
    TAR_PLATFORM,
    application_aid,
    application_tar,
    decode_application_aid,
    slot_of,
)
from telecom_codecs.onecard.orders import (
    GET_RESPONSE,
    Administration,
    NumberedLoad,
    Order,
    Query,
    ReadRecord,
    covered_by_mac,
)
from telecom_codecs.onecard.records import NO_TIME, Record, RecordType, is_bcd_time
from telecom_codecs.onecard.rights import LifeCycle, Rights, keys_of

from .rows import AID, ICCID, mac_of, octets_of, rows

ORDERS, ANSWERS, RECORDS = rows("onecard_order"), rows("onecard_enterprise_answer"), rows("onecard_record")
PARAMETERS, KEYS = rows("onecard_parameters"), rows("onecard_keys")


# names


def test_names_are_those_of_the_page() -> None:
    """§1, copied by hand."""
    assert [str(aid) for aid in (LOAD_FILE, MENU_MODULE, APPLICATION_MODULE, MENU_AID, CARD_MANAGER_AID)] == [
        "F0594B54310000",
        "F0594B54310001",
        "F0594B54310002",
        "F0594B5431000100000000594B540000",
        "A000000151000000",
    ]
    assert [str(tar) for tar in (TAR_CARD_MANAGER, TAR_MENU, TAR_PLATFORM)] == ["000000", "594B54", "594B80"]


@pytest.mark.parametrize("slot", range(1, 9))
def test_a_slot_has_its_tar_in_its_aid(slot: int) -> None:
    """And both lead back to it."""
    aid, tar = application_aid(1001, slot), application_tar(slot)
    assert str(aid) == f"F0594B54310002000003E9594B0{slot}0000"
    assert str(tar) == f"594B0{slot}"
    assert decode_application_aid(aid) == (1001, slot)
    assert slot_of(tar) == slot


@pytest.mark.parametrize(("enterprise", "slot"), [(0, 1), (1 << 32, 1), (1001, 0), (1001, 9)])
def test_what_no_card_has_is_not_named(enterprise: int, slot: int) -> None:
    """Enterprise 0, a ninth slot."""
    with pytest.raises(LocalError):
        application_aid(enterprise, slot)


def test_other_names_are_not_those_of_an_application() -> None:
    """Menu, package, a slot too far, reserved octets that are not zero."""
    for aid in (MENU_AID, LOAD_FILE, Aid(AID.octets[:13] + b"\x09\0\0"), Aid(AID.octets[:-1] + b"\x01")):
        with pytest.raises(RemoteError):
            decode_application_aid(aid)
    assert [slot_of(tar) for tar in (TAR_MENU, TAR_PLATFORM, Tar(bytes.fromhex("594B09")))] == [None, None, None]


@pytest.mark.parametrize(
    ("rights", "keys"),
    [
        (Rights.DOOR, {KeyUsage.DOOR}),
        (Rights.ATTENDANCE, {KeyUsage.ATTENDANCE}),
        (Rights.PURSE, {KeyUsage.PURCHASE}),
        (Rights(7), {KeyUsage.PURCHASE, KeyUsage.ATTENDANCE, KeyUsage.DOOR}),
    ],
)
def test_a_right_brings_its_key(rights: Rights, keys: set[KeyUsage]) -> None:
    """§5: load and TAC keys always."""
    assert set(keys_of(rights)) == {KeyUsage.LOAD, KeyUsage.TAC} | keys
    assert [int(life) for life in LifeCycle] == [0x07, 0x0F, 0x1F, 0x2F, 0x3F]


# orders


def order_of(row: dict[str, Any]) -> NumberedLoad | Query | Administration | ReadRecord:
    match row["order"]:
        case "load":
            until = bytes.fromhex(row["valid_until"])
            return NumberedLoad(row["old_rsn"], row["rsn"], row["amount_fen"], row["job_reference"], until)
        case "query":
            return Query(bytes.fromhex(row["challenge"]))
        case "administration":
            return Administration(Order(row["p1"]), row["job_reference"])
    return ReadRecord(row["number"])


@pytest.mark.parametrize("row", ORDERS)
def test_orders_are_written_and_read_as_the_page_says(row: dict[str, Any]) -> None:
    """Header, fields and MAC; the MAC is openssl's."""
    order, apdu = order_of(row), CommandApdu.decode(octets_of(row))
    if isinstance(order, NumberedLoad | Administration):
        assert order.apdu(mac_of) == apdu
        assert type(order).decode(apdu) == (order, apdu.data[-8:])
        assert mac_of(covered_by_mac(apdu)) == apdu.data[-8:]
    else:
        assert order.apdu() == apdu
    if isinstance(order, Query):
        assert Query.decode(apdu) == order


def test_every_order_has_a_row_worked_by_hand() -> None:
    """Load, query, each administrative order, read."""
    orders = [order_of(row.values[0]) for row in ORDERS]
    assert {type(order) for order in orders} == {NumberedLoad, Query, Administration, ReadRecord}
    assert {order.order for order in orders if isinstance(order, Administration)} == set(Order)
    assert GET_RESPONSE.encode() == bytes.fromhex("00C0000000")


@pytest.mark.parametrize("row", [row for row in ORDERS if row.values[0]["order"] != "read"])
def test_an_order_cut_or_lengthened_or_under_another_header_is_refused(row: dict[str, Any]) -> None:
    """At every length of its data."""
    apdu, kind = CommandApdu.decode(octets_of(row)), type(order_of(row))
    assert not isinstance(kind, ReadRecord)
    wrong = [replace(apdu, data=apdu.data[:cut]) for cut in range(len(apdu.data))]
    wrong += [replace(apdu, data=apdu.data + b"\0"), replace(apdu, cla=0), replace(apdu, ins=0x50)]
    wrong += [replace(apdu, p1=9), replace(apdu, p2=9)]
    for one in wrong:
        with pytest.raises(RemoteError):
            kind.decode(one)  # type: ignore[union-attr]  # READ RECORD has none, and is not among these rows


def test_reserved_octets_are_ignored_and_covered() -> None:
    """A sender of a later version may fill them; the MAC must be over what was sent."""
    apdu = CommandApdu.decode(bytes.fromhex("805E010010 00004712 000000FF 0102030405060708"))
    assert Administration.decode(apdu)[0] == Administration(Order.CLOSE, 0x4712)
    assert covered_by_mac(apdu).endswith(b"\xff")


@pytest.mark.parametrize(
    "write",
    [
        lambda: NumberedLoad(0, 1 << 32, 1, 1).apdu(mac_of),
        lambda: NumberedLoad(0, 1, -1, 1).apdu(mac_of),
        lambda: NumberedLoad(0, 1, 1, 1, b"\x20\x26\x0a\x01").apdu(mac_of),
        lambda: NumberedLoad(0, 1, 1, 1).apdu(lambda covered: covered),
        lambda: Administration(Order.CLOSE, 1 << 32).apdu(mac_of),
        lambda: Query(bytes(7)).apdu(),
        lambda: ReadRecord(256).apdu(),
    ],
)
def test_an_order_that_does_not_fit_is_not_sent(write: Any) -> None:
    """The caller's error."""
    with pytest.raises(LocalError):
        write()


def test_a_limit_that_is_no_date_is_refused() -> None:
    """BCD knows no A."""
    apdu = CommandApdu.decode(octets_of(ORDERS[0].values[0]))
    with pytest.raises(RemoteError, match="BCD"):
        NumberedLoad.decode(replace(apdu, data=apdu.data[:12] + b"\x20\x26\x0a\x01" + apdu.data[16:]))


# the answer


def answer_of(row: dict[str, Any]) -> EnterpriseAnswer:
    names = ("status", "rsn", "amount_fen", "job_reference", "balance_fen", "offline_counter")
    return EnterpriseAnswer(*(row[name] for name in names))


@pytest.mark.parametrize("row", ANSWERS)
def test_the_answer_is_27_octets_under_a_tac(row: dict[str, Any]) -> None:
    """Both ways; the TAC is openssl's, over the 19 octets and the challenge of a query."""
    answer, octets = answer_of(row), octets_of(row)
    tac = mac_of(answer.signed_octets() + bytes.fromhex(row.get("challenge", "")))
    assert answer.encode(tac) == octets
    assert EnterpriseAnswer.decode(octets) == (answer, tac)
    for wrong in (*(octets[:cut] for cut in range(len(octets))), octets + b"\0"):
        with pytest.raises(RemoteError):
            EnterpriseAnswer.decode(wrong)


@pytest.mark.parametrize("status", [*CardStatus, 0x08, 0xFF])
def test_every_status_survives(status: int) -> None:
    """Also one that no table knows: §6.2 makes it a refusal, not an unreadable answer."""
    octets = bytes((status,)) + bytes(26)
    answer, tac = EnterpriseAnswer.decode(octets)
    assert (answer.status, answer.encode(tac)) == (status, octets)


def test_an_answer_that_does_not_fit_is_not_written() -> None:
    """A counter of three octets, a TAC of seven."""
    with pytest.raises(LocalError):
        EnterpriseAnswer(0, 0, 0, 0, 0, 0x10000).encode(bytes(8))
    with pytest.raises(LocalError):
        EnterpriseAnswer(0, 0, 0, 0, 0, 0).encode(bytes(7))


# records


def record_of(row: dict[str, Any]) -> Record:
    time, terminal = bytes.fromhex(row["time"]), bytes.fromhex(row["terminal"])
    return Record(RecordType(row["record_type"]), row["counter"], row["amount"], row["balance"], time, terminal)


@pytest.mark.parametrize("row", RECORDS)
def test_records_are_24_octets(row: dict[str, Any]) -> None:
    """Both ways; cut anywhere or with a tail they are none."""
    record, octets = record_of(row), octets_of(row)
    assert record.encode() == octets
    assert Record.decode(octets) == record
    assert record.job_reference == (0x4711 if record.type == RecordType.LOAD else None)
    for wrong in (*(octets[:cut] for cut in range(24)), octets + b"\0"):
        with pytest.raises(RemoteError):
            Record.decode(wrong)


def test_every_type_of_record_has_a_row_worked_by_hand() -> None:
    """And one that a later version adds is kept as it is (§7)."""
    assert {record_of(row.values[0]).type for row in RECORDS} == set(RecordType)
    later = b"\x06" + bytes(23)
    assert Record.decode(later).type == 6
    assert Record.decode(later).encode() == later


def test_the_tac_of_a_tap_is_over_the_record() -> None:
    """§7; openssl's octets for the purchase of the rows."""
    assert mac_of(octets_of(RECORDS[1].values[0])).hex() == "1ed74d13ef27884b"


def test_a_record_that_is_none_is_not_written() -> None:
    """A time of letters, a terminal of five octets, a balance below zero."""
    good = record_of(RECORDS[1].values[0])
    for wrong in (
        replace(good, time=b"\xff" * 7),
        replace(good, terminal=bytes(5)),
        replace(good, balance=-1),
        replace(good, counter=0x10000),
    ):
        with pytest.raises(LocalError):
            wrong.encode()
    with pytest.raises(RemoteError, match="BCD"):
        Record.decode(good.encode()[:11] + bytes.fromhex("20261322123045") + good.terminal)


@pytest.mark.parametrize(
    ("time", "good"),
    [
        ("20261122123045", True),
        ("20260101000000", True),
        ("20261301000000", False),
        ("20260100000000", False),
        ("20260101240000", False),
        ("20260101006000", False),
        ("20260101000060", False),
        ("2026010100000A", False),
        ("202601010000", False),
    ],
)
def test_a_time_is_digits_of_a_day_that_exists(time: str, good: bool) -> None:
    """YYYYMMDDhhmmss; all zero is "none", which is not a time."""
    assert is_bcd_time(bytes.fromhex(time)) is good
    assert not is_bcd_time(NO_TIME)


# installing


def parameters_of(row: dict[str, Any]) -> ApplicationParameters:
    return ApplicationParameters(row["enterprise_id"], row["slot"], Rights(row["rights"]), row["title"], row["cap_fen"])


@pytest.mark.parametrize("row", PARAMETERS)
def test_parameters_are_written_and_read_as_the_page_says(row: dict[str, Any]) -> None:
    """A cap of 0 stands for 100,000; an object EF behind is ignored."""
    parameters, octets = parameters_of(row), octets_of(row)
    assert parameters.encode() == octets
    assert ApplicationParameters.decode(octets) == parameters
    assert ApplicationParameters.decode(octets + bytes.fromhex("EF00")) == parameters
    assert parameters.highest_fen == (row["cap_fen"] or 100_000)


@pytest.mark.parametrize("row", PARAMETERS)
def test_parameters_cut_or_lengthened_anywhere_are_refused(row: dict[str, Any]) -> None:
    """Inside C9, and C9 itself."""
    octets = octets_of(row)
    value = octets[2:]
    for wrong in (*(value[:cut] for cut in range(len(value))), value + b"\0"):
        with pytest.raises(RemoteError):
            ApplicationParameters.decode(b"\xc9" + bytes((len(wrong),)) + wrong)
    for cut in range(len(octets)):
        with pytest.raises(RemoteError):
            ApplicationParameters.decode(octets[:cut])


@pytest.mark.parametrize(
    "value",
    [
        "02 000003E9 02 07 00000000 00",  # version
        "01 00000000 02 07 00000000 00",  # no enterprise
        "01 000003E9 00 07 00000000 00",  # slot 0
        "01 000003E9 09 07 00000000 00",  # slot 9
        "01 000003E9 02 00 00000000 00",  # no right
        "01 000003E9 02 08 00000000 00",  # a right nobody knows
        "01 000003E9 02 07 00000000 01 41",  # half a character
        "01 000003E9 02 07 00000000 02 D83D",  # half a pair
        "01 000003E9 02 07 00000000 12" + "534E" * 9,  # nine characters
    ],
)
def test_parameters_that_the_card_answers_6a80_are_refused(value: str) -> None:
    """Each field beside its table."""
    octets = bytes.fromhex(value)
    with pytest.raises(CodecError):
        ApplicationParameters.decode(b"\xc9" + bytes((len(octets),)) + octets)


@pytest.mark.parametrize(
    "changes",
    [
        {"enterprise_id": 0},
        {"slot": 9},
        {"rights": Rights(0)},
        {"name": "长" * 9},
        {"name": "\ud83d"},
        {"cap_fen": 1 << 32},
    ],
)
def test_parameters_that_no_card_takes_are_not_sent(changes: dict[str, Any]) -> None:
    """6A80 says nothing of what is wrong; these errors do."""
    with pytest.raises(LocalError):
        replace(ApplicationParameters(1001, 2, Rights(7), "华信"), **changes).encode()


@pytest.mark.parametrize("row", KEYS)
def test_keys_are_one_dgi(row: dict[str, Any]) -> None:
    """Both ways, and never in a repr; cut anywhere they are refused."""
    keys = ApplicationKeys(
        row["version"],
        tuple(
            WrappedKey(KeyUsage(key["usage"]), bytes.fromhex(key["cryptogram"]), bytes.fromhex(key["check_value"]))
            for key in row["keys"]
        ),
    )
    octets = octets_of(row)
    assert keys.encode() == octets
    assert ApplicationKeys.decode(octets) == keys
    assert "cryptogram" not in repr(keys)
    for cut in range(len(octets)):
        with pytest.raises(RemoteError):
            ApplicationKeys.decode(octets[:cut])


@pytest.mark.parametrize(
    "octets",
    [
        "8202 01 01",  # another DGI
        "8201 01 01 8201 01 01",  # two of them
        "8201 15 01 06" + "00" * 19,  # a usage nobody knows
        "8201 29 01" + ("01" + "00" * 19) * 2,  # the load key twice
    ],
)
def test_keys_that_the_card_answers_6a80_are_refused(octets: str) -> None:
    """Nothing is stored of them."""
    with pytest.raises(RemoteError):
        ApplicationKeys.decode(bytes.fromhex(octets))


def test_all_five_keys_are_101_octets() -> None:
    """§5 says so of the value: 1 + 5 × 20."""
    keys = tuple(WrappedKey(usage, bytes(16), bytes(3)) for usage in keys_of(7))
    assert len(ApplicationKeys(1, keys).encode()) == 3 + 101
    with pytest.raises(LocalError):
        ApplicationKeys(1, (WrappedKey(KeyUsage.LOAD, bytes(8), bytes(3)),)).encode()


def test_one_card_has_one_iccid_everywhere() -> None:
    """§1: the octets of EF.ICCID."""
    assert ICCID.octets().hex() == "98680021436587092143"
