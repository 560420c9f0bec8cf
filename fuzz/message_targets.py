"""Short messages: TPDUs, reports, and the reassembly that a hostile sender fills."""

from __future__ import annotations

from contextlib import suppress

from telecom_codecs.errors import RemoteError
from telecom_codecs.octets import Cursor
from telecom_codecs.sms import gsm7
from telecom_codecs.sms.address import Address
from telecom_codecs.sms.concat import Reassembly
from telecom_codecs.sms.reports import Command, DeliverReport, StatusReport, SubmitReport
from telecom_codecs.sms.time import RelativeValidity, Scts
from telecom_codecs.sms.tpdu import (
    SmsDeliver,
    SmsSubmit,
    decode_from_network,
    decode_from_station,
)
from telecom_codecs.sms.udh import split_user_data

from . import corpus
from .target import Target, hexes, named

_SCTS = Scts(2026, 11, 22, 12, 30, 0, 32)
_CPI = bytes.fromhex("027000")
_ME = Address("8613800000001")


def _delivered() -> tuple[bytes, ...]:
    """Reports of a phone: plain, with a PoR, refused."""
    reports = (
        DeliverReport(),
        DeliverReport(b"\x02\x71\x00\x00\x0e", 0x7F, 0xF6, udhi=True),
        DeliverReport(b"Hello", dcs=0, failure_cause=0xD5),
    )
    return tuple(report.encode() for report in reports)


def _submitted() -> tuple[bytes, ...]:
    reports = (SubmitReport(_SCTS), SubmitReport(_SCTS, b"busy", 0, 4), SubmitReport(_SCTS, failure_cause=0xC3))
    return tuple(report.encode() for report in reports)


def _states() -> tuple[bytes, ...]:
    reports = (
        StatusReport(7, _ME, _SCTS, _SCTS, 0),
        StatusReport(8, _ME, _SCTS, _SCTS, 0x41, user_data=b"text", dcs=4, pid=0, has_parameters=True),
    )
    return tuple(report.encode() for report in reports)


def _commands() -> tuple[bytes, ...]:
    return hexes(
        "0201000001 0b916831082001f5 00".replace(" ", ""), "42010102050d91683108000000f10427700 0aa".replace(" ", "")
    )


def _submits() -> tuple[bytes, ...]:
    """Every form of validity, every alphabet, with and without a header."""
    messages = (
        SmsSubmit(_ME, 0, 0, gsm7.encode("Hello [1]")),
        SmsSubmit(_ME, 0x7F, 0xF6, _CPI + bytes(20), udhi=True, reference=9, validity=RelativeValidity(0xA7)),
        SmsSubmit(_ME, 0, 8, "余额".encode("utf-16-be"), validity=_SCTS),
        SmsSubmit(_ME, 0, 0, bytes.fromhex("0500032a0201") + gsm7.encode("part"), udhi=True),
    )
    return tuple(message.encode() for message in messages)


def _joined(octets: bytes) -> tuple[int, ...]:
    """Segments behind their lengths, one a second; what waits must stay within the limits."""
    box, cursor = Reassembly(limit_sets=4, limit_octets=512, ttl=10.0), Cursor(octets)
    joined: list[int] = []
    for now in range(40):
        if not cursor.remaining:
            break
        segment = cursor.take(min(cursor.u8("length"), cursor.remaining), "segment")
        with suppress(RemoteError):
            header, body = split_user_data(True, segment)
            whole = box.add(bytes(header.encode()[-1:]) if header else b"", header, body, float(now))
            joined.append(len(whole.body) if whole else -1)
        if len(box) > 4 or box.octets > 512:
            raise AssertionError(f"{len(box)} sets, {box.octets} octets wait")
    return tuple(joined)


def targets() -> tuple[Target, ...]:
    """One for each TPDU and each direction."""
    tpdus = corpus.octets("sms_tpdu", "sms_concat", "tpdu")
    delivers = tpdus + hexes("040bc87238880900f10000993092516195800ae8329bfd4697d9ec37")
    submits = tpdus + _submits()
    pieces = hexes(
        "0500032a020141", "0700032a02017000", "0608040123020142", "0500032a020241", "0608040123020241", "0041"
    )
    segments = tuple(
        b"".join(bytes((len(piece),)) + piece for piece in pieces[at:] + pieces[:at]) for at in range(len(pieces))
    )
    return (
        named("sms.SmsDeliver", SmsDeliver.decode, SmsDeliver.encode, *delivers, weight=12),
        named("sms.SmsSubmit", SmsSubmit.decode, SmsSubmit.encode, *submits, weight=12),
        named("sms.DeliverReport", DeliverReport.decode, DeliverReport.encode, *_delivered(), weight=8),
        named("sms.SubmitReport", SubmitReport.decode, SubmitReport.encode, *_submitted(), weight=8),
        named("sms.StatusReport", StatusReport.decode, StatusReport.encode, *_states(), *tpdus, weight=8),
        named("sms.Command", Command.decode, Command.encode, *_commands(), weight=8),
        named(
            "sms.from_network", decode_from_network, lambda value: value.encode(), *delivers, *_states(), *_submitted()
        ),
        named(
            "sms.from_station", decode_from_station, lambda value: value.encode(), *submits, *_commands(), *_delivered()
        ),
        Target("sms.text of a message", _text, None, delivers),
        Target("concat.Reassembly", _joined, None, segments),
    )


def _text(octets: bytes) -> str | None:
    return SmsDeliver.decode(octets).text()
