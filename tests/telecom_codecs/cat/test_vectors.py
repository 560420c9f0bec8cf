"""All foreign card toolkit vectors: decoded to the stated meaning, written back to the same octets.

`decoded` in the set is one entry per data object, in order; :data:`MEANINGS` says how each of our objects is told in
the words of the set. The curated rows in cat.toml are the same kind of fact for a clone without the large set.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any

import pytest

from telecom_codecs.card.apdu import CommandApdu
from telecom_codecs.cat import (
    CommandType,
    DataObject,
    Device,
    Envelope,
    Event,
    Message,
    Opaque,
    ProactiveCommand,
    TerminalProfile,
    TerminalResponse,
    TimeUnit,
    decode_envelope,
    decode_objects,
    decode_proactive,
    encode_envelope,
    encode_objects,
    encode_proactive,
    texts,
)
from telecom_codecs.cat import channel_objects as channel
from telecom_codecs.cat import core_objects as core
from telecom_codecs.cat import device_objects as device
from telecom_codecs.cat import display_objects as display
from telecom_codecs.cat import network_objects as network
from telecom_codecs.cat import state_objects as state
from telecom_codecs.cat.response import NO, YES
from telecom_codecs.cat.shapes import OctetsObject
from telecom_codecs.errors import CodecError
from tests.vectors import curated, foreign, needs_vectors


def _message(row: dict[str, Any]) -> tuple[Message, bytes]:
    """The message of a row and the octets it is written back to."""
    octets = bytes.fromhex(row["hex"])
    if row["kind"] == "proactive_command":
        command = decode_proactive(octets)
        return command, encode_proactive(command)
    if row["kind"] == "envelope":
        envelope = decode_envelope(octets)
        return envelope, encode_envelope(envelope)
    response = TerminalResponse.decode(octets)
    return response, response.encode()


def _device(device: int) -> str:
    if isinstance(device, Device):
        return device.name.lower()
    return f"{device:02x}"


def _event(event: int) -> str:
    """The set has no name for the event network rejection."""
    named = isinstance(event, Event) and event is not Event.NETWORK_REJECTION
    return Event(event).name.lower() if named else f"{event:02x}"


def _text(value: texts.CodedText) -> dict[str, Any]:
    """The set shows the octet of a yes/no answer as a control character."""
    answers = {YES: "\x01", NO: "\x00"} if value.dcs == 0x04 else {}
    text = answers.get(value.text, value.text)
    return {"text": text} if value.dcs is None else {"dcs": f"{value.dcs:02x}", "text": text}


def _number(value: core.NumberAddress) -> dict[str, str]:
    return {"ton_npi": value.encode()[:1].hex(), "number": value.number.digits}


def _details(value: core.CommandDetails) -> dict[str, Any]:
    kind = CommandType(value.type)
    return {
        "number": value.number,
        "type": kind.name.replace("_", " "),
        "type_byte": f"{value.type:02x}",
        "qualifier": f"{value.qualifier:02x}",
    }


def _item(value: texts.Item) -> dict[str, Any]:
    return {"id": value.id, "text": value.text} if value.id else {}


def _hex(value: DataObject) -> str:
    return value.encode().hex()


def _clock(value: state.TimerValue) -> str:
    return f"{value.hours:02}:{value.minutes:02}:{value.seconds:02}"


def _same(value: Any) -> Any:
    return value.plain()


#: Class of ours → name in the set, and how the set tells the value.
MEANINGS: dict[type[DataObject], tuple[str, Callable[[Any], Any]]] = {
    core.CommandDetails: ("command_details", _details),
    core.DeviceIdentities: (
        "device_identities",
        lambda value: {"src": _device(value.source), "dst": _device(value.destination)},
    ),
    core.Result: (
        "result",
        lambda value: {"general_result": f"{value.general:02x}", "additional": value.additional.hex()},
    ),
    core.Duration: (
        "duration",
        lambda value: {"unit": TimeUnit(value.unit).name.lower(), "interval": value.interval},
    ),
    core.DiallingAddress: ("address", _number),
    core.CapabilityConfiguration: ("capability_config", _hex),
    core.Subaddress: ("subaddress", _hex),
    core.ItemIdentifier: ("item_identifier", _same),
    core.ResponseLength: ("response_length", lambda value: {"min": value.minimum, "max": value.maximum}),
    core.SmsTpdu: ("sms_tpdu", _hex),
    display.Tone: ("tone", _hex),
    core.FileList: (
        "file_list",
        lambda value: {"n": len(value.paths), "files": b"".join(value.paths).hex()},
    ),
    display.HelpRequest: ("help_request", _hex),
    display.ItemsNextAction: (
        "items_next_action_indicator",
        lambda value: [f"{kind:02x}" for kind in value.values],
    ),
    core.EventList: ("event_list", lambda value: [_event(event) for event in value.values]),
    display.Icon: ("icon_identifier", lambda value: f"{value.qualifier:02x}{value.identifier:02x}"),
    display.ItemIcons: (
        "item_icon_identifier_list",
        lambda value: bytes((value.qualifier, *value.identifiers)).hex(),
    ),
    display.ImmediateResponse: ("immediate_response", _hex),
    core.DtmfString: ("dtmf_string", _same),
    display.TextAttribute: ("text_attribute", _hex),
    display.ItemTextAttributes: ("item_text_attribute_list", _hex),
    texts.AlphaIdentifier: ("alpha_identifier", _same),
    texts.Item: ("item", _item),
    texts.TextString: ("text_string", _text),
    texts.DefaultText: ("default_text", _text),
    texts.UssdString: ("ussd_string", _hex),
    network.SsString: ("ss_string", _hex),
    network.LocationInformation: ("location_information", _hex),
    state.Imei: ("imei", _hex),
    state.ImeiSv: ("tag_e2", _hex),
    network.NetworkMeasurementResults: ("network_measurement_results", _hex),
    network.BcchChannelList: ("bcch_channel_list", _hex),
    network.Cause: ("cause", _hex),
    network.LocationStatusObject: ("location_status", _hex),
    network.TransactionIdentifiers: ("transaction_identifier", _hex),
    state.TimerIdentifier: ("timer_identifier", _same),
    state.TimerValue: ("timer_value", _clock),
    state.DateTimeZone: ("date_time_tz", _hex),
    state.Language: ("language", _same),
    network.TimingAdvance: ("timing_advance", lambda value: f"{value.status:02x}{value.advance:02x}"),
    network.AccessTechnology: ("access_technology", _hex),
    state.ElectronicSerialNumber: ("tag_c6", _hex),
    state.BatteryState: ("tag_e3", _hex),
    network.UpdateAttachType: ("tag_f4", _hex),
    network.RejectionCause: ("tag_f5", _hex),
    network.TrackingArea: ("tag_7d", _hex),
    network.CellBroadcastPage: ("cb_page", _hex),
    device.CardReaderStatus: ("card_reader_status", _hex),
    device.CardCommand: ("c_apdu", _hex),
    device.AtCommand: ("at_command", _same),
    device.AtResponse: ("at_response", _hex),
    device.BrowserIdentity: ("browser_identity", _hex),
    device.Url: ("url", _hex),
    device.BearerList: ("bearer", _hex),
    device.BrowserTermination: ("browser_termination_cause", _hex),
    channel.BearerDescription: (
        "bearer_description",
        lambda value: f"{value.type:02x}{value.parameters.hex()}",
    ),
    channel.ChannelOctets: ("channel_data", _hex),
    channel.ChannelDataLength: ("channel_data_length", _same),
    channel.ChannelStatus: ("channel_status", _hex),
    channel.BufferSize: ("buffer_size", _same),
    channel.TransportLevel: (
        "uicc_terminal_transport_level",
        lambda value: {"proto": int(value.protocol), "port": value.port},
    ),
    channel.OtherAddress: ("other_address", lambda value: f"{value.type:02x}{value.octets.hex()}"),
    channel.NetworkAccessName: ("network_access_name", _hex),
}


def _meaning(value: DataObject) -> dict[str, Any]:
    name, tell = MEANINGS[type(value)]
    return {name: tell(value)}


def _rows(*kinds: str) -> list[dict[str, Any]]:
    return [row for row in foreign("cat") if row["kind"] in kinds]


MESSAGES = _rows("proactive_command", "terminal_response", "envelope")


def _check(row: dict[str, Any]) -> None:
    message, again = _message(row)
    assert again.hex() == row["hex"]
    assert [_meaning(value) for value in message.objects()] == _without_none(row["decoded"])
    if "command" in row and isinstance(message, ProactiveCommand):
        assert row["command"] == message.NAME
    if isinstance(message, Envelope):
        assert message.NAME.split(")")[0].replace("ENVELOPE (", "") in _told(row["command"])


def _without_none(told: Any) -> Any:
    """The set tells the DCS of a null text string as null; TOML has no such value."""
    if isinstance(told, dict):
        return {name: _without_none(value) for name, value in told.items() if value is not None}
    return [_without_none(value) for value in told] if isinstance(told, list) else told


def _told(name: str) -> str:
    """The set's names of two envelopes differ from the standard's."""
    return name.replace("SMS-PP", "SMS PP").replace("SMS-CB", "CELL BROADCAST")


@needs_vectors
@pytest.mark.parametrize("row", MESSAGES, ids=lambda row: row["name"])
def test_message_means_what_the_set_says_and_is_written_back(row: dict[str, Any]) -> None:
    """Every proactive command, TERMINAL RESPONSE and ENVELOPE, object by object."""
    _check(row)


@pytest.mark.parametrize("row", curated("cat"), ids=lambda row: row["name"])
def test_curated_message_means_what_its_source_says(row: dict[str, Any]) -> None:
    """The path alone, provable on a fresh clone."""
    _check(row)


@needs_vectors
@pytest.mark.parametrize("row", _rows("comprehension_tlv"), ids=lambda row: row["name"])
def test_single_object_means_what_the_set_says(row: dict[str, Any]) -> None:
    """Five objects from another program's own tests."""
    octets = bytes.fromhex(row["hex"])
    (placed,) = decode_objects(octets)
    assert encode_objects((placed,)) == octets
    told = dict(row["decoded"])
    if isinstance(placed.value, channel.BearerDescription):
        assert told == {"bearer_description": {"type": "default", "params": ""}}
        assert placed.value == channel.BearerDescription(3)
    elif isinstance(placed.value, channel.OtherAddress):
        assert told == {"other_address": {"type": "ipv4", "address": placed.value.text}}
    else:
        assert _meaning(placed.value) == told


@needs_vectors
@pytest.mark.parametrize("row", _rows("apdu"), ids=lambda row: row["name"])
def test_apdu_around_toolkit_octets_is_written_back(row: dict[str, Any]) -> None:
    """TERMINAL PROFILE, ENVELOPE, FETCH and STATUS as other tools sent them."""
    octets = bytes.fromhex(row["hex"])
    apdu = CommandApdu.decode(octets)
    assert apdu.encode() == octets
    if apdu.ins == 0x10:
        profile = TerminalProfile.decode(apdu.data)
        assert profile.encode() == apdu.data == bytes.fromhex(row.get("decoded", {}).get("profile", apdu.data.hex()))
        assert profile.supports("profile_download")
    if apdu.ins == 0xC2:
        envelope = decode_envelope(apdu.data)
        assert encode_envelope(envelope) == apdu.data
        address = envelope.find(core.DiallingAddress)
        assert f"{address.encode_value()[0] & 0x7F:02x} 21436587" == row["decoded"]["address"]


@needs_vectors
def test_the_whole_set_is_there_and_nothing_is_opaque() -> None:
    """949 vectors; every object in them has a class of its own."""
    assert Counter(row["kind"] for row in foreign("cat")) == {
        "proactive_command": 693,
        "terminal_response": 183,
        "envelope": 63,
        "comprehension_tlv": 5,
        "apdu": 5,
    }
    opaque = [row["name"] for row in MESSAGES if any(isinstance(item, Opaque) for item in _message(row)[0].objects())]
    assert opaque == []


@needs_vectors
def test_objects_carried_as_octets_are_these() -> None:
    """82 of 4080 objects hold octets whose structure belongs to another standard."""
    kinds = [type(item) for row in MESSAGES for item in _message(row)[0].objects()]
    carried = Counter(kind.NAME for kind in kinds if issubclass(kind, OctetsObject))
    assert len(kinds) == 4080
    assert carried == {
        "SMS TPDU": 51,
        "C-APDU": 9,
        "cause": 6,
        "channel data": 5,
        "network measurement results": 5,
        "capability configuration parameters": 3,
        "cell broadcast page": 2,
        "subaddress": 1,
    }


def _changed(value: Any) -> Any:
    """Another value of the same type, or None for a type that is not changed here."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value ^ 1
    if isinstance(value, str):
        return ("0" if value[:1] != "0" else "1") + value[1:]
    if isinstance(value, bytes):
        return bytes((value[0] ^ 1,)) + value[1:] if value else b"\x01"
    return None


@needs_vectors
def test_objects_hold_no_copy_of_their_octets() -> None:
    """Each of 7518 numbers, texts and octet strings, changed alone, changes the octets (or is refused)."""
    fields_changed, silent = 0, []
    for row in MESSAGES:
        for item in _message(row)[0].objects():
            for one in fields(item):
                other = _changed(getattr(item, one.name))
                if other is None or not one.compare:
                    continue
                fields_changed += 1
                try:
                    octets = replace(item, **{one.name: other}).encode()
                except CodecError:
                    continue
                if octets == item.encode():
                    silent.append(f"{type(item).__name__}.{one.name}")
    assert fields_changed == 7518
    assert Counter(silent) == {}
