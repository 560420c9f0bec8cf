"""What an SMSC does: binds, capabilities, round-trip times and quirks, asked one after another on own connections.

Nothing is submitted unless a destination is given. smpplib binds as an independent second stack.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from telecom_codecs.errors import CodecError
from telecom_codecs.sms import ucs2
from telecom_codecs.sms.dcs import DCS_GSM7, DCS_UCS2

from ..smpp import operations as op
from ..smpp.codec import HEADER
from ..smpp.receipt import canonical_ids, find_receipt
from ..smpp.status import CommandStatus, named
from .caller import Caller, CallFailed, readable

VENDOR_TLV = op.Tlv(0x1500, b"probe")


@dataclass(frozen=True, slots=True)
class Finding:
    """One question and its answer. `well`: as the standard has it; None: neither good nor bad."""

    question: str
    answer: str
    well: bool | None = None


@dataclass(slots=True)
class Probe:
    """`connect` opens a connection; `source` and `destination` are for the message that is sent, if any."""

    connect: Callable[[], Caller]
    system_id: str
    password: str = field(repr=False)
    source: str = ""
    destination: str = ""
    count: int = 5
    wait: float = 10.0
    findings: list[Finding] = field(default_factory=list)
    _callers: list[Caller] = field(default_factory=list, init=False, repr=False)

    def run(self) -> list[Finding]:
        """Ask everything; a question that fails is a finding of its own."""
        questions = [self._binds, self._round_trips, self._before_bind, self._second_bind, self._unknown, self._odd]
        if self.destination:
            questions.append(self._message)
        for question in questions:
            try:
                question()
            except (CallFailed, CodecError, OSError) as failed:
                self._note(question.__name__.strip("_").replace("_", " "), str(failed), well=False)
            while self._callers:
                self._callers.pop().close()
        return self.findings

    def _connected(self) -> Caller:
        caller = self.connect()
        self._callers.append(caller)
        return caller

    def _note(self, question: str, answer: str, *, well: bool | None = None) -> None:
        self.findings.append(Finding(question, answer, well))

    def _bind_pdu(self, kind: type[op.Bind] = op.BindTransceiver) -> op.Bind:
        return kind(system_id=self.system_id.encode("latin-1"), password=self.password.encode("latin-1"))

    def _bound(self) -> Caller:
        caller = self._connected()
        caller.bind(self._bind_pdu())
        return caller

    def _binds(self) -> None:
        for kind in (op.BindTransceiver, op.BindTransmitter, op.BindReceiver):
            caller = self._connected()
            begun = time.monotonic()
            name = op.name_of(kind.command_id)
            try:
                answer = caller.bind(self._bind_pdu(kind))
            except CallFailed as failed:
                self._note(name, str(failed), well=kind is not op.BindTransceiver and None)
                continue
            version = op.sc_interface_version(answer)
            said = f"0x{version:02X}" if version else "not said"
            spent, connecting = _ms([time.monotonic() - begun]), _ms([caller.connect_time])
            text = f"accepted in {spent} ms (connected in {connecting} ms)"
            who = answer.system_id.decode("latin-1") or "nobody"
            self._note(name, f"{text}; system_id {who}, sc_interface_version {said}", well=True)
            caller.unbind()

    def _round_trips(self) -> None:
        caller = self._bound()
        times: list[float] = []
        for _ in range(self.count):
            begun = time.monotonic()
            caller.ask(op.EnquireLink())
            times.append(time.monotonic() - begun)
        self._note("enquire_link", f"{len(times)} answered, median {_ms(times)} ms", well=True)
        caller.unbind()

    def _before_bind(self) -> None:
        caller = self._connected()
        answers, closed = caller.raw(op.encode(op.SubmitSm(destination_addr=b"1"), 7))
        expected = bool(answers) and HEADER.unpack_from(answers[0])[2] == CommandStatus.RINVBNDSTS
        self._note("submit_sm before bind", _told(answers, closed=closed), well=expected)

    def _second_bind(self) -> None:
        caller = self._bound()
        answers, closed = caller.raw(op.encode(self._bind_pdu(), 8))
        expected = bool(answers) and HEADER.unpack_from(answers[0])[2] == CommandStatus.RALYBND and not closed
        self._note("second bind", _told(answers, closed=closed), well=expected)

    def _unknown(self) -> None:
        caller = self._bound()
        answers, closed = caller.raw(HEADER.pack(16, 0x00000099, 0, 9))
        nack = (16, op.GenericNack.command_id, CommandStatus.RINVCMDID, 9)
        expected = bool(answers) and HEADER.unpack_from(answers[0]) == nack and not closed
        self._note("unknown command_id", _told(answers, closed=closed), well=expected)
        caller = self._bound()
        answers, closed = caller.raw(op.encode(op.QuerySm(message_id=b"no-such-id", tlvs=(VENDOR_TLV,)), 10))
        self._note("query_sm with an unknown id and a vendor TLV", _told(answers, closed=closed), well=not closed)

    def _odd(self) -> None:
        for name, octets in (
            ("command_length 15", HEADER.pack(15, op.EnquireLink.command_id, 0, 11)),
            ("command_length 2^31-1", HEADER.pack(0x7FFFFFFF, op.EnquireLink.command_id, 0, 12)),
            ("an HTTP request", b"GET / HTTP/1.1\r\n\r\n"),
        ):
            caller = self._connected()
            answers, closed = caller.raw(octets)
            self._note(name, _told(answers, closed=closed), well=closed)

    def _message(self) -> None:
        caller = self._bound()
        times: list[float] = []
        ids: list[str] = []
        for text, coding in (("probe 1", DCS_GSM7), ("探测 2", DCS_UCS2)):
            octets = ucs2.encode(text) if coding == DCS_UCS2 else text.encode("ascii")
            pdu = op.SubmitSm(
                source_addr=self.source.encode("latin-1"),
                destination_addr=self.destination.lstrip("+").encode("latin-1"),
                dest_addr_ton=1,
                dest_addr_npi=1,
                data_coding=coding,
                registered_delivery=1,
                short_message=octets,
            )
            begun = time.monotonic()
            answer = caller.submit(pdu)
            times.append(time.monotonic() - begun)
            if answer.status or not isinstance(answer, op.SubmitSmResp):
                self._note(f"submit_sm, data_coding {coding}", repr(named(answer.status)), well=False)
            else:
                ids.append(answer.message_id.decode("latin-1"))
                self._note(f"submit_sm, data_coding {coding}", f"accepted as {ids[-1] or '(no id)'}", well=True)
        self._note("submit_sm round trip", f"median {_ms(times)} ms")
        caller.listen(self.wait, len(ids))
        self._receipts(ids, [receipt for pdu in caller.received if (receipt := find_receipt(pdu)) is not None])
        caller.unbind()

    def _receipts(self, ids: list[str], receipts: list[Any]) -> None:
        exact = sum(receipt.message_id in ids for receipt in receipts)
        known = {key for one in ids for key in canonical_ids(one)}
        spelled = sum(bool(known & set(canonical_ids(receipt.message_id))) for receipt in receipts)
        text = f"{len(receipts)} of {len(ids)} within {self.wait:g} s; {exact} with the id as given"
        if spelled > exact:
            text += f", {spelled - exact} in another spelling ({receipts[0].message_id} for {ids[0]})"
        self._note("receipts", text, well=spelled == len(ids) if receipts else None)


def smpplib_finding(host: str, port: int, system_id: str, password: str) -> Finding:
    """The same bind through smpplib: whether a stranger gets on as well."""
    import smpplib.client  # noqa: PLC0415 - only a probe needs it
    import smpplib.exceptions  # noqa: PLC0415

    client = smpplib.client.Client(host, port, timeout=10, allow_unknown_opt_params=True)
    begun = time.monotonic()
    try:
        client.connect()
        client.bind_transceiver(system_id=system_id, password=password)
        spent = time.monotonic() - begun
        client.unbind()
    except (smpplib.exceptions.ConnectionError, smpplib.exceptions.PDUError, OSError, ValueError) as error:
        return Finding("smpplib", f"did not bind: {error}", well=False)
    finally:
        client.disconnect()
    return Finding("smpplib", f"binds and unbinds, {spent * 1e3:.1f} ms", well=True)


def _told(answers: list[bytes], *, closed: bool) -> str:
    said = ", ".join(readable(one) for one in answers) or "no answer"
    return f"{said}; {'closed' if closed else 'the line stays'}"


def _ms(times: list[float]) -> str:
    return f"{statistics.median(times) * 1e3:.1f}"
