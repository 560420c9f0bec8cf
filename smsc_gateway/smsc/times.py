"""Times in SMPP text: `YYMMDDhhmmsstnnp` — SMPP 3.4 §7.1.1. p is + or - (absolute) or R (relative)."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from telecom_codecs.errors import BadValue

_CLAUSE = "SMPP 3.4 §7.1.1"


def parse_time(octets: bytes, now: datetime) -> datetime | None:
    """The moment a time field names, counted from `now` when relative; None when the field is empty.

    BadValue for anything else. A year of a relative time counts 365 days, a month 30.
    """
    if not octets:
        return None
    text = octets.decode("latin-1")
    if len(text) != 16 or not text[:15].isdecimal() or not text.isascii() or text[15] not in "+-R":
        raise BadValue("a time is 15 digits and one of + - R", clause=_CLAUSE)
    year, month, day, hour, minute, second = (int(text[at : at + 2]) for at in range(0, 12, 2))
    if text[15] == "R":
        return now + timedelta(days=365 * year + 30 * month + day, hours=hour, minutes=minute, seconds=second)
    quarters = int(text[13:15])
    if quarters > 48:
        raise BadValue(f"{quarters} quarter hours from UTC", clause=_CLAUSE)
    offset = timedelta(minutes=15 * quarters) * (1 if text[15] == "+" else -1)
    try:
        return datetime(2000 + year, month, day, hour, minute, second, 100_000 * int(text[12]), tzinfo=timezone(offset))
    except ValueError as error:
        raise BadValue(f"no such date: {text}", clause=_CLAUSE) from error


def format_time(moment: datetime) -> bytes:
    """An aware moment as an absolute time."""
    offset = moment.utcoffset() or timedelta()
    quarters = abs(offset) // timedelta(minutes=15)
    sign = "-" if offset < timedelta() else "+"
    return f"{moment:%y%m%d%H%M%S}{moment.microsecond // 100_000}{quarters:02}{sign}".encode()


def receipt_date(moment: datetime) -> str:
    """The date of a receipt's text: YYMMDDhhmm — Appendix B."""
    return f"{moment:%y%m%d%H%M}"
