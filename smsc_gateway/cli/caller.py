"""One bind on a blocking socket, for tools that ask one thing after another; the protocol is :mod:`.smpp.session`."""

from __future__ import annotations

import socket
import ssl
import time
from typing import Any

from ..smpp import operations as op
from ..smpp.errors import PduError
from ..smpp.events import Answered, BindRefused, Bound, Close, Event, Requested, Unanswered
from ..smpp.session import Limits, Session
from ..smpp.states import Role
from ..smpp.status import named


class CallFailed(Exception):
    """The other end refused, closed or said nothing; the text says which and when."""


class Caller:
    """Connects at construction. `received` holds every deliver_sm (all are acknowledged); times are seconds."""

    def __init__(self, host: str, port: int, *, timeout: float = 10.0, tls: ssl.SSLContext | None = None) -> None:
        begun = time.monotonic()
        try:
            line: socket.socket = socket.create_connection((host, port), timeout)
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._line = line if tls is None else tls.wrap_socket(line, server_hostname=host)
        except OSError as error:
            raise CallFailed(f"cannot connect to {host}:{port}: {error}") from error
        self.connect_time = time.monotonic() - begun
        self.received: list[op.DeliverSm | op.DataSm] = []
        self._timeout = timeout
        self.session = Session(Role.ESME, time.monotonic(), Limits(response_timeout=timeout, bind_timeout=timeout))
        self._answers: dict[object, Any] = {}
        self._closed = ""

    def close(self) -> None:
        self._line.close()

    def bind(self, pdu: op.Bind) -> op.BindResp:
        """Bind; CallFailed when it is refused."""
        self.session.request(pdu, time.monotonic())
        self._wait("bind")
        answer = self._answers.pop("bind")
        if isinstance(answer, int):
            raise CallFailed(f"the bind was refused: {named(answer)!r}")
        assert isinstance(answer, op.BindResp)
        return answer

    def ask(self, pdu: op.Pdu) -> Any:
        """The answer to a request; CallFailed when none comes."""
        token = object()
        self.session.request(pdu, time.monotonic(), token)
        self._wait(token)
        return self._answers.pop(token)

    def submit(self, pdu: op.SubmitSm) -> op.SubmitSmResp | op.GenericNack:
        """The answer to a submission."""
        answer: op.SubmitSmResp | op.GenericNack = self.ask(pdu)
        return answer

    def unbind(self) -> None:
        """Leave in good order, or at once when the other end does not."""
        try:
            self._act(self.session.unbind(time.monotonic()))
            while not self._closed:
                self._turn(2.0)
        except CallFailed:
            pass
        self.close()

    def listen(self, seconds: float, enough: int | None = None) -> None:
        """Take what comes for so long, or until `enough` deliver_sm are here."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0 and (enough is None or len(self.received) < enough):
            self._turn(left, patient=True)

    def raw(self, octets: bytes, *, seconds: float = 2.0) -> tuple[list[bytes], bool]:
        """Write octets as they are: the whole PDUs that come back, and whether the other end closed.

        For what a session would never say. Answers end with the first quiet moment.
        """
        self._line.sendall(octets)
        self._line.settimeout(seconds)
        back = b""
        try:
            while data := self._line.recv(65536):
                back += data
                self._line.settimeout(0.2)
        except TimeoutError:
            return _pdus(back), False
        except OSError:
            return _pdus(back), True
        return _pdus(back), True

    def _wait(self, token: object) -> None:
        end = time.monotonic() + self._timeout
        while token not in self._answers:
            left = end - time.monotonic()
            if left <= 0:
                raise CallFailed(f"no answer within {self._timeout:g} s")
            self._turn(left)

    def _turn(self, seconds: float, *, patient: bool = False) -> None:
        """Write what waits, read once, act."""
        try:
            self._line.sendall(self.session.take())
            self._line.settimeout(max(0.001, seconds))
            data = self._line.recv(65536)
        except TimeoutError:
            if patient:
                return
            raise CallFailed(f"no answer within {seconds:.1f} s") from None
        except OSError as error:
            raise CallFailed(f"the line broke: {error}") from error
        if not data:
            self._closed = self._closed or "the other end closed the line"
            raise CallFailed(self._closed)
        self._act(self.session.receive(data, time.monotonic()))
        self._line.sendall(self.session.take())

    def _act(self, events: list[Event]) -> None:
        for event in events:
            if isinstance(event, Answered):
                self._answers[event.token] = event.response
            elif isinstance(event, Bound):
                self._answers["bind"] = event.response
            elif isinstance(event, BindRefused):
                self._answers["bind"] = event.status
            elif isinstance(event, Requested):
                self._requested(event.pdu)
            elif isinstance(event, Unanswered):
                raise CallFailed(event.reason)
            elif isinstance(event, Close):
                self._closed = event.reason

    def _requested(self, pdu: Any) -> None:
        answer = op.response_class(pdu.command_id)
        if answer is not None:
            self.session.respond(answer(sequence=pdu.sequence), time.monotonic())
        if isinstance(pdu, (op.DeliverSm, op.DataSm)):
            self.received.append(pdu)


def _pdus(octets: bytes) -> list[bytes]:
    found: list[bytes] = []
    while len(octets) >= 16:
        length = int.from_bytes(octets[:4], "big")
        if not 16 <= length <= len(octets):
            break
        found.append(octets[:length])
        octets = octets[length:]
    return found


def readable(octets: bytes) -> str:
    """A PDU in a word and a status, for a report."""
    try:
        pdu = op.decode(octets)
    except PduError as error:
        return f"unreadable: {error}"
    return f"{op.name_of(pdu.command_id)} {named(pdu.status)!r}"
