"""The closed lists of the card application toolkit: devices, commands, envelopes, events, results.

ETSI TS 102 223 (clauses as noted) with the values 3GPP TS 31.111 adds. Values that a list does
not name stay plain ints everywhere (:func:`known`), so nothing is lost on the way through.
"""

from __future__ import annotations

from enum import IntEnum
from typing import TypeVar

E = TypeVar("E", bound=IntEnum)


def known(names: type[E], value: int) -> E | int:
    """The member of `names` with this value, or the value itself when the standard reserves it."""
    try:
        return names(value)
    except ValueError:
        return value


class Device(IntEnum):
    """Who sends and who receives — TS 102 223 §8.7. Channel n is 20+n, additional card reader n is 10+n."""

    KEYPAD = 0x01
    DISPLAY = 0x02
    EARPIECE = 0x03
    CARD_READER_0 = 0x10
    CARD_READER_1 = 0x11
    CARD_READER_2 = 0x12
    CARD_READER_3 = 0x13
    CARD_READER_4 = 0x14
    CARD_READER_5 = 0x15
    CARD_READER_6 = 0x16
    CARD_READER_7 = 0x17
    CHANNEL_1 = 0x21
    CHANNEL_2 = 0x22
    CHANNEL_3 = 0x23
    CHANNEL_4 = 0x24
    CHANNEL_5 = 0x25
    CHANNEL_6 = 0x26
    CHANNEL_7 = 0x27
    UICC = 0x81
    TERMINAL = 0x82
    NETWORK = 0x83


class CommandType(IntEnum):
    """Type of command — TS 102 223 §9.4."""

    REFRESH = 0x01
    MORE_TIME = 0x02
    POLL_INTERVAL = 0x03
    POLLING_OFF = 0x04
    SET_UP_EVENT_LIST = 0x05
    SET_UP_CALL = 0x10
    SEND_SS = 0x11
    SEND_USSD = 0x12
    SEND_SHORT_MESSAGE = 0x13
    SEND_DTMF = 0x14
    LAUNCH_BROWSER = 0x15
    GEOGRAPHICAL_LOCATION_REQUEST = 0x16
    PLAY_TONE = 0x20
    DISPLAY_TEXT = 0x21
    GET_INKEY = 0x22
    GET_INPUT = 0x23
    SELECT_ITEM = 0x24
    SET_UP_MENU = 0x25
    PROVIDE_LOCAL_INFORMATION = 0x26
    TIMER_MANAGEMENT = 0x27
    SET_UP_IDLE_MODE_TEXT = 0x28
    PERFORM_CARD_APDU = 0x30
    POWER_ON_CARD = 0x31
    POWER_OFF_CARD = 0x32
    GET_READER_STATUS = 0x33
    RUN_AT_COMMAND = 0x34
    LANGUAGE_NOTIFICATION = 0x35
    OPEN_CHANNEL = 0x40
    CLOSE_CHANNEL = 0x41
    RECEIVE_DATA = 0x42
    SEND_DATA = 0x43
    GET_CHANNEL_STATUS = 0x44
    SERVICE_SEARCH = 0x45
    GET_SERVICE_INFORMATION = 0x46
    DECLARE_SERVICE = 0x47
    SET_FRAMES = 0x50
    GET_FRAMES_STATUS = 0x51
    RETRIEVE_MULTIMEDIA_MESSAGE = 0x60
    SUBMIT_MULTIMEDIA_MESSAGE = 0x61
    DISPLAY_MULTIMEDIA_MESSAGE = 0x62
    ACTIVATE = 0x70
    CONTACTLESS_STATE_CHANGED = 0x71
    COMMAND_CONTAINER = 0x72
    ENCAPSULATED_SESSION_CONTROL = 0x73
    END_OF_PROACTIVE_SESSION = 0x81


class EnvelopeTag(IntEnum):
    """BER-TLV tags of what the ME sends to the UICC — TS 101 220 §7.2, TS 31.111 §9.1."""

    SMS_PP_DOWNLOAD = 0xD1
    CELL_BROADCAST_DOWNLOAD = 0xD2
    MENU_SELECTION = 0xD3
    CALL_CONTROL = 0xD4
    MO_SHORT_MESSAGE_CONTROL = 0xD5
    EVENT_DOWNLOAD = 0xD6
    TIMER_EXPIRATION = 0xD7
    USSD_DOWNLOAD = 0xD9
    MMS_TRANSFER_STATUS = 0xDA
    MMS_NOTIFICATION_DOWNLOAD = 0xDB
    TERMINAL_APPLICATIONS = 0xDC
    GEOGRAPHICAL_LOCATION_REPORTING = 0xDD
    ENVELOPE_CONTAINER = 0xDE
    PROSE_REPORT = 0xDF


class Event(IntEnum):
    """Events the card may ask to be told of — TS 102 223 §8.25, TS 31.111 §8.25."""

    MT_CALL = 0x00
    CALL_CONNECTED = 0x01
    CALL_DISCONNECTED = 0x02
    LOCATION_STATUS = 0x03
    USER_ACTIVITY = 0x04
    IDLE_SCREEN_AVAILABLE = 0x05
    CARD_READER_STATUS = 0x06
    LANGUAGE_SELECTION = 0x07
    BROWSER_TERMINATION = 0x08
    DATA_AVAILABLE = 0x09
    CHANNEL_STATUS = 0x0A
    ACCESS_TECHNOLOGY_CHANGE = 0x0B
    DISPLAY_PARAMETERS_CHANGED = 0x0C
    LOCAL_CONNECTION = 0x0D
    NETWORK_SEARCH_MODE_CHANGE = 0x0E
    BROWSING_STATUS = 0x0F
    FRAMES_INFORMATION_CHANGE = 0x10
    I_WLAN_ACCESS_STATUS = 0x11
    NETWORK_REJECTION = 0x12
    HCI_CONNECTIVITY = 0x13
    ACCESS_TECHNOLOGY_CHANGE_MULTIPLE = 0x14
    CSG_CELL_SELECTION = 0x15
    CONTACTLESS_STATE_REQUEST = 0x16
    IMS_REGISTRATION = 0x17
    INCOMING_IMS_DATA = 0x18
    PROFILE_CONTAINER = 0x19
    SECURED_PROFILE_CONTAINER = 0x1B
    POLL_INTERVAL_NEGOTIATION = 0x1C
    DATA_CONNECTION_STATUS_CHANGE = 0x1D
    CAG_CELL_SELECTION = 0x1E


class RefreshMode(IntEnum):
    """Command qualifier of REFRESH — TS 102 223 §8.6."""

    NAA_INITIALISATION_AND_FULL_FILE_CHANGE = 0x00
    FILE_CHANGE = 0x01
    NAA_INITIALISATION_AND_FILE_CHANGE = 0x02
    NAA_INITIALISATION = 0x03
    UICC_RESET = 0x04
    NAA_APPLICATION_RESET = 0x05
    NAA_SESSION_RESET = 0x06
    STEERING_OF_ROAMING = 0x07
    STEERING_OF_ROAMING_I_WLAN = 0x08
    EUICC_PROFILE_STATE_CHANGE = 0x09
    APPLICATION_UPDATE = 0x0A


class LocalInformation(IntEnum):
    """Command qualifier of PROVIDE LOCAL INFORMATION — TS 102 223 §8.6, TS 31.111 §8.6."""

    LOCATION = 0x00
    IMEI = 0x01
    NETWORK_MEASUREMENT_RESULTS = 0x02
    DATE_TIME_ZONE = 0x03
    LANGUAGE = 0x04
    TIMING_ADVANCE = 0x05
    ACCESS_TECHNOLOGY = 0x06
    ESN = 0x07
    IMEISV = 0x08
    SEARCH_MODE = 0x09
    BATTERY_STATE = 0x0A
    MEID = 0x0B
    WSID = 0x0C
    BROADCAST_NETWORK = 0x0D
    MULTIPLE_ACCESS_TECHNOLOGIES = 0x0E
    LOCATION_MULTIPLE_TECHNOLOGIES = 0x0F
    MEASUREMENTS_MULTIPLE_TECHNOLOGIES = 0x10
    CSG_ID_LIST = 0x11
    HENB_IP_ADDRESS = 0x12
    HENB_SURROUNDING_MACROCELLS = 0x13


class TimerAction(IntEnum):
    """Command qualifier bits 1-2 of TIMER MANAGEMENT — TS 102 223 §8.6."""

    START = 0
    DEACTIVATE = 1
    GET_CURRENT_VALUE = 2


class CallMode(IntEnum):
    """Command qualifier of SET UP CALL: what happens to calls in progress — TS 102 223 §8.6."""

    ONLY_IF_IDLE = 0x00
    ONLY_IF_IDLE_WITH_REDIAL = 0x01
    HOLD_OTHERS = 0x02
    HOLD_OTHERS_WITH_REDIAL = 0x03
    DISCONNECT_OTHERS = 0x04
    DISCONNECT_OTHERS_WITH_REDIAL = 0x05


class BrowserMode(IntEnum):
    """Command qualifier of LAUNCH BROWSER — TS 102 223 §8.6."""

    LAUNCH_IF_NOT_RUNNING = 0x00
    USE_EXISTING = 0x02
    CLOSE_AND_LAUNCH = 0x03


class TimeUnit(IntEnum):
    """TS 102 223 §8.8."""

    MINUTES = 0
    SECONDS = 1
    TENTHS = 2


class LocationStatus(IntEnum):
    """TS 102 223 §8.27."""

    NORMAL_SERVICE = 0
    LIMITED_SERVICE = 1
    NO_SERVICE = 2


class AccessTechnologyName(IntEnum):
    """TS 102 223 §8.61."""

    GSM = 0x00
    TIA_EIA_553 = 0x01
    TIA_EIA_136 = 0x02
    UTRAN = 0x03
    TETRA = 0x04
    TIA_EIA_95 = 0x05
    CDMA2000_1X = 0x06
    CDMA2000_HRPD = 0x07
    E_UTRAN = 0x08
    EHRPD = 0x09
    NG_RAN = 0x0A


class BearerType(IntEnum):
    """First octet of a bearer description — TS 102 223 §8.52, TS 31.111 §8.52."""

    CSD = 0x01
    GPRS = 0x02
    DEFAULT = 0x03
    LOCAL_LINK = 0x04
    BLUETOOTH = 0x05
    IRDA = 0x06
    RS232 = 0x07
    PACKET_DATA_IS_820 = 0x08
    UTRAN_EXTENDED = 0x09
    I_WLAN = 0x0A
    E_UTRAN = 0x0B
    NG_RAN = 0x0C
    USB = 0x10


class TransportProtocol(IntEnum):
    """UICC/terminal interface transport level — TS 102 223 §8.59."""

    UDP_CLIENT_REMOTE = 0x01
    TCP_CLIENT_REMOTE = 0x02
    TCP_SERVER = 0x03
    UDP_CLIENT_LOCAL = 0x04
    TCP_CLIENT_LOCAL = 0x05
    DIRECT_CHANNEL = 0x06


class AddressType(IntEnum):
    """First octet of an other address — TS 102 223 §8.58."""

    IPV4 = 0x21
    IPV6 = 0x57


class ToneName(IntEnum):
    """TS 102 223 §8.16."""

    DIAL = 0x01
    CALLED_SUBSCRIBER_BUSY = 0x02
    CONGESTION = 0x03
    RADIO_PATH_ACKNOWLEDGE = 0x04
    RADIO_PATH_NOT_AVAILABLE = 0x05
    ERROR = 0x06
    CALL_WAITING = 0x07
    RINGING = 0x08
    GENERAL_BEEP = 0x10
    POSITIVE_ACKNOWLEDGEMENT = 0x11
    NEGATIVE_ACKNOWLEDGEMENT = 0x12
    RINGING_FOR_SPEECH_CALL = 0x13
    ALERT_FOR_SMS = 0x14
    CRITICAL_ALERT = 0x15
    VIBRATE_ONLY = 0x20
    HAPPY = 0x30
    SAD = 0x31
    URGENT_ACTION = 0x32
    QUESTION = 0x33
    MESSAGE_RECEIVED = 0x34
    MELODY_1 = 0x40
    MELODY_2 = 0x41
    MELODY_3 = 0x42
    MELODY_4 = 0x43
    MELODY_5 = 0x44
    MELODY_6 = 0x45
    MELODY_7 = 0x46
    MELODY_8 = 0x47


class FormatAlignment(IntEnum):
    """Bits 1-2 of the formatting mode of a text attribute — TS 102 223 §8.72."""

    LEFT = 0
    CENTRE = 1
    RIGHT = 2
    LANGUAGE_DEPENDENT = 3
