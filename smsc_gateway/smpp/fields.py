"""The field kinds of SMPP 3.4 §3.1: each declared once, read and written from the same declaration.

A PDU class lists its fields as `name: type = kind(...)`. :mod:`.codec` asks every kind for the lines that
read it and the expression that writes it, and compiles them into one function per PDU and direction.
In those lines `d` holds the whole PDU, `i` the offset of the field after `k` more octets (`d[i + k]`),
`n` the end of the PDU and `p` the PDU value.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, Protocol

from .status import CommandStatus

KIND = "smpp.kind"


class Kind(Protocol):
    """How one field travels."""

    def read(self, name: str, k: int) -> tuple[list[str], int]:
        """The lines that set `p.<name>` from `d[i + k]` on, and the `k` of the field that follows."""
        ...

    def write(self, name: str) -> tuple[str, list[str]]:
        """The %-format of the field and its arguments."""
        ...

    def fault(self, value: Any) -> str | None:
        """Why the value cannot be sent, or None."""
        ...

    def guard(self, name: str) -> list[str]:
        """Expressions that are true when the value must be looked at by :meth:`fault` before sending."""
        ...

    @property
    def status(self) -> int:
        """What a receiver answers when this field is at fault."""
        ...


@dataclass(frozen=True, slots=True)
class Octet:
    """Integer of one octet."""

    status: int = CommandStatus.RSYSERR

    def read(self, name: str, k: int) -> tuple[list[str], int]:
        return [f"p.{name} = d[i + {k}]"], k + 1

    def write(self, name: str) -> tuple[str, list[str]]:
        return "%c", [f"p.{name}"]

    def guard(self, name: str) -> list[str]:
        return []  # %c refuses what does not fit

    def fault(self, value: Any) -> str | None:
        return None if isinstance(value, int) and 0 <= value <= 255 else "is not 0..255"


@dataclass(frozen=True, slots=True)
class COctetString:
    """C-Octet String: octets up to and including a NUL; `size` counts the NUL.

    Reading takes any length (peers overrun); :meth:`fault` tells an SMSC that wants to refuse it.
    """

    size: int
    status: int = CommandStatus.RSYSERR

    def read(self, name: str, k: int) -> tuple[list[str], int]:
        return [
            f"i += {k}",
            "if d[i]:",
            "    e = d.index(0, i)",
            f"    p.{name} = d[i:e]",
            "    i = e",
            "else:",  # most are empty
            f"    p.{name} = b''",
        ], 1

    def write(self, name: str) -> tuple[str, list[str]]:
        return "%b\\0", [f"p.{name}"]

    def guard(self, name: str) -> list[str]:
        return [f"p.{name} and (len(p.{name}) >= {self.size} or 0 in p.{name})"]  # most are empty

    def fault(self, value: Any) -> str | None:
        if not isinstance(value, bytes):
            return "is not octets"
        if 0 in value:
            return "contains a NUL"
        return f"is longer than {self.size - 1} octets" if len(value) >= self.size else None


@dataclass(frozen=True, slots=True)
class ShortMessage:
    """sm_length and short_message: the length is derived. 254 octets at most (§5.2.22)."""

    status: int = CommandStatus.RINVMSGLEN

    def read(self, name: str, k: int) -> tuple[list[str], int]:
        return [
            f"e = i + {k + 1} + d[i + {k}]",
            "if e > n:",
            f"    raise short(d, {self.status:d})",
            f"p.{name} = d[i + {k + 1} : e]",
            "i = e",
        ], 0

    def write(self, name: str) -> tuple[str, list[str]]:
        return "%c%b", [f"len(p.{name})", f"p.{name}"]

    def guard(self, name: str) -> list[str]:
        return [f"len(p.{name}) > 254"]

    def fault(self, value: Any) -> str | None:
        if not isinstance(value, bytes):
            return "is not octets"
        return "is longer than 254 octets: use message_payload or segments" if len(value) > 254 else None


@dataclass(frozen=True, slots=True)
class Items:
    """A counted list; `reader(d, i) -> (items, next)` and `writer(items) -> octets` with the count in front."""

    reader: str
    writer: str
    status: int = CommandStatus.RINVNUMDESTS

    def read(self, name: str, k: int) -> tuple[list[str], int]:
        return [f"p.{name}, i = {self.reader}(d, i + {k})"], 0

    def write(self, name: str) -> tuple[str, list[str]]:
        return "%b", [f"{self.writer}(p.{name})"]

    def guard(self, name: str) -> list[str]:
        return [f"len(p.{name}) > 254"]

    def fault(self, value: Any) -> str | None:
        return "has more than 254 items" if len(value) > 254 else None


def octet(default: int = 0, status: int = CommandStatus.RSYSERR) -> Any:
    """A field of one octet."""
    return dataclasses.field(default=default, metadata={KIND: Octet(status)})


def c_octets(size: int, status: int = CommandStatus.RSYSERR, *, default: bytes = b"", secret: bool = False) -> Any:
    """A NUL-ended field of at most `size` octets, NUL included."""
    return dataclasses.field(default=default, repr=not secret, metadata={KIND: COctetString(size, status)})


def short_message() -> Any:
    """sm_length + short_message."""
    return dataclasses.field(default=b"", metadata={KIND: ShortMessage()})


def items(reader: str, writer: str) -> Any:
    """A counted list."""
    return dataclasses.field(default=(), metadata={KIND: Items(reader, writer)})


def declared(pdu_class: type) -> dict[str, Kind]:
    """The body's fields of a PDU class in their order on the wire."""
    found: dict[str, Kind] = {}
    for field in dataclasses.fields(pdu_class):
        if KIND in field.metadata:
            found[field.name] = field.metadata[KIND]
    return found
