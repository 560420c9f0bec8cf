"""Scripts of C-APDUs for remote management and what the card says of them — ETSI TS 102 226 §5.

Compact (§5.1): C-APDUs one after the other, each CLA INS P1 P2 P3 and data; the answer speaks of the
last one only. Expanded (§5.2): C-APDUs in a scripting template, an R-APDU for each. Which of the two
an application takes is a property of its TAR; nothing in the octets of a packet tells.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Final, Self

from ..card.apdu import CommandApdu, ResponseApdu
from ..errors import BadValue, LimitExceeded, LocalError, Truncated
from ..octets import Cursor
from ..tlv import BerTlv, decode_ber, decode_ber_length, encode_ber_all, encode_ber_length

MAXIMUM_COMMANDS: Final = 255  #: the count in a compact response has one octet

_OUTGOING: Final = frozenset({0x12, 0x84, 0xB0, 0xB2, 0xC0, 0xCA})  #: FETCH … GET DATA: P3 is Le


def is_outgoing(cla: int, ins: int, p1: int, p2: int) -> bool:
    """Whether P3 of this command is Le: it sends no data and wants some back.

    Only the instruction tells — ETSI TS 102 221 §10.1.2, GlobalPlatform §11. STATUS (outgoing) and GET STATUS
    (not) share INS F2 and are told apart by P1; RETRIEVE DATA sends a tag only with its first block.
    """
    if ins in _OUTGOING:
        return True
    if ins == 0xF2:
        return p1 in (0, 1, 2)
    if ins == 0x70:
        return p1 == 0
    return ins == 0xCB and bool(cla & 0x80) and not p2 & 0x80


def encode_compact(apdus: Sequence[CommandApdu | bytes]) -> bytes:
    """The command list — §5.1.1. Octets are taken as they are, except that a lone header gets its P3.

    Only the last command may have data and Le at once: its answer is all that comes back.
    """
    if len(apdus) > MAXIMUM_COMMANDS:
        raise LocalError(
            f"{len(apdus)} commands: at most {MAXIMUM_COMMANDS} fit the response", clause="TS 102 226 §5.1.2"
        )
    last = len(apdus) - 1
    return b"".join([_compact(apdu, index == last) for index, apdu in enumerate(apdus)])


def _compact(apdu: CommandApdu | bytes, last: bool) -> bytes:
    if not isinstance(apdu, CommandApdu):
        if len(apdu) < 4:
            raise LocalError(f"a command of {len(apdu)} octets", clause="TS 102 226 §5.1.1")
        return apdu if len(apdu) > 4 else apdu + b"\x00"
    if len(apdu.data) > 255 or (apdu.le or 0) > 256:
        raise LocalError("the compact format has no extended lengths", clause="TS 102 226 §5.1.1")
    if apdu.data and apdu.le is not None and not last:
        raise LocalError("only the last command may have data and Le", clause="TS 102 226 §5.1.1")
    outgoing = is_outgoing(apdu.cla, apdu.ins, apdu.p1, apdu.p2)
    if apdu.data and outgoing:
        raise LocalError(f"INS {apdu.ins:02X} takes no data in the compact format", clause="TS 102 226 §5.1.1")
    if apdu.le is not None and not apdu.data and not outgoing:
        raise LocalError(
            f"INS {apdu.ins:02X} would be read with Lc, not Le: give it as octets", clause="TS 102 226 §5.1.1"
        )
    octets = apdu.encode()
    return octets if len(octets) > 4 else octets + b"\x00"


def decode_compact(
    data: bytes, *, outgoing: Callable[[int, int, int, int], bool] = is_outgoing
) -> tuple[CommandApdu, ...]:
    """The commands of a list. `outgoing` says of CLA, INS, P1, P2 whether P3 is Le.

    One octet left over at the end is Le of the last command.
    """
    cursor = Cursor(data)
    commands: list[CommandApdu] = []
    while cursor.remaining:
        if cursor.remaining == 1 and commands and commands[-1].data:
            last = commands.pop()
            le = cursor.u8("Le") or 256
            commands.append(CommandApdu(last.cla, last.ins, last.p1, last.p2, last.data, le))
            break
        if len(commands) == MAXIMUM_COMMANDS:
            raise LimitExceeded("more than 255 commands", offset=cursor.offset, clause="TS 102 226 §5.1.2")
        cla, ins, p1, p2, p3 = cursor.take(5, "CLA INS P1 P2 P3")
        if outgoing(cla, ins, p1, p2):
            commands.append(CommandApdu(cla, ins, p1, p2, le=p3 or 256))
        else:
            commands.append(CommandApdu(cla, ins, p1, p2, cursor.take(p3, "command data")))
    return tuple(commands)


@dataclass(frozen=True, slots=True)
class CompactResponse:
    """How far the card came and what the last command answered — §5.1.2.

    >>> CompactResponse.decode(bytes.fromhex("016132"))
    CompactResponse(executed=1, sw=24882, data=b'')
    """

    executed: int
    sw: int
    data: bytes = b""

    def encode(self) -> bytes:
        if not (0 <= self.executed <= 255 and 0 <= self.sw <= 0xFFFF):
            raise LocalError(f"{self.executed} commands, SW {self.sw:X}", clause="TS 102 226 §5.1.2")
        return bytes((self.executed, self.sw >> 8, self.sw & 0xFF)) + self.data

    @classmethod
    def decode(cls, octets: bytes) -> Self:
        if len(octets) < 3:
            raise Truncated(f"compact response of {len(octets)} octets", offset=len(octets), clause="TS 102 226 §5.1.2")
        return cls(octets[0], octets[1] << 8 | octets[2], octets[3:])


class _Tag(IntEnum):
    """ETSI TS 101 220 §7.2, tables 7.18 to 7.20."""

    COMMAND_SCRIPT = 0xAA
    RESPONSE_SCRIPT = 0xAB
    COMMAND_SCRIPT_INDEFINITE = 0xAE
    RESPONSE_SCRIPT_INDEFINITE = 0xAF
    C_APDU = 0x22
    R_APDU = 0x23
    EXECUTED = 0x80
    IMMEDIATE_ACTION = 0x81
    ERROR_ACTION = 0x82
    CHAINING = 0x83
    BAD_FORMAT = 0x90


class ScriptChaining(IntEnum):
    """§5.2.1.4: how a script hangs together with the one before and the one after it."""

    FIRST_FORGET_ON_RESET = 0x01
    FIRST_KEEP_ON_RESET = 0x11
    MORE = 0x02
    LAST = 0x03


@dataclass(frozen=True, slots=True)
class ImmediateAction:
    """A proactive command (or its reference) that the card does now — §5.2.1.2. Opaque here."""

    value: bytes


@dataclass(frozen=True, slots=True)
class ErrorAction:
    """What the card does when a later command fails — §5.2.1.3. Opaque here; empty for nothing."""

    value: bytes = b""


Command = CommandApdu | ImmediateAction | ErrorAction | BerTlv


@dataclass(frozen=True, slots=True)
class CommandScript:
    """An expanded script — §5.2.1. `chaining` leads it if present; unknown objects are kept as `BerTlv`."""

    commands: tuple[Command, ...]
    chaining: int | None = None
    indefinite: bool = False

    def encode(self) -> bytes:
        objects = [] if self.chaining is None else [BerTlv(_Tag.CHAINING, bytes((self.chaining & 0xFF,)))]
        objects.extend(_command_tlv(command) for command in self.commands)
        return _template(_Tag.COMMAND_SCRIPT, _Tag.COMMAND_SCRIPT_INDEFINITE, encode_ber_all(objects), self.indefinite)

    @classmethod
    def decode(cls, octets: bytes) -> Self:
        indefinite, objects = _objects(_Tag.COMMAND_SCRIPT, _Tag.COMMAND_SCRIPT_INDEFINITE, octets)
        chaining = None
        if objects and objects[0].tag == _Tag.CHAINING:
            chaining = _one_octet(objects[0])
            objects = objects[1:]
        return cls(tuple(_command_of(item) for item in objects), chaining, indefinite)


def encode_expanded(apdus: Sequence[CommandApdu], *, indefinite: bool = False) -> bytes:
    """A script of C-APDUs only."""
    return CommandScript(tuple(apdus), indefinite=indefinite).encode()


def decode_expanded(octets: bytes) -> tuple[CommandApdu, ...]:
    """The C-APDUs of a script; `BadValue` if it holds anything else (use :class:`CommandScript` then)."""
    script = CommandScript.decode(octets)
    apdus = tuple(command for command in script.commands if isinstance(command, CommandApdu))
    if len(apdus) != len(script.commands) or script.chaining is not None:
        raise BadValue("the script holds more than C-APDUs", clause="TS 102 226 §5.2.1")
    return apdus


class BadFormat(IntEnum):
    """Why the card could not read the script any further — §5.2.2, table 5.12."""

    UNKNOWN_TAG = 0x01
    WRONG_LENGTH = 0x02
    LENGTH_NOT_FOUND = 0x03


@dataclass(frozen=True, slots=True)
class ResponseScript:
    """The answer to an expanded script — §5.2.2.

    `executed` counts command TLVs and is None in the indefinite form, which does not say it.
    `bad_format`, `immediate_action` and `chaining` are the card's complaints, None when all was well.
    """

    responses: tuple[ResponseApdu, ...]
    executed: int | None = None
    bad_format: int | None = None
    immediate_action: bytes | None = None
    chaining: int | None = None

    @property
    def indefinite(self) -> bool:
        return self.executed is None

    @property
    def was_cut(self) -> bool:
        """SW 62F1: an answer was too long, was cut, and the commands after it did not run — §5.2.1.1."""
        return any(response.sw == 0x62F1 for response in self.responses)

    def encode(self) -> bytes:
        objects = [] if self.executed is None else [BerTlv(_Tag.EXECUTED, _unsigned(self.executed))]
        objects.extend(BerTlv(_Tag.R_APDU, response.encode()) for response in self.responses)
        if self.bad_format is not None:
            objects.append(BerTlv(_Tag.BAD_FORMAT, bytes((self.bad_format & 0xFF,))))
        if self.immediate_action is not None:
            objects.append(BerTlv(_Tag.IMMEDIATE_ACTION, self.immediate_action))
        if self.chaining is not None:
            objects.append(BerTlv(_Tag.CHAINING, bytes((self.chaining & 0xFF,))))
        tags = (_Tag.RESPONSE_SCRIPT, _Tag.RESPONSE_SCRIPT_INDEFINITE)
        return _template(*tags, encode_ber_all(objects), self.indefinite)

    @classmethod
    def decode(cls, octets: bytes) -> Self:
        indefinite, objects = _objects(_Tag.RESPONSE_SCRIPT, _Tag.RESPONSE_SCRIPT_INDEFINITE, octets)
        executed = None
        if not indefinite:
            if not objects or objects[0].tag != _Tag.EXECUTED or not 1 <= len(objects[0].value) <= 4:
                raise BadValue("the number of executed commands comes first", clause="TS 102 226 §5.2.2")
            executed = int.from_bytes(objects[0].value, "big")
            objects = objects[1:]
        responses = tuple(ResponseApdu.decode(item.value) for item in objects if item.tag == _Tag.R_APDU)
        ends = {item.tag: item for item in objects if item.tag != _Tag.R_APDU}
        if ends.keys() - {_Tag.BAD_FORMAT, _Tag.IMMEDIATE_ACTION, _Tag.CHAINING} or len(objects) != len(
            responses
        ) + len(ends):
            raise BadValue("an object that a response script does not hold, or twice", clause="TS 102 226 §5.2.2")
        bad_format, action, chaining = (
            ends.get(tag) for tag in (_Tag.BAD_FORMAT, _Tag.IMMEDIATE_ACTION, _Tag.CHAINING)
        )
        return cls(
            responses,
            executed,
            None if bad_format is None else _one_octet(bad_format),
            None if action is None else action.value,
            None if chaining is None else _one_octet(chaining),
        )


def _command_tlv(command: Command) -> BerTlv:
    match command:
        case CommandApdu():
            return BerTlv(_Tag.C_APDU, command.encode())
        case ImmediateAction(value):
            return BerTlv(_Tag.IMMEDIATE_ACTION, value)
        case ErrorAction(value):
            return BerTlv(_Tag.ERROR_ACTION, value)
    return command


def _command_of(item: BerTlv) -> Command:
    match item.tag:
        case _Tag.C_APDU:
            return CommandApdu.decode(item.value)
        case _Tag.IMMEDIATE_ACTION:
            return ImmediateAction(item.value)
        case _Tag.ERROR_ACTION:
            return ErrorAction(item.value)
        case _Tag.CHAINING:
            raise BadValue("script chaining stands first and once", clause="TS 102 226 §5.2.1")
    return item


def _template(definite: int, indefinite: int, content: bytes, is_indefinite: bool) -> bytes:
    if is_indefinite:
        return bytes((indefinite, 0x80)) + content + b"\x00\x00"
    return bytes((definite,)) + encode_ber_length(len(content)) + content


def _objects(definite: int, indefinite: int, octets: bytes) -> tuple[bool, tuple[BerTlv, ...]]:
    """The objects of a template, and whether it was the indefinite one; the inner ones are always definite."""
    cursor = Cursor(octets)
    tag = cursor.u8("template tag")
    if tag == definite:
        inner = cursor.sub(decode_ber_length(cursor), "template")
        cursor.expect_end("scripting template")
        return False, _all_of(inner)
    if tag != indefinite or cursor.u8("template length") != 0x80:
        raise BadValue(f"tag {tag:02X} is not this scripting template", offset=0, clause="TS 102 226 §5.2")
    if cursor.remaining < 2 or octets[-2:] != b"\x00\x00":
        raise Truncated("no end of contents", offset=len(octets), clause="TS 102 226 §5.2")
    return True, _all_of(cursor.sub(cursor.remaining - 2, "template"))


def _all_of(cursor: Cursor) -> tuple[BerTlv, ...]:
    objects: list[BerTlv] = []
    while cursor.remaining:
        if len(objects) > MAXIMUM_COMMANDS + 4:
            raise LimitExceeded("more than 255 objects in a script", offset=cursor.offset, clause="TS 102 226 §5.2")
        objects.append(decode_ber(cursor))
    return tuple(objects)


def _one_octet(item: BerTlv) -> int:
    if len(item.value) != 1:
        raise BadValue(f"object {item.tag:02X} has one octet, not {len(item.value)}", clause="TS 102 226 §5.2")
    return item.value[0]


def _unsigned(number: int) -> bytes:
    if not 0 <= number < 1 << 32:
        raise LocalError(f"{number} executed commands", clause="TS 102 226 §5.2.2")
    return number.to_bytes(max(1, (number.bit_length() + 7) // 8), "big")
