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
from .status import OK, WRONG_DATA, WRONG_LENGTH, Refused, Reply
from .transmission import GET_RESPONSE, Transmission

_GOES_ON = frozenset({0x61, 0x62, 0x63, 0x9F})

Execute = Callable[[CommandApdu], Reply]


def run_compact(script: bytes, execute: Execute, memory: NonVolatile) -> bytes:
    """The response data of a script. One that cannot be cut into commands runs none of them: 00 6700."""
    try:
        commands = decode_compact(script)
    except CodecError:
        return CompactResponse(0, WRONG_LENGTH).encode()
    transmission = Transmission(in_script=True)
    executed, reply = 0, Reply()
    for apdu in commands:
        executed += 1
        reply = _performed(apdu, execute, transmission, memory)
        if reply.sw != OK and reply.sw >> 8 not in _GOES_ON:
            break
    return CompactResponse(executed, reply.sw, reply.response).encode()


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
