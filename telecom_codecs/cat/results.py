"""What the ME reports about a proactive command, and what the applet does about it.

TS 102 223 §8.12 with the additions of TS 31.111 §8.12. The first digit of the general result
already tells the applet what to do: 0x and 1x the command was performed (1x: the user steers),
2x try again later, 3x do not try the same command again.
"""

from __future__ import annotations

from enum import Enum, IntEnum

from .names import known


class Advice(Enum):
    """What the applet should do next."""

    CONTINUE = "go on with the flow"
    END_SESSION = "the user ended the dialogue: stop silently, send nothing"
    PREVIOUS_STEP = "show the step before this one"
    ABANDON = "nobody answered: stop, nothing has been sent"
    SHOW_HELP = "show the help text, then the same command again"
    RETRY_LATER = "temporary: wait and try the same command again, then fall back to SMS"
    TREAT_AS_CANCEL = "the user refused: treat like a cancelled request"
    DEGRADE = "this handset cannot do it: use a simpler command and note the model"
    REPORT = "permanent: log it with its additional octets and tell the user"


class GeneralResult(IntEnum):
    """General result, the first octet of the result — TS 102 223 §8.12."""

    meaning: str
    advice: Advice

    def __new__(cls, value: int, meaning: str, advice: Advice) -> GeneralResult:
        member = int.__new__(cls, value)
        member._value_ = value
        member.meaning = meaning
        member.advice = advice
        return member

    OK = 0x00, "command performed successfully", Advice.CONTINUE
    PARTIAL_COMPREHENSION = 0x01, "command performed with partial comprehension", Advice.CONTINUE
    MISSING_INFORMATION = 0x02, "command performed with missing information", Advice.CONTINUE
    REFRESH_ADDITIONAL_EFS = 0x03, "REFRESH performed with additional EFs read", Advice.CONTINUE
    ICON_NOT_DISPLAYED = 0x04, "command performed, requested icon could not be displayed", Advice.CONTINUE
    MODIFIED_BY_CALL_CONTROL = 0x05, "command performed but modified by call control by NAA", Advice.CONTINUE
    LIMITED_SERVICE = 0x06, "command performed successfully, limited service", Advice.CONTINUE
    PERFORMED_WITH_MODIFICATION = 0x07, "command performed with modification", Advice.CONTINUE
    REFRESH_NAA_NOT_ACTIVE = 0x08, "REFRESH performed but indicated NAA was not active", Advice.CONTINUE
    TONE_NOT_PLAYED = 0x09, "command performed successfully, tone not played", Advice.CONTINUE
    SESSION_TERMINATED_BY_USER = 0x10, "proactive UICC session terminated by the user", Advice.END_SESSION
    BACKWARD_MOVE = 0x11, "backward move in the proactive UICC session requested by the user", Advice.PREVIOUS_STEP
    NO_RESPONSE_FROM_USER = 0x12, "no response from user", Advice.ABANDON
    HELP_REQUIRED = 0x13, "help information required by the user", Advice.SHOW_HELP
    TRANSACTION_TERMINATED_BY_USER = 0x14, "USSD or SS transaction terminated by the user", Advice.END_SESSION
    TERMINAL_UNABLE = 0x20, "terminal currently unable to process command", Advice.RETRY_LATER
    NETWORK_UNABLE = 0x21, "network currently unable to process command", Advice.RETRY_LATER
    USER_REFUSED = 0x22, "user did not accept the proactive command", Advice.TREAT_AS_CANCEL
    USER_CLEARED_DOWN_CALL = 0x23, "user cleared down call before connection or network release", Advice.TREAT_AS_CANCEL
    TIMER_CONTRADICTION = 0x24, "action in contradiction with the current timer state", Advice.REPORT
    CALL_CONTROL_TEMPORARY = 0x25, "interaction with call control by NAA, temporary problem", Advice.RETRY_LATER
    LAUNCH_BROWSER_ERROR = 0x26, "launch browser generic error", Advice.RETRY_LATER
    MMS_TEMPORARY = 0x27, "MMS temporary problem", Advice.RETRY_LATER
    BEYOND_CAPABILITIES = 0x30, "command beyond terminal's capabilities", Advice.DEGRADE
    TYPE_NOT_UNDERSTOOD = 0x31, "command type not understood by terminal", Advice.DEGRADE
    DATA_NOT_UNDERSTOOD = 0x32, "command data not understood by terminal", Advice.DEGRADE
    NUMBER_NOT_KNOWN = 0x33, "command number not known by terminal", Advice.REPORT
    SS_RETURN_ERROR = 0x34, "SS return error", Advice.REPORT
    SMS_RP_ERROR = 0x35, "SMS RP-ERROR", Advice.REPORT
    VALUES_MISSING = 0x36, "error, required values are missing", Advice.REPORT
    USSD_RETURN_ERROR = 0x37, "USSD return error", Advice.REPORT
    MULTIPLE_CARD_ERROR = 0x38, "MultipleCard commands error", Advice.REPORT
    CONTROL_PERMANENT = 0x39, "interaction with call control or MO-SM control, permanent problem", Advice.REPORT
    BIP_ERROR = 0x3A, "bearer independent protocol error", Advice.REPORT
    ACCESS_TECHNOLOGY_UNABLE = 0x3B, "access technology unable to process command", Advice.RETRY_LATER
    FRAMES_ERROR = 0x3C, "frames error", Advice.REPORT
    MMS_ERROR = 0x3D, "MMS error", Advice.REPORT


_BY_FIRST_DIGIT = (Advice.CONTINUE, Advice.END_SESSION, Advice.RETRY_LATER, Advice.REPORT)


def advice_for(result: int) -> Advice:
    """What to do after `result`; a reserved value is judged by its first digit as §8.12 demands.

    >>> advice_for(0x11), advice_for(0x2F)
    (<Advice.PREVIOUS_STEP: 'show the step before this one'>, \
<Advice.RETRY_LATER: 'temporary: wait and try the same command again, then fall back to SMS'>)
    """
    named = known(GeneralResult, result)
    if isinstance(named, GeneralResult):
        return named.advice
    return _BY_FIRST_DIGIT[result >> 4] if result >> 4 < len(_BY_FIRST_DIGIT) else Advice.REPORT


class TerminalProblem(IntEnum):
    """Additional information of 20 — TS 102 223 §8.12.2, TS 31.111 §8.12.2."""

    NO_CAUSE = 0x00
    SCREEN_BUSY = 0x01
    BUSY_ON_CALL = 0x02
    BUSY_ON_SS = 0x03
    NO_SERVICE = 0x04
    ACCESS_CONTROL_BARRED = 0x05
    RADIO_RESOURCE_NOT_GRANTED = 0x06
    NOT_IN_SPEECH_CALL = 0x07
    BUSY_ON_USSD = 0x08
    BUSY_ON_SEND_DTMF = 0x09
    NO_NAA_ACTIVE = 0x0A


class BrowserProblem(IntEnum):
    """Additional information of 26 — TS 102 223 §8.12.10."""

    NO_CAUSE = 0x00
    BEARER_UNAVAILABLE = 0x01
    BROWSER_UNAVAILABLE = 0x02
    PROVISIONING_UNREADABLE = 0x03
    DEFAULT_URL_UNAVAILABLE = 0x04


class MultipleCardProblem(IntEnum):
    """Additional information of 38 — TS 102 223 §8.12.9."""

    NO_CAUSE = 0x00
    READER_REMOVED = 0x01
    CARD_REMOVED = 0x02
    READER_BUSY = 0x03
    CARD_POWERED_OFF = 0x04
    C_APDU_FORMAT = 0x05
    MUTE_CARD = 0x06
    TRANSMISSION = 0x07
    PROTOCOL_NOT_SUPPORTED = 0x08
    READER_NOT_VALID = 0x09


class ControlProblem(IntEnum):
    """Additional information of 25 and 39 — TS 102 223 §8.12.8."""

    NO_CAUSE = 0x00
    ACTION_NOT_ALLOWED = 0x01
    TYPE_OF_REQUEST_CHANGED = 0x02


class BipProblem(IntEnum):
    """Additional information of 3A — TS 102 223 §8.12.11."""

    NO_CAUSE = 0x00
    NO_CHANNEL_AVAILABLE = 0x01
    CHANNEL_CLOSED = 0x02
    CHANNEL_NOT_VALID = 0x03
    BUFFER_SIZE_NOT_AVAILABLE = 0x04
    SECURITY_ERROR = 0x05
    TRANSPORT_LEVEL_NOT_AVAILABLE = 0x06
    REMOTE_DEVICE_NOT_REACHABLE = 0x07
    SERVICE_ERROR = 0x08
    SERVICE_UNKNOWN = 0x09
    PORT_NOT_AVAILABLE = 0x10
    LAUNCH_PARAMETERS = 0x11
    APPLICATION_LAUNCH_FAILED = 0x12


class FramesProblem(IntEnum):
    """Additional information of 3C — TS 102 223 §8.12.12."""

    NO_CAUSE = 0x00
    FRAME_NOT_VALID = 0x01
    TOO_MANY_FRAMES = 0x02
    NO_FRAME_DEFINED = 0x03
    SIZE_NOT_SUPPORTED = 0x04
    DEFAULT_ACTIVE_FRAME_NOT_VALID = 0x05


_PROBLEMS: dict[int, type[IntEnum]] = {
    GeneralResult.TERMINAL_UNABLE: TerminalProblem,
    GeneralResult.CALL_CONTROL_TEMPORARY: ControlProblem,
    GeneralResult.LAUNCH_BROWSER_ERROR: BrowserProblem,
    GeneralResult.MULTIPLE_CARD_ERROR: MultipleCardProblem,
    GeneralResult.CONTROL_PERMANENT: ControlProblem,
    GeneralResult.BIP_ERROR: BipProblem,
    GeneralResult.FRAMES_ERROR: FramesProblem,
}


def problem_of(result: int, additional: bytes) -> IntEnum | int | None:
    """The named cause in the first additional octet; None when the result carries none.

    >>> problem_of(0x20, b"\\x01")
    <TerminalProblem.SCREEN_BUSY: 1>
    """
    names = _PROBLEMS.get(result)
    if not additional:
        return None
    return additional[0] if names is None else known(names, additional[0])


def describe_result(result: int, additional: bytes = b"") -> str:
    """One line for an operator: general result, cause and advice."""
    named = known(GeneralResult, result)
    meaning = named.meaning if isinstance(named, GeneralResult) else "reserved result"
    cause = problem_of(result, additional)
    detail = "" if cause is None else f" ({cause.name if isinstance(cause, IntEnum) else format(cause, '02X')})"
    return f"{result:02X} {meaning}{detail}: {advice_for(result).value}"
