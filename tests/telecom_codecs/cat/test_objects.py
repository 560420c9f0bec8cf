"""Every data object: at least one row, read and written, and what its table refuses.

Rows are worked by hand from the tables of TS 102 223 §8 and TS 31.111 §8; those that foreign vectors prove as well
(test_cat_vectors.py) stand here for their values.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from telecom_codecs.cat import (
    FACILITIES,
    CommandType,
    ControlVerdict,
    DataObject,
    Device,
    DisplayText,
    EnvelopeTag,
    Event,
    GeneralResult,
    GetInkey,
    GetInput,
    LocationStatus,
    MoreTime,
    OpenChannel,
    PlayTone,
    ProactiveCommand,
    RefreshCommand,
    SelectItem,
    SendData,
    SendShortMessage,
    SetUpCall,
    SetUpMenu,
    TerminalProfile,
    TextSpan,
    TimerAction,
    TimerManagement,
    TimeUnit,
    ToneName,
    Verdict,
    decode_envelope,
    decode_objects,
    decode_proactive,
    encode_envelope,
    encode_objects,
    encode_proactive,
    registered_commands,
    registered_envelopes,
    registered_objects,
    texts,
)
from telecom_codecs.cat import channel_objects as channel
from telecom_codecs.cat import context_objects as context
from telecom_codecs.cat import core_objects as core
from telecom_codecs.cat import device_objects as device
from telecom_codecs.cat import display_objects as display
from telecom_codecs.cat import network_objects as network
from telecom_codecs.cat import state_objects as state
from telecom_codecs.cat.names import AccessTechnologyName, AddressType, BearerType, TransportProtocol
from telecom_codecs.cat.profile import NUMBERS
from telecom_codecs.cat.shapes import OctetsObject
from telecom_codecs.errors import CodecError, LocalError, RemoteError
from telecom_codecs.sms.address import Address
from telecom_codecs.sms.ucs2 import AlphaForm

ROWS: list[tuple[DataObject, str]] = [
    (core.CommandDetails(1, CommandType.SELECT_ITEM, 0x80), "012480"),
    (core.CommandDetails(254, 0x7E, 0), "fe7e00"),
    (core.DeviceIdentities(Device.UICC, Device.CHANNEL_1), "8121"),
    (core.Result(GeneralResult.TERMINAL_UNABLE, b"\x01"), "2001"),
    (core.Duration(TimeUnit.TENTHS, 5), "0205"),
    (core.DiallingAddress(Address("8613800100500")), "91683108100005f0"),
    (core.DiallingAddress(Address("*21#a", ton=0)), "812ab1fc"),  # * is A, # is B, a (pause) is C
    (core.DiallingAddress(Address("123", ton=5, npi=0)), "d021f3"),  # digits under any type of number
    (core.DiallingAddress(Address("12345678", 0, 0), extension=False), "0021436587"),
    (core.CapabilityConfiguration(b"\x01\xa0"), "01a0"),
    (core.Subaddress(b"\x80\x50"), "8050"),
    (core.ItemIdentifier(3), "03"),
    (core.ResponseLength(1, 255), "01ff"),
    (core.SmsTpdu(b"\x01\x00"), "0100"),
    (core.FileList(()), "00"),
    (core.FileList((b"\x3f\x00\x2f\xe2",)), "013f002fe2"),
    (
        core.FileList((b"\x3f\x00\x7f\xff\x6f\x07", b"\x7f\xff\x6f\x08", b"\x3f\x00\x2f\x05")),
        "033f007fff6f077fff6f083f002f05",
    ),
    (core.EventList((Event.MT_CALL, 0x7F)), "007f"),
    (core.DtmfString("1a2"), "c1f2"),
    (core.ApplicationIdentifier(bytes.fromhex("a0000000871002")), "a0000000871002"),
    (display.Tone(ToneName.GENERAL_BEEP), "10"),
    (display.Tone(0x7F), "7f"),
    (display.HelpRequest(), ""),
    (display.ItemsNextAction((CommandType.SEND_SS, 0)), "1100"),
    (display.Icon(5, 1), "0105"),
    (display.ItemIcons((5, 6), 0), "000506"),
    (display.ImmediateResponse(), ""),
    (display.TextAttribute((TextSpan(0, 10, 1, 0xB4),)), "000a01b4"),
    (display.ItemTextAttributes((TextSpan(0, 6, 0, 0xB4), TextSpan(1, 2, 3, 4))), "000600b401020304"),
    (display.FrameIdentifier(2), "02"),
    (texts.AlphaIdentifier("Menu"), "4d656e75"),
    (texts.AlphaIdentifier("你好"), "804f60597d"),
    (texts.AlphaIdentifier("Привет", texts.AlphaCoding(AlphaForm.UCS2)), "80041f04400438043204350442"),
    (texts.Item(7, "充值"), "07805145503c"),
    (texts.Item(0, ""), ""),
    (texts.TextString("余额", 0x08), "084f59989d"),
    (texts.TextString("", None), ""),
    (texts.TextString("", 0x04), "04"),
    (texts.TextString("Toolkit Test 3", 0x00), "00d4f79bbd4ed341d4f29c0e9a01"),
    (texts.TextString("UserLog", 0xF4), "f4557365724c6f67"),
    (texts.TextString("1234567", 0x00), "0031d98c56b3dd00"),  # seven septets leave seven bits of fill
    (texts.DefaultText("50", 0x04), "043530"),
    (texts.UssdString("*100#", 0x0F), "0faa180c3602"),
    (texts.UssdString("КОД", 0x48), "48041a041e0414"),
    (texts.UssdString("AB", 0x44), "444142"),
    (network.LocationInformation("46000", bytes.fromhex("1234"), bytes.fromhex("abcd")), "64f0001234abcd"),
    (network.LocationInformation("310410", b"\x00\x01", bytes(4)), "130014000100000000"),
    (network.LocationInformation("46000", b"\x00\x00\x01", bytes(5)), "64f0000000010000000000"),
    (network.NetworkMeasurementResults(b"\x34\x34"), "3434"),
    (network.BcchChannelList((561, 3)), "8c4030"),  # ten bits each, four bits of fill
    (network.Cause(b"\x60\x90"), "6090"),
    (network.LocationStatusObject(LocationStatus.NO_SERVICE), "02"),
    (network.TransactionIdentifiers((0x80,)), "80"),
    (network.TimingAdvance(1, 63), "013f"),
    (network.AccessTechnology((AccessTechnologyName.E_UTRAN,)), "08"),
    (network.MeasurementQualifier(5), "05"),
    (network.RoutingArea("46000", 0x1234, 1), "64f000123401"),
    (network.UpdateAttachType(9), "09"),
    (network.RejectionCause(11), "0b"),
    (network.TrackingArea("00101", b"\x00\x01"), "00f1100001"),
    (network.PlmnAccessTechnologies(bytes.fromhex("64f0004000")), "64f0004000"),
    (network.PlmnList(("46000", "310410")), "64f000130014"),
    (network.SsString(Address("**21*01#")), "91aa120ab1"),
    (network.CellBroadcastPage(bytes(88)), "00" * 88),
    (network.RequestedAction(b"\x01"), "01"),
    (network.BcRepeatIndicator(1), "01"),
    (state.Imei("123456789012345"), "1a32547698103254"),  # bits 3-1 of the first octet: IMEI; bit 4: odd
    (state.ImeiSv("1234567890123456"), "1332547698103254f6"),
    (state.TimerIdentifier(8), "08"),
    (state.TimerValue(0, 2, 0), "002000"),
    (state.DateTimeZone(2, 5, 7, 14, 8, 17, None), "205070418071ff"),
    (state.DateTimeZone(10, 10, 12, 12, 3, 59, 32), "01012121309523"),  # eight hours east
    (state.DateTimeZone(10, 10, 12, 12, 3, 59, -20), "0101212130950a"),  # five hours west: bit 4 set
    (state.Language("zh"), "7a68"),
    (state.DisplayParameters(b"\x08\x10\x00"), "081000"),
    (state.ElectronicSerialNumber(0x01020304), "01020304"),
    (state.BatteryState(4), "04"),
    (state.BrowsingStatus(b"\x04"), "04"),
    (state.NetworkSearchMode(1), "01"),
    (state.MobileEquipmentIdentifier(bytes(8)), "00" * 8),
    (device.CardReaderStatus(1, True, True, True, True, False), "79"),
    (device.CardReaderStatus(1, False, False, False, False, True), "81"),
    (device.AtCommand("AT+CGMI"), "41542b43474d49"),
    (device.Url("http://a"), "687474703a2f2f61"),
    (device.BrowserIdentity(2), "02"),
    (device.BearerList((0, 3)), "0003"),
    (device.BrowserTermination(1), "01"),
    (channel.BearerDescription(BearerType.DEFAULT), "03"),
    (channel.BearerDescription(BearerType.GPRS, b"\x03\x04"), "020304"),
    (channel.ChannelDataLength(200), "c8"),
    (channel.ChannelStatus(1, True), "8100"),
    (channel.ChannelStatus(1, False, 0, 5), "0105"),
    (channel.ChannelStatus(1, False, 8), "4100"),
    (channel.BufferSize(1400), "0578"),
    (channel.TransportLevel(TransportProtocol.TCP_CLIENT_REMOTE, 32768), "028000"),
    (channel.OtherAddress.ipv4("1.2.3.4"), "2101020304"),
    (channel.OtherAddress(AddressType.IPV6, bytes(16)), "57" + "00" * 16),
    (channel.OtherAddress(None), ""),
    (channel.NetworkAccessName(("TestGp", "rs")), "06546573744770027273"),
    (channel.NetworkAccessName(("",)), "00"),
    (channel.NetworkAccessName(()), ""),
    (context.ContainerSequence(2, 5), "800005"),
    (context.DnsServerAddress(AddressType.IPV4, bytes((8, 8, 8, 8))), "2108080808"),
]


@pytest.mark.parametrize(("value", "octets"), ROWS, ids=lambda value: type(value).__name__)
def test_object_and_octets_say_the_same(value: DataObject, octets: str) -> None:
    """Both ways, and through the field of a message."""
    assert value.encode().hex() == octets
    assert type(value).decode(bytes.fromhex(octets)) == value
    again = type(value).of(value.plain())
    if value.spelling is not None:
        again = again.respelled(value.spelling)
    assert again.encode().hex() == octets


def test_every_object_with_a_structure_has_a_row() -> None:
    """What this list lacks is only what we carry as octets or as one octet."""
    rows = {type(value) for value, _ in ROWS}
    missing = {kind.__name__ for kind in registered_objects().values() if kind not in rows}
    plain = {
        kind.__name__
        for kind in registered_objects().values()
        if issubclass(kind, OctetsObject) or kind.__bases__[0].__name__ in {"OctetObject", "LatinObject"}
    }
    assert missing <= plain


REFUSED: list[tuple[type[DataObject], str, str]] = [
    (core.CommandDetails, "0124", "two octets"),
    (core.DeviceIdentities, "818200", "three octets"),
    (core.Result, "", "no general result"),
    (core.Duration, "01", "no interval"),
    (core.DiallingAddress, "", "no type of number"),
    (core.DiallingAddress, "911f22", "F before the end"),
    (core.FileList, "", "no count"),
    (core.FileList, "023f002fe2", "two announced, one there"),
    (core.FileList, "013f002f", "half an identifier"),
    (core.ApplicationIdentifier, "00" * 17, "17 octets"),
    (display.HelpRequest, "00", "a value"),
    (display.Icon, "01", "one octet"),
    (display.ItemIcons, "", "no qualifier"),
    (display.TextAttribute, "000a01", "three octets"),
    (texts.Item, "0041", "identifier 0"),
    (texts.AlphaIdentifier, "8041", "half a character"),
    (texts.AlphaIdentifier, "810508", "text shorter than its length"),
    (texts.TextString, "0841", "half a character"),
    (texts.TextString, "04c8", "octet outside the alphabet"),
    (texts.TextString, "0cAA", "reserved alphabet"),
    (texts.TextString, "08d800", "half a surrogate pair"),
    (network.LocationInformation, "64f000", "no area"),
    (network.RoutingArea, "64f0001234", "no routing area"),
    (network.TrackingArea, "64f000", "no area"),
    (network.PlmnList, "64f0", "half a PLMN"),
    (network.TimingAdvance, "01", "no advance"),
    (network.CellBroadcastPage, "", "no page"),
    (state.Imei, "1a325476981032", "seven octets"),
    (state.Imei, "1a3254769810325a", "a digit A"),
    (state.Imei, "1b32547698103254", "an IMEISV inside"),
    (state.TimerValue, "0020", "no seconds"),
    (state.TimerValue, "00a000", "not a digit"),
    (state.DateTimeZone, "205070418071", "no zone"),
    (state.Language, "7a", "one letter"),
    (state.ElectronicSerialNumber, "010203", "three octets"),
    (device.CardReaderStatus, "", "nothing"),
    (channel.BearerDescription, "", "no type"),
    (channel.ChannelStatus, "01", "one octet"),
    (channel.BufferSize, "05", "one octet"),
    (channel.TransportLevel, "0280", "half a port"),
    (channel.OtherAddress, "21010203", "three numbers"),
    (channel.NetworkAccessName, "0654", "label cut"),
    (context.ContainerSequence, "8000", "two octets"),
]


@pytest.mark.parametrize(("kind", "octets", "why"), REFUSED)
def test_octets_outside_the_table_are_refused(kind: type[DataObject], octets: str, why: str) -> None:
    """`why` names what is wrong with them."""
    with pytest.raises(CodecError) as caught:
        kind.decode(bytes.fromhex(octets))
    assert isinstance(caught.value, RemoteError), why


UNWRITABLE: list[DataObject] = [
    core.CommandDetails(256, 1),
    core.DeviceIdentities(-1, 0),
    core.ResponseLength(0, 256),
    core.DiallingAddress(Address("12x")),
    core.FileList((bytes.fromhex("3f002fe23f002f05"),)),  # reads as two paths
    core.ItemIdentifier(256),
    core.ApplicationIdentifier(b""),
    texts.Item(0, "x"),
    texts.Item(256, "x"),
    texts.TextString("卡", 0x04),
    texts.TextString("x", None),
    texts.TextString("x", 0x0C),
    network.LocationInformation("460", b"\x00\x01"),
    network.LocationInformation("46000", b"\x00"),
    network.BcchChannelList((1024,)),
    network.RoutingArea("46000", 1 << 16, 0),
    network.TrackingArea("46000", b""),
    network.PlmnList(("46",)),
    network.TimingAdvance(256, 0),
    state.Imei("12345"),
    state.Imei("12345678901234x"),
    state.TimerValue(100, 0, 0),
    state.DateTimeZone(10, 10, 12, 12, 3, 59, 80),
    state.Language("zho"),
    state.Language("中文"),
    state.ElectronicSerialNumber(1 << 32),
    device.CardReaderStatus(8),
    channel.BearerDescription(256),
    channel.ChannelStatus(8),
    channel.BufferSize(1 << 16),
    channel.TransportLevel(2, 1 << 16),
    channel.OtherAddress(None, b"\x01"),
    channel.OtherAddress(AddressType.IPV4, b"\x01"),
    channel.NetworkAccessName(("x" * 256,)),
    context.ContainerSequence(4, 0),
]


@pytest.mark.parametrize("value", UNWRITABLE, ids=lambda value: type(value).__name__)
def test_value_the_table_cannot_hold_is_the_callers_fault(value: DataObject) -> None:
    """LocalError, never octets that say something else."""
    with pytest.raises(LocalError):
        value.encode()


@pytest.mark.parametrize("facility", FACILITIES)
def test_each_facility_is_one_bit_of_the_profile(facility: str) -> None:
    """Set alone, found alone."""
    octets = TerminalProfile.of(facility).encode()
    at, mask = FACILITIES[facility]
    assert octets == bytes(at) + bytes((mask,))
    assert TerminalProfile.decode(octets).facilities == {facility}


@pytest.mark.parametrize("name", NUMBERS)
def test_each_count_of_the_profile_keeps_its_bits(name: str) -> None:
    """The largest count fits, one more does not."""
    at, mask = NUMBERS[name]
    largest = mask >> ((mask & -mask).bit_length() - 1)
    profile = TerminalProfile.of(**{name: largest})
    assert profile.encode() == bytes(at) + bytes((mask,))
    assert TerminalProfile.decode(profile.encode()).number(name) == largest
    with pytest.raises(LocalError):
        TerminalProfile.of(**{name: largest + 1})


def test_profile_places_are_those_another_program_shows() -> None:
    """Octet and mask as tshark's gsm_sim.tp fields list them (4.0.17)."""
    shown = {
        "profile_download": (1, 0x01),
        "timer_expiration": (1, 0x20),
        "ucs2_display": (2, 0x40),
        "refresh": (3, 0x80),
        "send_short_message": (4, 0x02),
        "set_up_menu": (4, 0x20),
        "event_card_reader_status": (5, 0x80),
        "event_channel_status": (6, 0x08),
        "get_reader_identifier": (7, 0x10),
        "get_inkey_yes_no": (8, 0x08),
        "launch_browser": (9, 0x40),
        "open_channel": (12, 0x01),
        "bearer_rs232": (13, 0x10),
        "screen_sizing": (14, 0x80),
        "bearer_hsdpa": (17, 0x80),
        "provide_search_mode": (18, 0x80),
        "browser_chtml": (21, 0x08),
        "display_multimedia_message": (22, 0x80),
        "ussd_download": (23, 0x80),
        "multiple_access_technologies": (25, 0x80),
        "event_contactless_state_request": (26, 0x02),
        "font_small": (28, 0x20),
        "background_colour": (29, 0x40),
        "steering_of_roaming_i_wlan": (30, 0x80),
        "command_container": (31, 0x80),
        "refresh_enforcement": (32, 0x80),
        "event_poll_interval_negotiation": (33, 0x04),
    }
    assert {name: (at + 1, mask) for name, (at, mask) in FACILITIES.items() if name in shown} == shown


def test_every_command_and_envelope_of_the_lists_has_a_class() -> None:
    """TS 102 223 §9.4 and TS 101 220 §7.2, without gaps."""
    assert set(registered_commands()) == set(CommandType)
    assert set(registered_envelopes()) == set(EnvelopeTag)


def test_classes_name_their_fields_as_their_tables_do() -> None:
    """A part without a field, or a field nobody writes, would lose what the user said."""
    for kind in (*registered_commands().values(), *registered_envelopes().values()):
        slots = {name for cls in kind.__mro__ for name in getattr(cls, "__slots__", ())} | set(dir(kind))
        assert {part.field for part in kind.PARTS} <= slots, kind


def test_length_forms_and_flags_survive() -> None:
    """Long lengths where short ones would do, CR flags either way, tags of three octets."""
    octets = bytes.fromhex("8582000241420581014385007f812302aabb7f01238102ccdd")
    assert encode_objects(decode_objects(octets)) == octets


def test_title_keeps_its_coding_while_its_text_changes() -> None:
    """A menu in coding 80 that could be Latin stays in 80; a coding that cannot carry the text gives way."""
    menu = decode_proactive(bytes.fromhex("d012810301250082028182" + "85058000410042" + "8f00"))
    assert isinstance(menu, SetUpMenu)
    assert encode_proactive(replace(menu, title="AC")).hex().endswith("85058000410043" + "8f00")
    latin = decode_proactive(bytes.fromhex("d00f810301250082028182" + "85024142" + "8f00"))
    assert isinstance(latin, SetUpMenu)
    assert encode_proactive(replace(latin, title="卡")).hex().endswith("8503805361" + "8f00")


def test_items_added_to_a_message_from_elsewhere_follow_the_others() -> None:
    """The flags of the icon, which came with CR set, stay; the new item stands behind the last one."""
    menu = decode_proactive(bytes.fromhex("d014810301250082028182" + "850141" + "8f020142" + "9e020105"))
    assert isinstance(menu, SetUpMenu)
    more = replace(menu, items=(*menu.items, texts.Item(2, "C")))
    assert encode_proactive(more).hex().endswith("8f020142" + "8f020243" + "9e020105")


def test_second_alpha_identifier_of_a_call_is_told_from_the_first() -> None:
    """The one before the address asks, the one behind it is shown while the call is set up (TS 102 223 §6.6.12)."""
    asked = SetUpCall(Address("1"), alpha="A", call_alpha="B")
    shown = SetUpCall(Address("1"), call_alpha="B")
    assert decode_proactive(encode_proactive(asked)) == asked
    assert decode_proactive(encode_proactive(shown)) == shown


def test_far_address_of_a_channel_is_told_from_the_near_one() -> None:
    """Other address before the transport level: ours; behind it: where data goes (TS 102 223 §6.6.27)."""
    far = channel.OtherAddress.ipv4("1.2.3.4")
    level = channel.TransportLevel(2, 80)
    for command in (
        OpenChannel(buffer_size=1024, transport=level, destination_address=far),
        OpenChannel(buffer_size=1024, transport=level, local_address=far),
        OpenChannel(
            buffer_size=1024, transport=level, local_address=channel.OtherAddress(None), destination_address=far
        ),
    ):
        assert decode_proactive(encode_proactive(command)) == command


@pytest.mark.parametrize("number", range(1, 8))
def test_channel_number_is_the_destination(number: int) -> None:
    """Channel n is device 20+n."""
    command = SendData(number, b"\x01", immediate=True)
    assert encode_proactive(command)[9:11].hex() == f"812{number}"
    assert decode_proactive(encode_proactive(command)) == command


def test_channel_eight_does_not_exist() -> None:
    """Channels are 1 to 7."""
    with pytest.raises(LocalError, match="channel 8"):
        encode_proactive(SendData(8, b""))


FLAGS: list[tuple[ProactiveCommand, int]] = [
    (DisplayText("x", high_priority=True), 0x01),
    (DisplayText("x", wait_for_user=True), 0x80),
    (GetInkey("x"), 0x00),
    (GetInkey("x", digits_only=False), 0x01),
    (GetInkey("x", digits_only=False, ucs2=True), 0x03),
    (GetInkey("x", yes_no=True), 0x04),
    (GetInkey("x", immediate_digit=True), 0x08),
    (GetInkey("x", help_available=True), 0x80),
    (GetInput("x"), 0x00),
    (GetInput("x", digits_only=False), 0x01),
    (GetInput("x", ucs2=True), 0x02),
    (GetInput("x", hidden=True), 0x04),
    (GetInput("x", packed=True), 0x08),
    (GetInput("x", help_available=True), 0x80),
    (SelectItem("x", (), presentation_given=True), 0x01),
    (SelectItem("x", (), navigation=True), 0x02),
    (SelectItem("x", (), soft_key=True), 0x04),
    (SelectItem("x", (), help_available=True), 0x80),
    (SetUpMenu("x", (), soft_key=True), 0x01),
    (SetUpMenu("x", (), help_available=True), 0x80),
    (SendShortMessage(b"", packing=True), 0x01),
    (PlayTone(vibrate=True), 0x01),
    (OpenChannel(immediate=True), 0x01),
    (OpenChannel(automatic_reconnection=True), 0x02),
    (OpenChannel(background=True), 0x04),
    (OpenChannel(dns_request=True), 0x08),
    (TimerManagement(1, TimerAction.GET_CURRENT_VALUE), 0x02),
    (RefreshCommand(0x04), 0x04),
    (SetUpCall(Address("1"), mode=0x02), 0x02),
    (MoreTime(reserved_qualifier=0x55), 0x55),
]


@pytest.mark.parametrize(("command", "qualifier"), FLAGS)
def test_each_bit_of_a_qualifier_stands_alone(command: ProactiveCommand, qualifier: int) -> None:
    """TS 102 223 §8.6, each flag set by itself."""
    assert command.qualifier == qualifier
    assert decode_proactive(encode_proactive(command)) == command


@pytest.mark.parametrize(
    ("event", "kind", "octets"),
    [
        (Event.MT_CALL, context.ImsUri, "31017a"),
        (Event.IMS_REGISTRATION, context.PublicIdentities, "77017a"),
        (Event.DATA_CONNECTION_STATUS_CHANGE, context.DataConnectionStatus, "1d0100"),
        (Event.NETWORK_REJECTION, network.RoutingArea, "730664f000123401"),
    ],
)
def test_tag_means_what_the_event_makes_of_it(event: Event, kind: type[DataObject], octets: str) -> None:
    """Some tags have a second meaning in events of IMS and 5G (TS 101 220 table 7.23)."""
    inner = bytes((0x99, 1, event)) + bytes.fromhex("82028281" + octets)
    download = decode_envelope(bytes((0xD6, len(inner))) + inner)
    assert isinstance(download.extras[0], kind)
    assert encode_envelope(download) == bytes((0xD6, len(inner))) + inner


def test_card_forbids_a_call_or_changes_it() -> None:
    """Response to ENVELOPE (call control): verdict, length, objects (TS 31.111 §7.3.1.6)."""
    assert ControlVerdict(Verdict.NOT_ALLOWED).encode() == b"\x01\x00"
    changed = ControlVerdict(Verdict.ALLOWED_WITH_MODIFICATIONS, Address("10086", ton=0), alpha="x")
    assert changed.encode().hex() == "0209" + "8604810180f6" + "850178"
    assert ControlVerdict.decode(changed.encode()) == changed


# By hand: "10 $" is septets 31 30 20 02, packed 31 18 48 00; "1234567@" would end in seven zero bits: fill;
# "12345 $" would be followed by seven zero bits of fill, which read as one more @
@pytest.mark.parametrize(
    ("text", "octets"),
    [
        ("Balance 12.30", "0442616c616e63652031322e3330"),
        ("10 $", "0031184800"),
        ("a@b", "00618018"),
        ("1234567@", "0800310032003300340035003600370040"),
        ("12345 $", "08003100320033003400350020" + "0024"),
        ("余额", "084f59989d"),
        ("", ""),
    ],
)
def test_a_text_is_coded_so_that_no_reader_can_take_it_for_another(text: str, octets: str) -> None:
    """DCS 04 only where the default alphabet and ASCII agree; else packed septets, else UCS2."""
    assert texts.TextString.best(text).encode().hex() == octets
    assert texts.TextString.decode(bytes.fromhex(octets)).text == text
