"""Files of rows that people make with a spreadsheet: octets to rows, with line, column and reason for what is wrong.

UTF-8, UTF-16 with its mark, or GBK; fields parted by comma, semicolon or tab; the first line names the columns, in any
order, in Chinese or English. Bounded everywhere: a file of one endless line is refused, not read.
"""

from __future__ import annotations

import codecs
import csv
import io
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ..texts.refusals import BadRow, Code, Refused, Words, refuse

LARGEST_FILE = 64 * 1024 * 1024
MOST_LINES = 200_000
LONGEST_LINE = 4096
LONGEST_FIELD = 200
MOST_BAD_ROWS = 1000
_DELIMITERS = ",;\t"


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its name in programs, in Chinese, and what else people call it."""

    name: str
    zh: str
    aliases: tuple[str, ...] = ()
    is_required: bool = True

    def is_called(self, heading: str) -> bool:
        return heading in {self.name, self.zh, *self.aliases}


@dataclass(frozen=True, slots=True)
class Row:
    """A line's fields by the name of their column; an empty field is an empty text."""

    line: int
    fields: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A file that could be read, with the lines that could not; `headings` are its own names of the columns."""

    rows: tuple[Row, ...]
    bad: tuple[BadRow, ...]
    headings: Mapping[str, str]

    def called(self, column: str) -> str:
        """The column's name as this file writes it."""
        return self.headings.get(column, column)


def bad_rows(bad: Sequence[BadRow]) -> Refused:
    """The refusal that names every one of them, in the file's order."""
    told = sorted(bad, key=lambda one: one.line)
    return refuse(Code.ROWS, rows=told[:MOST_BAD_ROWS], count=len(told))


def template(columns: Sequence[Column]) -> str:
    """A first line to fill in below, as a spreadsheet opens it."""
    return ",".join(column.zh for column in columns) + "\r\n"


def read_sheet(octets: bytes, columns: Sequence[Column]) -> Sheet | Refused:
    """The rows of a file. A file without the wanted heading is refused whole; bad lines are kept beside the good."""
    text = _decoded(octets)
    if isinstance(text, BadRow):
        return bad_rows([text])
    first, _, _ = text.partition("\n")
    if len(first) > LONGEST_LINE:
        return bad_rows([BadRow(1, "", Words("行太长", f"longer than {LONGEST_LINE} characters"))])
    delimiter = max(_DELIMITERS, key=first.count)
    heading = next(csv.reader([first], delimiter=delimiter), [])
    names = _names(heading, columns)
    if isinstance(names, BadRow):
        return bad_rows([names])
    rows: list[Row] = []
    bad: list[BadRow] = []
    for one in _rows(text, delimiter, names):
        if isinstance(one, Row):
            rows.append(one)
        else:
            bad.append(one)
    called = {name: title.strip() for name, title in zip(names, heading, strict=True)}
    return Sheet(tuple(rows), tuple(bad), called)


def _decoded(octets: bytes) -> str | BadRow:
    if len(octets) > LARGEST_FILE:
        limit = LARGEST_FILE // 1024 // 1024
        return BadRow(1, "", Words(f"文件超过 {limit} MiB，请拆分", f"the file is larger than {limit} MiB; split it"))
    if octets.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return octets.decode("utf-16", "replace")
    if b"\0" in octets:
        line = octets[: octets.index(b"\0")].count(b"\n") + 1
        return BadRow(line, "", Words("含有 NUL，不是 CSV 文件；请另存为 CSV", "a NUL: no CSV file; save it as CSV"))
    bad = 0
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return octets.decode(encoding)
        except UnicodeDecodeError as error:
            bad = error.start
    line = octets[:bad].count(b"\n") + 1
    return BadRow(
        line, "", Words("既不是 UTF-8 也不是 GBK；请另存为 CSV UTF-8", "neither UTF-8 nor GBK; save it as CSV UTF-8")
    )


def _names(heading: Sequence[str], columns: Sequence[Column]) -> list[str] | BadRow:
    """For each heading the column's name; or what is wrong with the first line."""
    titles = [unicodedata.normalize("NFKC", title).strip().lower() for title in heading]
    names: list[str] = []
    for title in titles:
        found = next((column.name for column in columns if column.is_called(title)), None)
        if found is None or found in names:
            return BadRow(1, title[:40], _heading_words(columns))
        names.append(found)
    if any(column.is_required and column.name not in names for column in columns):
        return BadRow(1, "", _heading_words(columns))
    return names


def _heading_words(columns: Sequence[Column]) -> Words:
    zh = "、".join(column.zh for column in columns)
    required = ", ".join(column.name for column in columns if column.is_required)
    optional = ", ".join(column.name for column in columns if not column.is_required)
    also = f", and may name {optional}" if optional else ""
    return Words(f"第一行应为列名：{zh}", f"line 1 must name the columns {required}{also}, each once")


def _rows(text: str, delimiter: str, names: Sequence[str]) -> Iterator[Row | BadRow]:
    """The lines after the heading; an unreadable one ends the file."""
    reader = csv.reader(_bounded(text), delimiter=delimiter, strict=True)
    while True:
        try:
            fields = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield BadRow(reader.line_num, "", Words("引号或换行有误", f"not CSV: {error}"))
            return
        if reader.line_num == 1 or not any(field.strip() for field in fields):
            continue
        if len(fields) != len(names):
            yield BadRow(
                reader.line_num,
                "",
                Words(f"有 {len(fields)} 列，应为 {len(names)} 列", f"{len(fields)} fields: {len(names)} are wanted"),
            )
        elif max(map(len, fields)) > LONGEST_FIELD:
            long = names[max(range(len(fields)), key=lambda at: len(fields[at]))]
            words = Words(f"超过 {LONGEST_FIELD} 个字符", f"more than {LONGEST_FIELD} characters")
            yield BadRow(reader.line_num, long, words)
        else:
            yield Row(reader.line_num, dict(zip(names, (field.strip() for field in fields), strict=True)))


def _bounded(text: str) -> Iterator[str]:
    stream = io.StringIO(text, newline="")
    for number in range(1, MOST_LINES + 2):
        line = stream.readline(LONGEST_LINE + 1)
        if not line:
            return
        if len(line) > LONGEST_LINE:
            raise csv.Error(f"line {number} is longer than {LONGEST_LINE} characters")
        yield line
    raise csv.Error(f"more than {MOST_LINES} lines; split the file")
