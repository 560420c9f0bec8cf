"""Every PDU both ways: against smpplib as an independent stack, against itself, and against hostile octets."""

from __future__ import annotations

import contextlib
import dataclasses
from typing import Any

import pytest
import smpplib.client
import smpplib.command
import smpplib.smpp
from hypothesis import given, settings
from hypothesis import strategies as st

from smsc_gateway.smpp import operations as op
from smsc_gateway.smpp.codec import RESPONSE, faulty_field
from smsc_gateway.smpp.errors import PduError
from smsc_gateway.smpp.fields import COctetString, Items, ShortMessage, declared
from smsc_gateway.smpp.operations import CLASSES, Destination, DistributionList, Failure, Tag, Tlv, decode, encode
from smsc_gateway.smpp.status import CommandStatus
from telecom_codecs.errors import CodecError, LocalError
from tests.vectors import curated

ADDRESSES = {"source_addr": b"106900001", "destination_addr": b"8613800000001", "addr": b"12", "esme_addr": b"9"}


def a_pdu(command_id: int, **changes: Any) -> op.Pdu:
    """A valid PDU of this command_id with something in every field."""
    values: dict[str, Any] = {}
    for number, (name, kind) in enumerate(declared(CLASSES[command_id]).items()):
        if isinstance(kind, COctetString):
            values[name] = ADDRESSES.get(name, b"ab3"[: kind.size - 1])
        elif isinstance(kind, ShortMessage):
            values[name] = bytes(range(140))
        elif isinstance(kind, Items):
            values[name] = (
                (Destination(b"8613800000001", 1, 1), DistributionList(b"all"))
                if name == "destinations"
                else (Failure(b"8613800000001", CommandStatus.RINVDSTADR, 1, 1),)
            )
        else:
            values[name] = 0x34 if name == "interface_version" else number + 1
    return CLASSES[command_id](**{"sequence": 0x01020304, **values, **changes})  # type: ignore[no-any-return]


ALL = sorted(CLASSES)


@pytest.mark.parametrize("command_id", ALL, ids=op.name_of)
def test_every_pdu_comes_back_as_it_was(command_id: int) -> None:
    """What is sent is what the other end reads, vendor and repeated TLVs in their order included."""
    tlvs = (Tlv(0x1400, b"\x01"), Tlv(Tag.MESSAGE_STATE, b"\x02"), Tlv(0x1400, b""), Tlv(0x000D, b"\xff" * 5))
    pdu = a_pdu(command_id, tlvs=tlvs, status=0x400)
    assert decode(encode(pdu)) == pdu
    assert encode(decode(encode(pdu))) == encode(pdu)


@pytest.mark.parametrize("command_id", ALL, ids=op.name_of)
def test_every_pdu_cut_anywhere_is_refused_with_a_status(command_id: int) -> None:
    """A cut body is the peer's fault and answered; it never raises anything else."""
    whole = encode(a_pdu(command_id))
    for end in range(16, len(whole)):
        cut = end.to_bytes(4, "big") + whole[4:end]
        if end == 16 and (command_id & RESPONSE or not declared(CLASSES[command_id])):
            assert decode(cut).sequence == 0x01020304
            continue
        with pytest.raises(PduError) as caught:
            decode(cut)
        assert (caught.value.sequence, caught.value.command_id) == (0x01020304, command_id)
        assert caught.value.status in (CommandStatus.RINVCMDLEN, CommandStatus.RINVMSGLEN)


@pytest.mark.parametrize("command_id", [c for c in ALL if c & RESPONSE], ids=op.name_of)
def test_every_response_may_come_without_a_body(command_id: int) -> None:
    """Error answers, and some ROK ones, are sixteen octets (submit_sm_resp "" = accepted, not trackable)."""
    octets = bytes.fromhex("00000010") + command_id.to_bytes(4, "big") + bytes.fromhex("00000058 00000007")
    answer = decode(octets)
    assert (answer.status, answer.sequence, answer.tlvs) == (0x58, 7, ())


SMPPLIB = [
    op.BindTransmitter,
    op.BindReceiver,
    op.BindTransceiver,
    op.BindTransmitterResp,
    op.BindReceiverResp,
    op.BindTransceiverResp,
    op.Unbind,
    op.UnbindResp,
    op.EnquireLink,
    op.EnquireLinkResp,
    op.SubmitSm,
    op.SubmitSmResp,
    op.DeliverSm,
    op.DeliverSmResp,
    op.QuerySm,
    op.QuerySmResp,
    op.GenericNack,
]


@pytest.mark.parametrize("pdu_class", SMPPLIB, ids=lambda c: c.__name__)
def test_smpplib_writes_the_same_octets(pdu_class: type[op.Pdu]) -> None:
    """An independent implementation agrees octet by octet."""
    pdu = a_pdu(pdu_class.command_id)
    values = {
        name: getattr(pdu, name).decode() if isinstance(kind, COctetString) else getattr(pdu, name)
        for name, kind in declared(pdu_class).items()
    }
    theirs = smpplib.smpp.make_pdu(op.name_of(pdu_class.command_id), client=_client(), **values)
    theirs.sequence = pdu.sequence
    assert theirs.generate().hex() == encode(pdu).hex()


@pytest.mark.parametrize("pdu_class", SMPPLIB, ids=lambda c: c.__name__)
def test_smpplib_reads_what_we_write(pdu_class: type[op.Pdu]) -> None:
    """The independent implementation finds our values in our octets."""
    pdu = a_pdu(pdu_class.command_id)
    octets = encode(pdu)
    theirs = smpplib.smpp.parse_pdu(octets, client=_client(), allow_unknown_opt_params=True)
    for name, kind in declared(pdu_class).items():
        value = getattr(theirs, name)
        if isinstance(kind, COctetString):
            value = (value or b"").rstrip(b"\0")
        assert value == getattr(pdu, name), name


def _client() -> smpplib.client.Client:
    return smpplib.client.Client("localhost", 1, allow_unknown_opt_params=True)


@pytest.mark.parametrize("row", curated("smpp"), ids=lambda row: str(row["name"]))
def test_curated_octets_have_these_values(row: dict[str, Any]) -> None:
    """Octets from elsewhere (their source is in the row) read as their source says, and are written back."""
    octets = bytes.fromhex(row["octets"])
    pdu = decode(octets)
    assert op.name_of(pdu.command_id) == row["pdu"]
    for name, value in row["fields"].items():
        found = getattr(pdu, name)
        assert (found.hex() if isinstance(found, bytes) else found) == value, name
    assert [[tlv.tag, tlv.value.hex()] for tlv in pdu.tlvs] == row.get("tlvs", [])
    if row.get("writes_back", True):
        assert encode(pdu) == octets


BAD_VALUES: list[tuple[op.Pdu, str]] = [
    (op.SubmitSm(service_type=b"123456"), "service_type is longer than 5"),
    (op.SubmitSm(source_addr=b"1" * 21), "source_addr is longer than 20"),
    (op.SubmitSm(destination_addr=b"1\x002"), "destination_addr contains a NUL"),
    (op.SubmitSm(short_message=b"x" * 255), "short_message is longer than 254"),
    (op.SubmitSm(data_coding=256), "data_coding is not 0..255"),
    (op.SubmitSm(source_addr="1"), "source_addr is not octets"),  # type: ignore[arg-type]
    (op.SubmitSm(tlvs=(Tlv(0x10000, b""),)), "16 bits"),
    (op.SubmitSm(status=-1), "do not fit the header"),
    (op.BindTransceiver(password=b"123456789"), "password is longer than 8"),
    (op.SubmitMulti(destinations=(Destination(b"1" * 21),)), "does not fit"),
]


@pytest.mark.parametrize(("pdu", "why"), BAD_VALUES, ids=lambda value: value if isinstance(value, str) else "")
def test_value_that_does_not_fit_is_named(pdu: op.Pdu, why: str) -> None:
    """The caller reads which field to correct; nothing is cut silently."""
    with pytest.raises(LocalError, match=why):
        encode(pdu)


def test_reading_takes_longer_strings_than_the_standard() -> None:
    """Peers overrun; the value is kept and faulty_field names it for a centre that wants to refuse it."""
    octets = encode(a_pdu(op.SubmitSm.command_id, source_addr=b"1" * 20))
    octets = octets.replace(b"1" * 20, b"1" * 30)
    pdu = decode(len(octets).to_bytes(4, "big") + octets[4:])
    assert pdu.source_addr == b"1" * 30
    assert faulty_field(pdu) == ("source_addr", CommandStatus.RINVSRCADR)
    assert faulty_field(a_pdu(op.SubmitSm.command_id)) is None


def test_sm_length_beyond_the_pdu_is_rinvmsglen() -> None:
    """The submission is refused, not the session."""
    octets = bytearray(encode(op.SubmitSm(short_message=b"abc"), 5))
    octets[-4] = 9
    with pytest.raises(PduError) as caught:
        decode(bytes(octets))
    assert (caught.value.status, caught.value.sequence) == (CommandStatus.RINVMSGLEN, 5)


def test_single_nul_behind_the_message_is_dropped() -> None:
    """Some stacks end short_message with a NUL they do not count."""
    octets = encode(op.DeliverSm(short_message=b"abc"), 5) + b"\0"
    assert decode(len(octets).to_bytes(4, "big") + octets[4:]) == op.DeliverSm(short_message=b"abc", sequence=5)


def test_sequence_numbers_are_echoed_bit_exact() -> None:
    """0 and numbers above 0x7FFFFFFF are the peer's business."""
    for sequence in (0, 0x80000000, 0xFFFFFFFF):
        assert decode(encode(op.EnquireLink(), sequence)).sequence == sequence


def test_password_is_not_in_the_repr() -> None:
    """Logs print PDUs."""
    assert "secret" not in repr(op.BindTransceiver(system_id=b"ykt", password=b"secret"))


def test_pdus_are_frozen_values() -> None:
    """The fast constructor did not open them."""
    pdu = op.SubmitSm(short_message=b"abc")
    with pytest.raises(dataclasses.FrozenInstanceError):
        pdu.short_message = b"x"  # type: ignore[misc]
    assert pdu == op.SubmitSm(short_message=b"abc")
    assert hash(pdu) == hash(op.SubmitSm(short_message=b"abc"))
    assert dataclasses.replace(pdu, sequence=9).sequence == 9


@settings(max_examples=300)
@given(st.sampled_from(ALL), st.binary(max_size=300))
def test_any_body_gives_a_value_or_a_declared_error(command_id: int, body: bytes) -> None:
    """Hostile octets raise PduError only; what is read is written again without surprise."""
    octets = (16 + len(body)).to_bytes(4, "big") + command_id.to_bytes(4, "big") + bytes(8) + body
    try:
        pdu = decode(octets)
    except PduError:
        return
    try:
        again = encode(pdu)
    except CodecError:
        return  # longer than we may send
    assert decode(again) == pdu


@settings(max_examples=300)
@given(st.binary(max_size=64))
def test_any_octets_at_all_raise_only_pdu_error(octets: bytes) -> None:
    """decode is total."""
    with contextlib.suppress(PduError):
        decode(octets)
