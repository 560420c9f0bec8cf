"""The frame of every proactive command: details, devices, then its own objects, all inside D0.

TS 102 223 §6.6 (structure), §8.6 (qualifiers). The commands themselves are declared in the `commands_*` modules, each
once: its type, its qualifier bits, its table of objects.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Any, ClassVar, Final, Self, TypeVar

from ..errors import BadValue, LimitExceeded, LocalError
from ..octets import Cursor
from ..tlv import BerTlv, decode_ber
from .core_objects import CommandDetails, DeviceIdentities
from .messages import Message, Part, one, read_message
from .names import CommandType, Device, known
from .objects import DataObject, encode_objects, length_form, read_object, read_objects, with_length_form

PROACTIVE_TAG: Final = 0xD0
MAX_PROACTIVE: Final = 256  #: one FETCH brings at most 256 octets, D0 and its length included (TS 102 221 §11.2.3)
CLAUSE: Final = "TS 102 223 6.6"


@dataclass(frozen=True, slots=True)
class Bits:
    """A field in the command qualifier: a flag, or a number with names. `inverted`: the bit set means False."""

    field: str
    mask: int
    names: type[IntEnum] | None = None
    inverted: bool = False

    @property
    def is_flag(self) -> bool:
        return self.names is None and self.mask & self.mask - 1 == 0

    def read(self, octet: int) -> int | bool:
        """The field's value in the qualifier `octet`."""
        value = octet & self.mask
        if self.is_flag:
            return bool(value) != self.inverted
        return value if self.names is None else known(self.names, value)

    def write(self, value: int) -> int:
        """The bits for `value`."""
        if self.is_flag:
            return self.mask if bool(value) != self.inverted else 0
        if value & ~self.mask:
            raise LocalError(f"{self.field} {value} does not fit the command qualifier", clause="TS 102 223 8.6")
        return int(value)


HEAD: Final = (one("details", CommandDetails), one("devices", DeviceIdentities))


@dataclass(frozen=True, slots=True, kw_only=True)
class ProactiveCommand(Message):
    """What the card asks the ME to do. `devices` None means those of the command's table."""

    TYPE: ClassVar[int] = 0
    DESTINATION: ClassVar[int] = Device.TERMINAL
    QUALIFIER: ClassVar[tuple[Bits, ...]] = ()

    number: int = 1
    devices: DeviceIdentities | None = None
    reserved_qualifier: int = 0  #: bits of the qualifier that the command's table does not name

    @property
    def type(self) -> int:
        """The type of command octet."""
        return self.TYPE

    @property
    def qualifier(self) -> int:
        """The command qualifier octet."""
        octet = self.reserved_qualifier
        for bits in self.QUALIFIER:
            if octet & bits.mask:
                raise LocalError(f"reserved bits {octet:02X} of the qualifier hold {bits.field}", clause=self.CLAUSE)
        for bits in self.QUALIFIER:
            octet |= bits.write(getattr(self, bits.field))
        return octet

    @property
    def details(self) -> CommandDetails:
        """Number, type and qualifier: what TERMINAL RESPONSE has to repeat."""
        return CommandDetails(self.number, known(CommandType, self.type), self.qualifier)

    def standard_devices(self) -> DeviceIdentities:
        """From the UICC to the command's destination."""
        return DeviceIdentities(Device.UICC, self.DESTINATION)

    def values(self) -> Mapping[str, Any]:
        own = {part.field: getattr(self, part.field) for part in self.PARTS[len(HEAD) :]}
        return {"details": self.details, "devices": self.devices or self.standard_devices()} | own

    @classmethod
    def from_values(cls, values: dict[str, Any], extras: tuple[DataObject, ...]) -> Self:
        details: CommandDetails = values.pop("details")
        values |= cls.read_qualifier(details)
        values |= cls.read_devices(values["devices"])
        command = cls(**values, number=details.number, extras=extras)
        return replace(command, devices=None) if command.devices == command.standard_devices() else command

    @classmethod
    def read_qualifier(cls, details: CommandDetails) -> dict[str, Any]:
        """The fields that stand in the qualifier."""
        octet, rest = details.qualifier, details.qualifier
        found: dict[str, Any] = {}
        for bits in cls.QUALIFIER:
            found[bits.field] = bits.read(octet)
            rest &= ~bits.mask
        return found | {"reserved_qualifier": rest}

    @classmethod
    def read_devices(cls, devices: DeviceIdentities) -> dict[str, Any]:
        """The fields that stand in the device identities."""
        return {}


C = TypeVar("C", bound=ProactiveCommand)

_COMMANDS: dict[int, type[ProactiveCommand]] = {}


def command(
    kind: CommandType,
    clause: str,
    *parts: Part,
    qualifier: tuple[Bits, ...] = (),
    destination: int = Device.TERMINAL,
) -> Callable[[type[C]], type[C]]:
    """Declare the class of a proactive command: type, clause, its objects after details and devices."""

    def declare(cls: type[C]) -> type[C]:
        cls.TYPE, cls.NAME, cls.CLAUSE = kind, kind.name.replace("_", " "), clause
        cls.PARTS, cls.QUALIFIER, cls.DESTINATION = HEAD + parts, qualifier, destination
        _COMMANDS[kind] = cls
        return cls

    return declare


def registered_commands() -> Mapping[int, type[ProactiveCommand]]:
    """Every declared command class by type."""
    return dict(_COMMANDS)


@dataclass(frozen=True, slots=True)
class UnknownCommand(ProactiveCommand):
    """A type of command no standard of ours names; its objects are in `extras`. Answer it with result 31."""

    PARTS: ClassVar = HEAD
    NAME: ClassVar = "unknown command"
    CLAUSE: ClassVar = CLAUSE

    command_type: int = 0

    @property
    def type(self) -> int:
        return self.command_type


def encode_proactive(command: ProactiveCommand, number: int | None = None) -> bytes:
    """The octets FETCH returns. `number` replaces the number in the command (which is 1 unless set).

    Raises LocalError if a field does not fit or if the whole is longer than one FETCH (256 octets).
    """
    if number is not None:
        command = replace(command, number=number)
    body = encode_objects(command.placed())
    octets = BerTlv(PROACTIVE_TAG, body).encode()
    if command.form is not None:
        octets = with_length_form(octets, 1, len(body), command.form.length_octets)
    if len(octets) > MAX_PROACTIVE:
        raise LocalError(
            f"{command.NAME} takes {len(octets)} octets, one FETCH holds {MAX_PROACTIVE}", clause="TS 102 221 11.2.3"
        )
    return octets


def proactive_size(command: ProactiveCommand) -> int:
    """Octets the command would take, also beyond the limit of :func:`encode_proactive`."""
    return len(BerTlv(PROACTIVE_TAG, encode_objects(command.placed())).encode())


def decode_proactive(octets: bytes) -> ProactiveCommand:
    """The command in the octets FETCH returned; a :class:`RemoteError` if they break the structure.

    A command whose type is unknown comes back as :class:`UnknownCommand`.
    """
    if len(octets) > MAX_PROACTIVE:
        raise LimitExceeded(f"{len(octets)} octets, one FETCH holds {MAX_PROACTIVE}", clause=CLAUSE)
    outer = decode_ber(octets)
    if outer.tag != PROACTIVE_TAG:
        raise BadValue(f"tag {outer.tag:02X} is not a proactive command (D0)", offset=0, clause=CLAUSE)
    cursor = Cursor(outer.value, base=len(octets) - len(outer.value))
    first = read_object(cursor)
    if not isinstance(first.value, CommandDetails):
        raise BadValue("the first object is not the command details", offset=cursor.offset, clause=CLAUSE)
    cls = _COMMANDS.get(first.value.type, UnknownCommand)
    objects = (first, *read_objects(cursor, cls.meanings(first.value)))
    form = length_form(len(octets), 1, len(outer.value))
    if cls is UnknownCommand:
        return read_message(cls, objects, form, command_type=first.value.type)  # type: ignore[no-any-return]
    return read_message(cls, objects, form)  # type: ignore[no-any-return]
