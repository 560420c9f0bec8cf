"""Card application toolkit: proactive commands, envelopes, terminal responses — TS 102 223, TS 31.111.

What a card asks (:func:`encode_proactive`, :func:`decode_proactive`), what the ME answers (:class:`TerminalResponse`)
and tells (:func:`encode_envelope`, :func:`decode_envelope`), and what it can do (:class:`TerminalProfile`). The codec
holds no dialogue: numbers, order and time are the caller's.

    >>> menu = SetUpMenu("一卡通", (Item(1, "余额查询"),))
    >>> encode_proactive(menu).hex()
    'd01e8103012500820281828507804e005361901a8f0a01804f59989d67e58be2'
    >>> decode_proactive(encode_proactive(menu)) == menu
    True
"""

from __future__ import annotations

from ..address import Address
from .commands_dialogue import (
    DisplayText,
    GetInkey,
    GetInput,
    MoreTime,
    PlayTone,
    SelectItem,
    SetUpIdleModeText,
    SetUpMenu,
)
from .commands_network import (
    GeographicalLocationRequest,
    LanguageNotification,
    PollingOff,
    PollInterval,
    ProvideLocalInformation,
    RefreshCommand,
    SendDtmf,
    SendShortMessage,
    SendSs,
    SendUssd,
    SetUpCall,
    SetUpEventList,
    TimerManagement,
)
from .core_objects import (
    CommandDetails,
    DeviceIdentities,
    Duration,
    Icon,
    ItemIcons,
    Result,
    TextSpan,
)
from .envelope import Envelope, UnknownEnvelope, decode_envelope, encode_envelope, registered_envelopes
from .envelopes import (
    CallControl,
    CellBroadcastDownload,
    EventDownload,
    MenuSelection,
    MoShortMessageControl,
    SmsPpDownload,
    TimerExpiration,
    UssdDownload,
)
from .messages import Message
from .names import (
    CallMode,
    CommandType,
    Device,
    EnvelopeTag,
    Event,
    LocalInformation,
    LocationStatus,
    RefreshMode,
    TimerAction,
    TimeUnit,
    ToneName,
)
from .objects import DataObject, Opaque, Placed, decode_objects, encode_objects, registered_objects
from .proactive import (
    MAX_PROACTIVE,
    ProactiveCommand,
    UnknownCommand,
    decode_proactive,
    encode_proactive,
    proactive_size,
    registered_commands,
)
from .profile import TerminalProfile
from .response import TerminalResponse
from .results import (
    Advice,
    BipProblem,
    GeneralResult,
    TerminalProblem,
    advice_for,
    describe_result,
    problem_of,
)
from .state_objects import DateTimeZone, LocationInformation, TimerValue
from .texts import AlphaIdentifier, Item, TextString, UssdString

__all__ = [
    "MAX_PROACTIVE",
    "Address",
    "Advice",
    "AlphaIdentifier",
    "BipProblem",
    "CallControl",
    "CallMode",
    "CellBroadcastDownload",
    "CommandDetails",
    "CommandType",
    "DataObject",
    "DateTimeZone",
    "Device",
    "DeviceIdentities",
    "DisplayText",
    "Duration",
    "Envelope",
    "EnvelopeTag",
    "Event",
    "EventDownload",
    "GeneralResult",
    "GeographicalLocationRequest",
    "GetInkey",
    "GetInput",
    "Icon",
    "Item",
    "ItemIcons",
    "LanguageNotification",
    "LocalInformation",
    "LocationInformation",
    "LocationStatus",
    "MenuSelection",
    "Message",
    "MoShortMessageControl",
    "MoreTime",
    "Opaque",
    "Placed",
    "PlayTone",
    "PollInterval",
    "PollingOff",
    "ProactiveCommand",
    "ProvideLocalInformation",
    "RefreshCommand",
    "RefreshMode",
    "Result",
    "SelectItem",
    "SendDtmf",
    "SendShortMessage",
    "SendSs",
    "SendUssd",
    "SetUpCall",
    "SetUpEventList",
    "SetUpIdleModeText",
    "SetUpMenu",
    "SmsPpDownload",
    "TerminalProblem",
    "TerminalProfile",
    "TerminalResponse",
    "TextSpan",
    "TextString",
    "TimeUnit",
    "TimerAction",
    "TimerExpiration",
    "TimerManagement",
    "TimerValue",
    "ToneName",
    "UnknownCommand",
    "UnknownEnvelope",
    "UssdDownload",
    "UssdString",
    "advice_for",
    "decode_envelope",
    "decode_objects",
    "decode_proactive",
    "describe_result",
    "encode_envelope",
    "encode_objects",
    "encode_proactive",
    "proactive_size",
    "problem_of",
    "registered_commands",
    "registered_envelopes",
    "registered_objects",
]
