"""The card at its contacts: files, records, PINs, channels, the transmission protocol; and nonsense."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stk_applet_sim.uicc.card import Uicc
from stk_applet_sim.uicc.files import Directory, build_tree
from stk_applet_sim.uicc.memory import AppletStorage, NonVolatile, PowerLoss
from stk_applet_sim.uicc.profile import CardProfile
from stk_applet_sim.uicc.toolkit import Flow
from telecom_codecs.card.fcp import Fcp, FileStructure
from telecom_codecs.card.identities import Iccid, Imsi, Msisdn
from telecom_codecs.cat import (
    CommandDetails,
    DisplayText,
    EventDownload,
    MenuSelection,
    SetUpMenu,
    SmsPpDownload,
    TerminalResponse,
    decode_proactive,
    encode_envelope,
)
from telecom_codecs.crypto.secret_key import KeySet, SecretKey
from telecom_codecs.sms.address import Address

from .issuing import NOON, TERMINAL, issue
from .ota import Platform, a_card, exchange

PIN1, WRONG_PIN, ADM = "31323334FFFFFFFF", "30303030FFFFFFFF", "3535363637373838"
USIM_AID = "A0000000871002FFFFFFFF8906190000"


def sw(card: Uicc, apdu: str) -> int:
    return int.from_bytes(card.process(bytes.fromhex(apdu))[-2:], "big")


def select(card: Uicc, *fids: str) -> None:
    for fid in fids:
        assert sw(card, f"00A4000C02{fid}") == 0x9000


# identity


def test_the_card_shows_its_identity() -> None:
    """ICCID, IMSI, MSISDN, SMSC where every reader looks for them, under both classes."""
    keys = KeySet(SecretKey(b"\x01" * 16), SecretKey(b"\x02" * 16), SecretKey(b"\x03" * 16))
    profile = CardProfile.named("ykt").with_identity(
        iccid=Iccid("89860098765432109876"),
        imsi=Imsi("460009876543210"),
        msisdn=Msisdn("8613912345678"),
        smsc=Address("8613010200500"),
        keys={1: keys},
    )
    card = a_card(profile)
    exchange(card, "00A40004022FE2")
    assert exchange(card, "00B0000000").data == Iccid("89860098765432109876").octets()
    assert card.iccid == Iccid("89860098765432109876")
    assert exchange(card, "A0A40000027F20").sw == 0x9000
    assert exchange(card, "A0A40000026F07").data[:4].hex() == "00000009"
    assert exchange(card, "A0B0000009").data == Imsi("460009876543210").octets()
    select(card, "3F00", "7F10", "6F40")
    number = exchange(card, "00B201041C").data
    assert number[-14:].hex() == "0891683119325476f8ffffffffff"
    select(card, "6F42")
    assert exchange(card, "00B201042A").data[-15:-3].hex() == "0891683110200005f0ffffff"
    assert Platform.of(card).run("B00001", "00A40004026F07", "00B0000009").data == Imsi("460009876543210").octets()


def test_cards_of_one_profile_share_what_they_do_not_change() -> None:
    """Two cards, one tree, one set of contents."""
    one = a_card(CardProfile.named("ykt").with_identity(imsi=Imsi("460001111111111")))
    two = a_card("ykt")
    assert one.profile.tree is two.profile.tree
    assert one.memory.delta == {}


def test_weak_and_plain_extend_ykt() -> None:
    """Three shipped profiles with their levels."""
    levels = {name: CardProfile.named(name).minimum_security for name in ("ykt", "plain", "weak")}
    assert levels == {"ykt": 0x16, "plain": 0x06, "weak": 0x16}
    assert not CardProfile.named("plain").has_menu
    with pytest.raises(FileNotFoundError):
        CardProfile.named("none")


def test_no_secret_is_printed() -> None:
    """repr of profile and PIN state carry neither keys nor digits."""
    profile = CardProfile.named("ykt")
    assert "594B54" not in (repr(profile) + repr(profile.keys[1])).upper()
    assert "1234" not in repr(a_card()._access.state(1))


# selection and the transmission protocol


@pytest.mark.parametrize("cla", ["00", "01"])
def test_select_tells_the_length_first(cla: str) -> None:
    """61xx, then GET RESPONSE on the same channel; a wrong length is corrected by 6Cxx and nothing is lost."""
    card = a_card()
    assert sw(card, "0070000101") == 0x9000
    first = card.process(bytes.fromhex(f"{cla}A40004023F00"))
    assert first[0] == 0x61
    assert sw(card, f"{cla}C00000FF") == 0x6C00 | first[1]
    fcp = Fcp.decode(card.process(bytes.fromhex(f"{cla}C00000") + first[1:])[:-2])
    assert (fcp.descriptor.structure, fcp.file_id) == (FileStructure.DF, 0x3F00)
    assert sw(card, f"{cla}C0000000") == 0x6985


def test_get_response_in_pieces() -> None:
    """Ten octets, then the rest."""
    card = a_card()
    total = card.process(bytes.fromhex("00A40004023F00"))[1]
    one = card.process(bytes.fromhex("00C000000A"))
    assert (one[-2], one[-1]) == (0x61, total - 10)
    two = card.process(bytes.fromhex("00C00000") + one[-1:])
    assert two[-2:] == b"\x90\x00"
    assert Fcp.decode(one[:-2] + two[:-2]).file_id == 0x3F00


@pytest.mark.parametrize(
    ("apdus", "status"),
    [
        (["00A40004020001"], 0x6A82),
        (["A0A40000020001"], 0x9404),
        (["00A4040407" + "A0000000871002"], 0x6100),
        (["00A4040410" + USIM_AID], 0x6100),
        (["00A404040A" + "A000000087FFFFFFFFFF"], 0x6A82),
        (["00A4040C04" + "A0000000"], 0x6A82),
        (["00A4040407A0000000871002", "00A40004027FFF"], 0x6100),
        (["00A40004027FFF"], 0x6A82),
        (["00A4080C047F206F07"], 0x9000),
        (["00A4000C027F20", "00A4090C026F07"], 0x9000),
        (["00A4080C037F206F"], 0x6700),
        (["00A4080C00"], 0x6700),
        (["00A4000C027F20", "00A4030C00"], 0x9000),
        (["00A4030C00"], 0x6A82),
        (["00A4000C027F20", "00A4000C027F10"], 0x9000),
        (["00A4000C027F20", "00A4000C026F07", "00A4000C026F46"], 0x9000),
        (["00A4020C027F20"], 0x6A86),
        (["00A40008027F20"], 0x6A86),
        (["00A4000C017F"], 0x6700),
        (["A0A400000100"], 0x6700),
        (["00A4040407A0000000871002", "00A4040607A0000000871002"], 0x6A82),
        (["00B0000001"], 0x6986),
        (["A0B0000001"], 0x9400),
        (["00B2010401"], 0x6986),
        (["00A4000C022FE2", "00B2010401"], 0x6981),
        (["00A4000C022F00", "00B0000001"], 0x6981),
        (["00A4000C022F00", "00B2030426"], 0x6A83),
        (["00A4000C022F00", "00B2010401"], 0x6C26),
        (["00A4000C022F00", "00B2010126"], 0x6A86),
        (["00B201F426"], 0x9000),  # SFI 1E
        (["00B2019426"], 0x6A82),
        (["00B0820000"], 0x6C0A),  # SFI 02
        (["00B082000A"], 0x9000),
        (["00B0A2000A"], 0x6A86),
        (["00A4000C022FE2", "00B0000A01"], 0x6B00),
        (["00A4000C022FE2", "00B000080A"], 0x6C02),
        (["00A4000C022FE2", "00D600000100"], 0x6982),
        (["A0A40000022FE2", "A0D600000100"], 0x9804),
        (["00A4000C027F20", "00A4000C026F38", "00D600000100"], 0x6982),
        (["80F2000000"], 0x6C00),
        (["80F2000C"], 0x9000),
        (["80F2000700"], 0x6A86),
        (["A0F2000016"], 0x9000),
        (["00F2000000"], 0x6D00),
        (["0088008100"], 0x6985),
        (["F0A4000000"], 0x6E00),
        (["04A4000C023F00"], 0x6882),
        (["02A4000C023F00"], 0x6881),
        (["00700000"], 0x6C01),
        (["0070000001"], 0x9000),
        (["00700003"], 0x9000),
        (["00700003", "00700003"], 0x6A86),
        (["00700003", "00708003"], 0x9000),
        (["00708003"], 0x6A86),
        (["00708000"], 0x6A86),
        (["0070400001"], 0x6A86),
        (["0084000008"], 0x9000),
        (["80AA000003A90100"], 0x9000),
        (["8012000010"], 0x6F00),
        (["8014000003810301"], 0x6A80),
        (["80C2000002D900"], 0x6A80),
        (["80C2000003FFFFFF"], 0x6A80),
        (["80C20000"], 0x6A80),
        (["8010000004FFFFFFFF"], 0x9000),
        (["00"], 0x6700),
        (["00A40004"], 0x6100),  # no identifier: the MF
        (["00A400040500"], 0x6700),
        (["00A400000001003F"], 0x6700),
    ],
)
def test_every_command_gets_its_status_word(apdus: list[str], status: int) -> None:
    """The last command of the row; of 61xx and 6Cxx the length is no matter here."""
    card = a_card("plain")
    answers = [sw(card, apdu) for apdu in apdus]
    if status & 0xFF == 0 and status >> 8 in (0x61, 0x6C):
        assert answers[-1] >> 8 == status >> 8
    else:
        assert f"{answers[-1]:04X}" == f"{status:04X}"


def test_all_four_channels_and_no_fifth() -> None:
    """The card chooses 1, 2, 3; then there is none left. Each has its own current file."""
    card = a_card()
    assert [card.process(bytes.fromhex("0070000001"))[0] for _ in range(3)] == [1, 2, 3]
    assert sw(card, "0070000001") == 0x6A81
    select(card, "2FE2")
    assert sw(card, "01B0000001") == 0x6986
    card.reset()
    assert sw(card, "01A4000C023F00") == 0x6881


def test_a_2g_terminal_sees_directories_its_way() -> None:
    """22 octets: free memory, identifier, type, PIN states."""
    card = a_card()
    first = card.process(bytes.fromhex("A0A40000027F20"))
    assert first.hex() == "9f16"
    answer = card.process(bytes.fromhex("A0C0000016"))[:-2]
    assert answer[4:7].hex() == "7f2002"
    assert answer[-4:].hex() == "838a838a"


# contents


def test_update_and_read_back() -> None:
    """A language chosen by the member survives power-off."""
    card = a_card()
    select(card, "7F59", "6F05")
    assert sw(card, "00D600000101") == 0x9000
    assert a_card(state=card.snapshot()).file(0x7F59, 0x6F05) == b"\x01"
    assert sw(card, "00D60000020101") == 0x6700
    assert sw(card, "00D600010101") == 0x6B00
    assert sw(card, "00D60000") == 0x6700


def test_records_by_pointer_and_number() -> None:
    """NEXT, PREVIOUS, CURRENT and absolute modes of a linear file; SEARCH RECORD finds a number."""
    card = a_card()
    select(card, "7F10", "6F3A")
    record = "41" * 28
    assert sw(card, "00DC02041C" + record) == 0x9000
    assert exchange(card, "00B200021C").data == b"\xff" * 28
    assert exchange(card, "00B200021C").data.hex() == record
    assert exchange(card, "00B200041C").data.hex() == record
    assert exchange(card, "00B200031C").data == b"\xff" * 28
    assert sw(card, "00B200031C") == 0x6A83
    assert exchange(card, "00A20104014100").data == b"\x02"
    assert sw(card, "00A201040155") == 0x6282
    assert sw(card, "00DC02041B" + "41" * 27) == 0x6700
    assert sw(card, "00DC0B041C" + record) == 0x6A83


def test_a_cyclic_file_keeps_the_newest_first() -> None:
    """UPDATE PREVIOUS writes over the oldest."""
    card = a_card()
    select(card, "7F10", "6F44")
    for number in range(7):
        assert sw(card, f"00DC00031C{number:02X}" + "00" * 27) == 0x9000
    assert [exchange(card, f"00B20{n}041C").data[0] for n in range(1, 6)] == [6, 5, 4, 3, 2]
    assert sw(card, "00DC01041C" + "00" * 28) == 0x6A86
    select(card, "6F3A", "6F44")
    assert [exchange(card, "00B200021C").data[0] for _ in range(6)] == [6, 5, 4, 3, 2, 6]


# PINs


def test_pin_protects_and_blocks() -> None:
    """Enabled PIN1: 6982 before, three wrong tries block, the unblock value opens again."""
    card = a_card()
    assert sw(card, "0028000108" + PIN1) == 0x9000
    card.reset()
    select(card, "7F20", "6F07")
    assert sw(card, "00B0000009") == 0x6982
    assert sw(card, "00200001") == 0x63C3
    assert [sw(card, "0020000108" + WRONG_PIN) for _ in range(4)] == [0x63C2, 0x63C1, 0x63C0, 0x6983]
    assert sw(card, "0020000108" + PIN1) == 0x6983
    assert sw(card, "002C000100") == 0x63CA
    assert sw(card, "002C000110" + WRONG_PIN + PIN1) == 0x63C9
    assert sw(card, "002C000110" + "3132333435363738" + "39393939FFFFFFFF") == 0x9000
    assert exchange(card, "00B0000009").sw == 0x9000
    card.reset()
    assert sw(card, "0020000108" + "39393939FFFFFFFF") == 0x9000


def test_pin_can_be_changed_and_switched() -> None:
    """Disabled PIN: verifying and changing are 6984; class A0 speaks 98xx."""
    card = a_card()
    assert sw(card, "0020000108" + PIN1) == 0x6984
    assert sw(card, "A020000108" + PIN1) == 0x9808
    assert sw(card, "0026000108" + PIN1) == 0x6984
    assert sw(card, "0028000108" + WRONG_PIN) == 0x63C2
    assert sw(card, "0028000108" + PIN1) == 0x9000
    assert sw(card, "0024000110" + PIN1 + "3434343434343434") == 0x9000
    assert sw(card, "A020000108" + PIN1) == 0x9804
    assert sw(card, "0020000108" + "3434343434343434") == 0x9000
    assert sw(card, "0026000108" + "3434343434343434") == 0x9000
    assert sw(card, "0026008108" + PIN1) == 0x6A86
    assert sw(card, "0020000208" + PIN1) == 0x6A88
    assert sw(card, "0020010108" + PIN1) == 0x6A86
    assert sw(card, "0020000104" + "31323334") == 0x6700
    assert sw(card, "0024000108" + PIN1) == 0x6700
    assert sw(card, "002C000108" + PIN1) == 0x6700


def test_adm_opens_what_is_the_issuers() -> None:
    """Writing EF.SPN wants ADM; power-off closes it again."""
    card = a_card()
    select(card, "7F20", "6F46")
    assert sw(card, "00D600000102") == 0x6982
    assert sw(card, "0020000A08" + ADM) == 0x9000
    assert sw(card, "00D600000102") == 0x9000
    card.reset()
    select(card, "7F20", "6F46")
    assert sw(card, "00D600000102") == 0x6982


def test_a_try_is_paid_before_it_is_judged() -> None:
    """Cutting the power at a wrong guess does not give the guess back."""
    card = a_card()
    assert sw(card, "0028000108" + PIN1) == 0x9000
    card.memory.tear_at = card.memory.writes + 2
    with pytest.raises(PowerLoss):
        sw(card, "0020000108" + PIN1)  # the second write would have restored the tries
    assert sw(a_card(state=card.snapshot()), "00200001") == 0x63C2


# toolkit


def test_no_proactive_command_before_the_profile() -> None:
    """A reader without toolkit never meets 91xx; a phone does."""
    card = a_card()
    card.toolkit.register_menu("一卡通", [(1, "余额查询")], lambda item, wants_help: None)
    assert sw(card, "00A4000C023F00") == 0x9000
    answer = card.process(bytes.fromhex("8010000004FFFFFFFF"))
    assert answer[0] == 0x91
    command = card.process(bytes.fromhex("80120000") + answer[1:])
    assert isinstance(decode_proactive(command[:-2]), SetUpMenu)


def test_a_selection_during_a_session_is_told_to_wait() -> None:
    """93 00 while a command is on its way, an unknown item 6A80, events are taken."""
    card = a_card()

    def flow() -> Flow:
        yield DisplayText("hello")

    card.toolkit.register_menu("m", [(1, "a")], lambda item, wants_help: flow() if item == 1 else None, announced=False)
    sw(card, "8010000004FFFFFFFF")
    envelope = encode_envelope(MenuSelection(1)).hex()
    start = f"80C20000{len(envelope) // 2:02X}{envelope}"
    announced = sw(card, start)
    assert announced >> 8 == 0x91
    assert sw(card, start) == 0x9300
    assert sw(card, f"80120000{announced & 0xFF:02X}") == 0x9000
    response = TerminalResponse(CommandDetails(1, 0x21, 0x80)).encode().hex()
    sw(card, f"80140000{len(response) // 2:02X}{response}")
    unknown = encode_envelope(MenuSelection(9)).hex()
    assert sw(card, f"80C20000{len(unknown) // 2:02X}{unknown}") == 0x6A80
    event = encode_envelope(EventDownload((5,))).hex()
    assert sw(card, f"80C20000{len(event) // 2:02X}{event}") == 0x9000


# state


def test_the_applet_storage_keeps_octets_and_plain_values() -> None:
    """A dictionary that survives power-off."""
    card = a_card()
    card.storage["request"] = 7
    card.storage["queue"] = [{"serial": "01"}]
    card.storage["octets"] = b"\x00\x01"
    card.storage["gone"] = "x"
    del card.storage["gone"]
    again = a_card(state=card.snapshot()).storage
    assert dict(again) == {"request": 7, "queue": [{"serial": "01"}], "octets": b"\x00\x01"}
    assert len(again) == 3
    with pytest.raises(KeyError):
        del again["gone"]


def test_a_snapshot_restores_the_whole_card() -> None:
    """Applications, balances, counters, files."""
    platform = Platform.of(a_card())
    application = issue(platform)
    application.tap_load(700, TERMINAL, NOON)
    again = a_card(state=platform.card.snapshot())
    [restored] = again.enterprise_applications()
    assert (restored.balance, restored.records) == (700, application.records)
    assert again.counter(1) == platform.counter
    with pytest.raises(ValueError, match="snapshot"):
        a_card(state=b"[]")


def test_memory_drops_a_failed_transaction() -> None:
    """All or nothing, and names come back sorted."""
    memory = NonVolatile({"a": b"1"})

    def fail() -> None:
        with memory.transaction():
            memory.write("b", b"2")
            memory.delete("a")
            assert memory.names("") == ("b",)
            raise ValueError

    with pytest.raises(ValueError):
        fail()
    assert memory.names("") == ("a",)
    assert AppletStorage(memory, "x").get("y") is None


def test_a_contradictory_profile_is_refused() -> None:
    """The same file twice; content longer than its size; records without length."""
    for files in (
        [{"fid": "6F01", "name": "A", "size": 1}, {"fid": "6F01", "name": "B", "size": 1}],
        [{"fid": "6F01", "name": "A", "size": 1, "content": "0000"}],
        [{"fid": "6F01", "name": "A", "structure": "linear", "size": 5}],
    ):
        with pytest.raises(ValueError, match=r"twice|disagree"):
            build_tree({"fid": "3F00", "name": "MF", "files": files})
    with pytest.raises(KeyError):
        CardProfile.from_json(json.dumps({"extends": "ykt", "keys": [{}]}))


# nonsense

octets = st.binary(max_size=40)
headers = st.builds(
    lambda cla, ins, p1, p2, data: bytes([cla, ins, p1, p2]) + data,
    st.sampled_from([0x00, 0x01, 0x80, 0xA0, 0x84, 0x40]),
    st.sampled_from(
        [
            0xA4,
            0xB0,
            0xB2,
            0xD6,
            0xDC,
            0xA2,
            0xF2,
            0xC0,
            0x20,
            0x24,
            0x26,
            0x28,
            0x2C,
            0x10,
            0x12,
            0x14,
            0xC2,
            0x70,
            0x84,
            0xCA,
            0xE6,
            0xE2,
            0xE4,
            0xAA,
            0x5A,
            0x5C,
            0x5E,
            0x88,
            0x50,
            0x82,
            0xD8,
        ]
    ),
    st.integers(0, 255) | st.sampled_from([0, 4, 8, 9]),
    st.integers(0, 255) | st.sampled_from([0, 2, 3, 4, 12]),
    octets.map(lambda data: bytes([len(data)]) + data if data else b"") | octets,
)
fids = st.sampled_from([node.fid for node in CardProfile.named("ykt").tree.root.walk()])
selects = fids.map(lambda fid: b"\x00\xa4\x00\x0c\x02" + fid.to_bytes(2, "big")) | st.just(
    bytes.fromhex("00A4040008A000000151000000")
)


@settings(max_examples=120, deadline=None)
@given(st.lists(octets | headers | selects, max_size=12), st.sampled_from(["ykt", "plain", "weak"]))
def test_any_octets_get_a_status_word(apdus: list[bytes], name: str) -> None:
    """No exception escapes, no command is longer than a short answer, and the OTA counters stay."""
    card = a_card(name)
    card.toolkit.register_menu("m", [(1, "a")], lambda item, wants_help: None)
    issue_free = [card.counter(index) for index in card.profile.keys]
    for apdu in apdus:
        answer = card.process(apdu)
        assert 2 <= len(answer) <= 258
        assert answer[-2] >> 4 in (6, 9)
    assert [card.counter(index) for index in card.profile.keys] == issue_free


@settings(max_examples=120, deadline=None)
@given(st.binary(max_size=120), st.sampled_from(["", "027000", "0700030102017000", "050003010202"]))
def test_any_short_message_gets_an_answer(body: bytes, header: str) -> None:
    """Garbage in SMS-PP DOWNLOAD: a status word, and nothing on the card changes."""
    card = a_card("weak")
    before = card.snapshot()
    tpdu = bytes.fromhex("400b916808000168f67ff662112200000023") + bytes([len(bytes.fromhex(header)) + len(body)])
    envelope = encode_envelope(SmsPpDownload(None, tpdu + bytes.fromhex(header) + body))
    answer = card.process(bytes([0x80, 0xC2, 0, 0, len(envelope)]) + envelope)
    assert answer[-2] >> 4 in (6, 9)
    assert card.snapshot() == before


@settings(max_examples=80, deadline=None)
@given(
    st.sampled_from(["000000", "B00010", "B00011", "594B01"]), st.binary(max_size=100) | st.lists(headers).map(b"".join)
)
def test_any_authentic_script_gets_a_proof(tar: str, script: bytes) -> None:
    """Whatever a key holder sends: PoR 00 with a compact response, the card goes on."""
    platform = Platform.of(a_card(), spi="1639")
    issue(platform)
    response = platform.send(tar, script)
    assert response.authentic
    assert response.packet.status == 0
    assert len(response.packet.data) >= 3
    assert platform.run("000000", "80CA00E000").sw == 0x9000


def test_the_tree_names_every_file_once() -> None:
    """A card's files in order, for tools."""
    names = [node.name for node in CardProfile.named("ykt").tree.root.walk() if isinstance(node, Directory)]
    assert names == ["MF", "DF.TELECOM", "DF.GSM", "ADF.USIM", "DF.GSM-ACCESS", "DF.ONECARD"]
