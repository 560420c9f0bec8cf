"""Runs the commands of a packet one by one and tells how far it came — TS 102 226 §5.1 (compact).

Each command is a transaction: its writes are durable before the next begins. The script ends at the first status
word that is no success and no warning.
"""

from __future__ import annotations

from collections.abc import Callable

from telecom_codecs.apdu import CommandApdu
from telecom_codecs.errors import CodecError
from telecom_codecs.remote_command import CompactResponse, decode_compact

from .memory import NonVolatile
from .status import CONDITIONS_NOT_SATISFIED, OK, WRONG_DATA, WRONG_LENGTH, Refused, Reply

GET_RESPONSE = 0xC0
_GOES_ON = frozenset({0x61, 0x62, 0x63, 0x9F})

Execute = Callable[[CommandApdu], Reply]


def run_compact(script: bytes, execute: Execute, memory: NonVolatile) -> bytes:
    """The response data of a script. One that cannot be cut into commands runs none of them: 00 6700."""
    try:
        commands = decode_compact(script)
    except CodecError:
        return CompactResponse(0, WRONG_LENGTH).encode()
    waiting = b""
    executed, reply = 0, Reply()
    for apdu in commands:
        executed += 1
        if apdu.ins == GET_RESPONSE:
            reply, waiting = _fetched(waiting, apdu.le)
        else:
            reply, waiting = _shaped(apdu, _performed(apdu, execute, memory))
        if reply.sw != OK and reply.sw >> 8 not in _GOES_ON:
            break
    return CompactResponse(executed, reply.sw, reply.response).encode()


def _performed(apdu: CommandApdu, execute: Execute, memory: NonVolatile) -> Reply:
    try:
        reply = execute(apdu)
    except Refused as refusal:
        memory.roll_back()
        return Reply(sw=refusal.sw)
    except CodecError:
        memory.roll_back()
        return Reply(sw=WRONG_DATA)
    memory.commit()
    return reply


def _shaped(apdu: CommandApdu, reply: Reply) -> tuple[Reply, bytes]:
    """Outgoing data come at once; those of a command with input wait for GET RESPONSE unless it had an Le."""
    if not reply.response or (apdu.data and apdu.le is not None):
        return reply, b""
    length = len(reply.response)
    if apdu.data:
        if reply.sw != OK:
            return Reply(sw=reply.sw), reply.response
        return Reply(sw=(0x9F00 if apdu.cla == 0xA0 else 0x6100) | length & 0xFF), reply.response
    if apdu.le not in (None, 256, length):
        return Reply(sw=0x6C00 | length & 0xFF), b""
    return reply, b""


def _fetched(waiting: bytes, le: int | None) -> tuple[Reply, bytes]:
    if not waiting:
        return Reply(sw=CONDITIONS_NOT_SATISFIED), b""
    wanted = len(waiting) if le in (None, 256) else le or 0
    if wanted > len(waiting):
        return Reply(sw=0x6C00 | len(waiting) & 0xFF), waiting
    left = waiting[wanted:]
    return Reply(waiting[:wanted], 0x6100 | len(left) & 0xFF if left else OK), left
