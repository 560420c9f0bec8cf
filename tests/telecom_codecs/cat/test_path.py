"""The commands of the thin path: what the menu applet asks, what the handset answers."""

from __future__ import annotations

import pytest

from telecom_codecs import cat
from telecom_codecs.cat import (
    Advice,
    CommandDetails,
    CommandType,
    DisplayText,
    Duration,
    GeneralResult,
    GetInkey,
    GetInput,
    Item,
    MenuSelection,
    MoreTime,
    PollInterval,
    ProactiveCommand,
    ProvideLocalInformation,
    RefreshCommand,
    SelectItem,
    SendShortMessage,
    SetUpCall,
    SetUpMenu,
    SmsPpDownload,
    TerminalProblem,
    TerminalProfile,
    TerminalResponse,
    TimeUnit,
    decode_envelope,
    decode_proactive,
    encode_envelope,
    encode_proactive,
)
from telecom_codecs.errors import BadValue, LocalError
from telecom_codecs.sms.address import Address

COMMANDS: list[tuple[ProactiveCommand, str]] = [
    (
        SetUpMenu("一卡通", (Item(1, "余额查询"), Item(4, "门禁"))),
        "d0268103012500820281828507804e005361901a8f0a01804f59989d67e58be28f06048095e87981",
    ),
    (SetUpMenu.removal(), "d00d81030125008202818285008f00"),
    (
        SelectItem("请选择", (Item(1, "50元"), Item(2, "100元")), default_item=1),
        "d02b8103012400820281828507808bf7900962e98f0801800035003051438f0a02800031003000305143900101",
    ),
    (
        GetInput("输入密码", 6, 6, hidden=True),
        "d0188103012304820281828d09088f9351655bc6780191020606",
    ),
    (
        DisplayText("余额:128.50元", high_priority=True, wait_for_user=True),
        "d0208103012181820281028d15084f59989d003a003100320038002e003500305143",
    ),
    (DisplayText("Toolkit Test 1", wait_for_user=True), "d01a8103012180820281028d0f04546f6f6c6b697420546573742031"),
    (GetInkey("OK?", yes_no=True), "d00f8103012204820281828d04044f4b3f"),
    (
        SendShortMessage(bytes.fromhex("010005810156f800f50a594b543142414c524551"), "处理中", Address("8613800100500")),
        "d032810301130082028183850780590474064e2d860891683108100005f08b14010005810156f800f50a594b543142414c524551",
    ),
    (SetUpCall(Address("4001008688", ton=0), "400"), "d01681030110008202818385033430308606810410006888"),
    (MoreTime(), "d009810301020082028182"),
    (PollInterval(Duration(TimeUnit.SECONDS, 30)), "d00d8103010300820281828402011e"),
    (RefreshCommand(1, (bytes.fromhex("3f007fff6f07"),)), "d0128103010101820281829207013f007fff6f07"),
    (ProvideLocalInformation(0), "d009810301260082028182"),
]


@pytest.mark.parametrize(("command", "octets"), COMMANDS, ids=lambda value: type(value).__name__)
def test_command_and_octets_say_the_same(command: ProactiveCommand, octets: str) -> None:
    """Rows are the project's own dialogues and TS 102 384 sequences, laid out by hand from TS 102 223 §6.6."""
    assert encode_proactive(command).hex() == octets
    assert decode_proactive(bytes.fromhex(octets)) == command
    assert decode_proactive(bytes.fromhex(octets)).form is None


def test_number_of_the_dialogue_step_is_what_the_card_says() -> None:
    """The ME repeats it in TERMINAL RESPONSE."""
    command = decode_proactive(encode_proactive(MoreTime(), 7))
    assert command.details == CommandDetails(7, CommandType.MORE_TIME, 0)


def test_command_longer_than_one_fetch_is_refused_with_its_size() -> None:
    """126 Chinese characters in a DISPLAY TEXT take 269 octets; FETCH brings 256, just enough for 120."""
    with pytest.raises(LocalError, match="takes 269 octets, one FETCH holds 256"):
        encode_proactive(DisplayText("卡" * 126))
    assert len(encode_proactive(DisplayText("卡" * 120))) == 256


def test_user_picks_the_third_entry_of_the_menu() -> None:
    """Keypad to UICC, item 3; with help the empty object follows."""
    assert encode_envelope(MenuSelection(3)).hex() == "d30782020181900103"
    assert encode_envelope(MenuSelection(1, help=True)).hex() == "d309820201819001011500"
    assert decode_envelope(bytes.fromhex("d309820201819001011500")) == MenuSelection(1, help=True)


def test_short_message_for_the_card_comes_with_its_service_centre() -> None:
    """Network to UICC: address, then the DELIVER."""
    download = SmsPpDownload(Address("8613800100500"), b"\x44\x05")
    octets = encode_envelope(download)
    assert octets.hex() == "d11282028381860891683108100005f08b024405"
    assert decode_envelope(octets) == download


def test_answer_repeats_the_command_and_names_the_choice() -> None:
    """The second item of SELECT ITEM."""
    details = SelectItem("x", ()).details
    response = TerminalResponse(details, item=2)
    assert response.encode().hex() == "810301240082028281830100900102"
    assert TerminalResponse.decode(response.encode()) == response


def test_typed_text_comes_back() -> None:
    """GET INPUT answered with 50."""
    octets = bytes.fromhex("8103012300820282818301008d03043530")
    assert TerminalResponse.decode(octets).text == "50"
    assert TerminalResponse(GetInput("x").details, text="50").encode() == octets


def test_typed_password_is_in_no_log() -> None:
    """The answer to a hidden GET INPUT does not show in repr or in the line for operators."""
    response = TerminalResponse.decode(
        TerminalResponse(GetInput("x", 6, 6, hidden=True).details, text="871205").encode()
    )
    assert "871205" not in repr(response) + response.describe()


@pytest.mark.parametrize("yes", [True, False])
def test_yes_and_no_are_told_apart(yes: bool) -> None:
    """GET INKEY yes/no answers 01 or 00 after DCS 04 (TS 102 223 §6.8.2)."""
    response = TerminalResponse.yes_no(GetInkey("?", yes_no=True).details, yes)
    assert response.encode().hex() == "8103012204820282818301008d0204" + ("01" if yes else "00")
    assert TerminalResponse.decode(response.encode()).confirmed is yes


def test_busy_screen_is_a_reason_to_try_later() -> None:
    """20 01: the applet starts its timer, then falls back to SMS."""
    response = TerminalResponse.decode(bytes.fromhex("81030121808202828183022001"))
    assert response.result == GeneralResult.TERMINAL_UNABLE
    assert response.problem is TerminalProblem.SCREEN_BUSY
    assert response.advice is Advice.RETRY_LATER
    assert not response.performed


@pytest.mark.parametrize("result", GeneralResult)
def test_every_general_result_has_a_meaning_and_an_advice(result: GeneralResult) -> None:
    """The first digit decides as TS 102 223 §8.12 says: 0 performed, 2 later, 3 not again."""
    assert result.meaning
    advice = cat.advice_for(result)
    assert (advice is Advice.CONTINUE) == (result < 0x10)
    if advice is Advice.DEGRADE:
        assert result >= 0x30
    response = TerminalResponse(CommandDetails(1, CommandType.DISPLAY_TEXT), result)
    assert TerminalResponse.decode(response.encode()).result is result


def test_reserved_result_survives_and_is_judged_by_its_first_digit() -> None:
    """2F is not listed: temporary."""
    response = TerminalResponse(CommandDetails(1, 0x21), 0x2F, b"\x99")
    assert TerminalResponse.decode(response.encode()) == response
    assert response.advice is Advice.RETRY_LATER


def test_response_without_a_result_is_refused() -> None:
    """Result is mandatory (TS 102 223 §6.8)."""
    with pytest.raises(BadValue, match="no result"):
        TerminalResponse.decode(bytes.fromhex("810301218082028281"))


def test_profile_of_a_captured_handset() -> None:
    """TERMINAL PROFILE that SIMTester sends; bits by the list of TS 102 223 §5.2."""
    octets = bytes.fromhex("ff9fffffff0f1fff7f0300002008200000")
    profile = TerminalProfile.decode(octets)
    assert profile.supports_command(CommandType.SET_UP_MENU)
    assert profile.supports("sms_pp_download")
    assert not profile.supports_command(CommandType.OPEN_CHANNEL)
    assert not profile.supports("ucs2_entry")
    assert (profile.number("channels"), profile.number("screen_height")) == (1, 8)
    assert profile.encode() == octets
