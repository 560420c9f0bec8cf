"""CSV uploads: octets to rows, with a line number for everything that is wrong.

UTF-8 (with or without a byte order mark) or GBK; the first line names the columns, in any order. All or nothing: a file
with one bad line is reported and not imported (T18).
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from ...runtime.clock import BUSINESS_ZONE
from ...runtime.errors import Refusal

LARGEST_FILE = 64 * 1024 * 1024
LARGEST_FIELD = 200
MOST_ERRORS = 50

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class LineError:
    """What is wrong in a line (counted from 1, the heading included)."""

    line: int
    message: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.message}"


class BadFile(Refusal, ValueError):
    """The file is not imported; `errors` names the lines. Correct them, then import the whole file again."""

    def __init__(self, errors: Sequence[LineError]) -> None:
        super().__init__("; ".join(map(str, errors[:3])) + (" …" if len(errors) > 3 else ""))
        self.errors = tuple(errors)


@dataclass(frozen=True, slots=True)
class Upload(Generic[R]):
    """A file that was read: its digest (SHA-256) and its rows with their line numbers."""

    digest: str
    rows: tuple[tuple[int, R], ...]


def read_upload(octets: bytes, columns: Sequence[str], read_row: Callable[[dict[str, str]], R]) -> Upload[R]:
    """Every row through `read_row`, which raises ValueError for a bad one; :class:`BadFile` names all bad lines."""
    if len(octets) > LARGEST_FILE:
        raise BadFile([LineError(1, f"the file has {len(octets)} octets: at most {LARGEST_FILE}")])
    errors: list[LineError] = []
    rows: list[tuple[int, R]] = []
    for line, fields in _lines(_decode(octets), columns):
        try:
            if isinstance(fields, str):
                raise ValueError(fields)
            rows.append((line, read_row(fields)))
        except ValueError as error:
            errors.append(LineError(line, str(error)))
            if len(errors) >= MOST_ERRORS:
                break
    if errors:
        raise BadFile(errors)
    return Upload(hashlib.sha256(octets).hexdigest(), tuple(rows))


def read_moment(text: str) -> datetime:
    """`2026-10-12 12:03:05` (seconds may be left out) in business time.

    >>> read_moment("2026-10-12 12:03").isoformat()
    '2026-10-12T12:03:00+08:00'
    """
    for shape in ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M"):
        try:
            return datetime.strptime(text, shape).replace(tzinfo=BUSINESS_ZONE)
        except ValueError:
            continue
    raise ValueError(f"{text[:25]!r} is no time; write 2026-10-12 12:03:05")


def read_number(text: str, name: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 10):
        raise ValueError(f"{name}: {text[:20]!r} is no number")
    return int(text)


def read_enterprise(text: str, enterprises: Mapping[str, int]) -> int:
    """The id of an enterprise that is named by its code or its id."""
    found = enterprises.get(text.lower())
    if found is None:
        raise ValueError(f"enterprise: {text[:40]!r} is none; write its code")
    return found


def read_hex(text: str, name: str) -> bytes | None:
    """Octets, or None for an empty field."""
    if not text:
        return None
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise ValueError(f"{name}: {text[:20]!r} is not hexadecimal") from None


def _decode(octets: bytes) -> str:
    if b"\0" in octets:
        raise BadFile([LineError(octets[: octets.index(b"\0")].count(b"\n") + 1, "a zero octet: this is no CSV file")])
    for encoding in ("utf-8-sig", "gbk"):
        try:
            return octets.decode(encoding)
        except UnicodeDecodeError as error:
            bad = error.start
    raise BadFile([LineError(octets[:bad].count(b"\n") + 1, "neither UTF-8 nor GBK")])


def _lines(text: str, columns: Sequence[str]) -> Iterator[tuple[int, dict[str, str] | str]]:
    """Per line its fields by column, or a sentence saying what is wrong with the line."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    heading: list[str] | None = None
    while True:
        try:
            fields = next(reader)
        except StopIteration:
            break
        except csv.Error as error:
            yield reader.line_num, str(error)
            return
        if heading is None:
            heading = [field.strip().lower() for field in fields]
            if sorted(heading) != sorted(columns):
                yield 1, f"the heading must name {', '.join(columns)}"
                return
        elif not any(fields):
            continue
        elif len(fields) != len(heading):
            yield reader.line_num, f"{len(fields)} fields: {len(heading)} are wanted"
        elif any(len(field) > LARGEST_FIELD for field in fields):
            yield reader.line_num, f"a field has more than {LARGEST_FIELD} characters"
        else:
            yield reader.line_num, dict(zip(heading, (field.strip() for field in fields), strict=True))
    if heading is None:
        yield 1, "the file is empty"
