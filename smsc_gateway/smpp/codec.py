"""PDU classes made into code: one reader and one writer compiled from each declaration.

`@pdu(command_id)` registers a frozen dataclass whose fields are declared with :mod:`.fields`. Its reader
and writer are generated once at import; there is no second, hand-kept path. Registered classes also get a
constructor that sets its slots directly: a frozen dataclass's own costs ten times the rest of the codec.
"""

from __future__ import annotations

import dataclasses
import struct
from collections.abc import Callable
from typing import Any, NoReturn, TypeVar

from telecom_codecs.errors import LocalError

from . import lists
from .errors import PduError
from .fields import declared
from .status import CommandStatus
from .tlvs import read_tlvs, write_tlvs

HEADER = struct.Struct(">IIII")
HEADER_SIZE = 16
RESPONSE = 0x80000000

PduClass = TypeVar("PduClass", bound=type)
Reader = Callable[[bytes], Any]
Writer = Callable[..., bytes]

CLASSES: dict[int, type] = {}
READERS: dict[int, Reader] = {}
WRITERS: dict[type, Writer] = {}
COMPOSERS: dict[type, Writer] = {}  #: (sequence, status, **fields) → octets, without making the value
DOUBTS: dict[type, Callable[[Any], bool]] = {}  #: whether any guard of the fields is raised


def _short(octets: bytes, status: int = CommandStatus.RINVCMDLEN) -> PduError:
    _, command_id, _, sequence = HEADER.unpack_from(octets)
    return PduError("the PDU ends inside a field", status, command_id=command_id, sequence=sequence, offset=len(octets))


def _cut(octets: bytes, start: int) -> PduError:
    _, command_id, _, sequence = HEADER.unpack_from(octets)
    return PduError(
        "the optional parameters are cut",
        CommandStatus.RINVTLVSTREAM,
        command_id=command_id,
        sequence=sequence,
        offset=start,
    )


def _complain(pdu: Any) -> NoReturn:
    for name, kind in declared(type(pdu)).items():
        why = kind.fault(getattr(pdu, name))
        if why is not None:
            raise LocalError(f"{type(pdu).__name__}.{name} {why}", clause="SMPP 3.4 §5.2")
    raise LocalError(f"{type(pdu).__name__}: sequence, status or TLVs do not fit the header")


def faulty_field(pdu: Any) -> tuple[str, int] | None:
    """The first field beyond the standard's limits: its name and the status that refuses it; None when all fit."""
    if not DOUBTS[type(pdu)](pdu):
        return None
    for name, kind in declared(type(pdu)).items():
        if kind.fault(getattr(pdu, name)) is not None:
            return name, kind.status
    return None


def _reader_source(pdu_class: type, *, optional_body: bool) -> str:
    lines = ["def read(d):", "    n = len(d)", "    p = new(draft)", "    _, _, p.status, p.sequence = header(d)"]
    fields = declared(pdu_class)
    body: list[str] = ["i = 16"]
    k = 0
    for name, kind in fields.items():
        more, k = kind.read(name, k)
        body += more
    body += [f"i += {k}", "if i == n:", "    p.tlvs = ()", "elif i > n:", "    raise short(d)", "else:"]
    body += ["    t = read_tlvs(d, i, n)", "    if t is None:", "        raise cut(d, i)", "    p.tlvs = t"]
    if optional_body:
        lines.append("    if n == 16:")
        lines += [f"        p.{name} = default_{name}" for name in fields]
        lines += ["        p.tlvs = ()", "        p.__class__ = final", "        return p"]
    lines.append("    try:")
    lines += [f"        {line}" for line in body]
    lines += [
        "    except (IndexError, ValueError) as error:",
        "        if isinstance(error, PduError):",
        "            raise",
    ]
    lines += ["        raise short(d) from None", "    p.__class__ = final", "    return p"]
    return "\n".join(lines)


def _form(pdu_class: type) -> tuple[str, list[str], list[str]]:
    """The %-format of the body, its arguments, and what must be false of them."""
    guards: list[str] = []
    form = ""
    arguments: list[str] = []
    for name, kind in declared(pdu_class).items():
        piece, values = kind.write(name)
        form += piece
        arguments += values
        guards += kind.guard(name)
    return form, arguments, guards


def _writer_source(pdu_class: type, command_id: int) -> str:
    form, arguments, guards = _form(pdu_class)
    lines = ["def write(p, sequence):", "    try:"]
    if guards:
        lines += [f"        if {' or '.join(guards)}:", "            complain(p)"]
    joined = "".join(f"{argument}, " for argument in arguments)
    lines.append(f"        body = b'{form}' % ({joined})" if arguments else "        body = b''")
    lines += [
        "        if p.tlvs:",
        "            body += write_tlvs(p.tlvs)",
        f"        return pack(16 + len(body), {command_id:#x}, p.status, sequence) + body",
        "    except (TypeError, OverflowError, struct_error):",
        "        complain(p)",
    ]
    return "\n".join(lines)


def _composer_source(pdu_class: type, command_id: int) -> str:
    """The writer for a PDU without optional parameters whose value nobody needs: the same format, from arguments."""
    form, arguments, guards = _form(pdu_class)
    names = list(declared(pdu_class))
    parameters = "".join(f", {name}=default_{name}" for name in names)
    value = f"final(sequence=sequence, status=status{''.join(f', {name}={name}' for name in names)})"
    lines = [f"def compose(sequence, status=0{parameters}):", "    try:"]
    if guards:
        lines += [f"        if {' or '.join(guards).replace('p.', '')}:", f"            complain({value})"]
    joined = "".join(f"{argument}, " for argument in arguments).replace("p.", "")
    lines.append(f"        body = b'{form}' % ({joined})" if arguments else "        body = b''")
    lines += [f"        return pack(16 + len(body), {command_id:#x}, status, sequence) + body"]
    lines += ["    except (TypeError, OverflowError, struct_error):", f"        complain({value})"]
    return "\n".join(lines)


def _doubt_source(pdu_class: type) -> str:
    guards = [guard for name, kind in declared(pdu_class).items() for guard in kind.guard(name)]
    return f"def doubt(p):\n    return {' or '.join(guards) or 'False'}"


def _constructor_source(pdu_class: type) -> str:
    names = [field.name for field in dataclasses.fields(pdu_class)]
    parameters = ", ".join(f"{name}=default_{name}" for name in names)
    lines = [f"def __init__(self, *, {parameters}):", "    become(self, '__class__', draft)"]
    lines += [f"    self.{name} = {name}" for name in names]
    return "\n".join([*lines, "    self.__class__ = final"])


def pdu(command_id: int, *, optional_body: bool = False) -> Callable[[PduClass], PduClass]:
    """Register a frozen, slotted, keyword-only dataclass as the PDU of `command_id`.

    `optional_body`: peers send this one with its header alone (responses that carry an error).
    """

    def register(pdu_class: PduClass) -> PduClass:
        draft = type(
            f"{pdu_class.__name__}Draft",
            (pdu_class,),
            {"__slots__": (), "__setattr__": object.__setattr__, "__delattr__": object.__delattr__},
        )
        scope: dict[str, Any] = {
            "new": object.__new__,
            "become": object.__setattr__,
            "draft": draft,
            "final": pdu_class,
            "header": HEADER.unpack_from,
            "pack": HEADER.pack,
            "short": _short,
            "cut": _cut,
            "read_tlvs": read_tlvs,
            "complain": _complain,
            "write_tlvs": write_tlvs,
            "struct_error": struct.error,
            "PduError": PduError,
            **{name: getattr(lists, name) for name in lists.__all__},
        }
        for field in dataclasses.fields(pdu_class):
            scope[f"default_{field.name}"] = field.default
        for source in (
            _reader_source(pdu_class, optional_body=optional_body),
            _writer_source(pdu_class, command_id),
            _constructor_source(pdu_class),
            _composer_source(pdu_class, command_id),
            _doubt_source(pdu_class),
        ):
            exec(compile(source, f"<{pdu_class.__name__}>", "exec"), scope)  # noqa: S102 - built from our declarations only
        setattr(pdu_class, "__init__", scope["__init__"])  # noqa: B010 - mypy refuses the plain assignment
        setattr(pdu_class, "command_id", command_id)  # noqa: B010
        CLASSES[command_id] = pdu_class
        READERS[command_id] = scope["read"]
        WRITERS[pdu_class] = scope["write"]
        COMPOSERS[pdu_class] = scope["compose"]
        DOUBTS[pdu_class] = scope["doubt"]
        return pdu_class

    return register


def decode(octets: bytes) -> Any:
    """One whole PDU, header included, as its value; :class:`PduError` says what to answer when it cannot be read."""
    if len(octets) < HEADER_SIZE:
        raise PduError("shorter than a header", CommandStatus.RINVCMDLEN, command_id=0, sequence=0, offset=len(octets))
    length, command_id, _, sequence = HEADER.unpack_from(octets)
    if length != len(octets):
        raise PduError(
            f"command_length is {length}, {len(octets)} octets are here",
            CommandStatus.RINVCMDLEN,
            command_id=command_id,
            sequence=sequence,
            offset=0,
        )
    reader = READERS.get(command_id)
    if reader is None:
        raise PduError(
            f"command_id {command_id:#010x} is unknown",
            CommandStatus.RINVCMDID,
            command_id=command_id,
            sequence=sequence,
            offset=4,
        )
    return reader(octets)


def encode(value: Any, sequence: int | None = None) -> bytes:
    """The octets of a PDU; `sequence` overrides the value's own. LocalError names the field that does not fit."""
    return WRITERS[type(value)](value, value.sequence if sequence is None else sequence)
