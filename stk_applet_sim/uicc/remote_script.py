"""Runs the commands of a packet one by one and tells how far it came — TS 102 226 §5.1 (compact), §5.2 (expanded).

Each command is a transaction: its writes are durable before the next begins. The script ends at the first status
word that is no success and no warning. A script that begins with AA or AE is an expanded one: no command of class AA
or AE is for us.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from telecom_codecs.card.apdu import CommandApdu, ResponseApdu
from telecom_codecs.errors import CodecError, Truncated
from telecom_codecs.ota.remote_command import (
    BadFormat,
    CommandScript,
    CompactResponse,
    ErrorAction,
    ResponseScript,
    decode_compact,
)

from .memory import NonVolatile
from .status import OK, WRONG_DATA, WRONG_LENGTH, Refused, Reply
from .transmission import GET_RESPONSE, Transmission

_GOES_ON = frozenset({0x61, 0x62, 0x63, 0x9F})
EXPANDED: Final = b"\xaa\xae"  #: first octets of a command script, definite and indefinite length
CHAINING_UNSUPPORTED = 0x02  #: TS 102 226 §5.2.2: script chaining not supported

Execute = Callable[[CommandApdu], Reply]


def run_script(script: bytes, execute: Execute, memory: NonVolatile) -> bytes:
    """The response data of a script in either format."""
    if script[:1] and script[0] in EXPANDED:
        return _run_expanded(script, execute, memory)
    return _run_compact(script, execute, memory)


def _run_compact(script: bytes, execute: Execute, memory: NonVolatile) -> bytes:
    """One that cannot be cut into commands runs none of them: 00 6700."""
    try:
        commands = decode_compact(script)
    except CodecError:
        return CompactResponse(0, WRONG_LENGTH).encode()
    transmission = Transmission(in_script=True)
    executed, reply = 0, Reply()
    for apdu in commands:
        executed += 1
        reply = _performed(apdu, execute, transmission, memory)
        if not _goes_on(reply):
            break
    return CompactResponse(executed, reply.sw, reply.response).encode()


def _run_expanded(script: bytes, execute: Execute, memory: NonVolatile) -> bytes:
    """An R-APDU for every command with Le, for the last one executed, and for the one that ended the script.

    A script that cannot be read, or asks for what the card has not, runs none of its commands and says so.
    """
    try:
        wanted = CommandScript.decode(script)
    except Truncated:
        return ResponseScript((), 0, bad_format=BadFormat.WRONG_LENGTH).encode()
    except CodecError:
        return ResponseScript((), 0, bad_format=BadFormat.UNKNOWN_TAG).encode()
    counted = None if wanted.indefinite else 0
    if wanted.chaining is not None:
        return ResponseScript((), counted, chaining=CHAINING_UNSUPPORTED).encode()
    if not all(isinstance(command, (CommandApdu, ErrorAction)) for command in wanted.commands):
        return ResponseScript((), counted, bad_format=BadFormat.UNKNOWN_TAG).encode()
    transmission = Transmission(in_script=True)
    responses: list[ResponseApdu] = []
    executed, last = 0, len(wanted.commands)
    for command in wanted.commands:
        executed += 1
        if not isinstance(command, CommandApdu):
            continue
        reply = _performed(command, execute, transmission, memory)
        ends = not _goes_on(reply)
        if ends or command.le is not None or executed == last:
            responses.append(ResponseApdu(reply.response, reply.sw))
        if ends:
            break
    return ResponseScript(tuple(responses), None if wanted.indefinite else executed).encode()


def _goes_on(reply: Reply) -> bool:
    return reply.sw == OK or reply.sw >> 8 in _GOES_ON


def _performed(apdu: CommandApdu, execute: Execute, transmission: Transmission, memory: NonVolatile) -> Reply:
    try:
        if apdu.ins == GET_RESPONSE:
            return transmission.get_response(apdu)
        reply = transmission.send(apdu, execute(apdu))
    except Refused as refusal:
        memory.roll_back()
        return Reply(sw=refusal.sw)
    except CodecError:
        memory.roll_back()
        return Reply(sw=WRONG_DATA)
    memory.commit()
    return reply
