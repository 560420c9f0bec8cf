"""Time stamps and validity periods of short messages."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telecom_codecs.errors import BadValue, CodecError, LocalError
from telecom_codecs.octets import Cursor
from telecom_codecs.sms.time import EnhancedValidity, RelativeValidity, Scts
from tests.vectors import curated

CHINA = timezone(timedelta(hours=8))

# 23.040 9.2.3.11, worked by hand; the sign is bit 3 of the last octet
STAMPS = [
    (Scts(2008, 9, 1, 12, 30, 0, 32), "80901021030023"),
    (Scts(1999, 3, 29, 15, 16, 59, 8), "99309251619580"),
    (Scts(2026, 12, 31, 23, 59, 59, -32), "6221133295952b"),
    (Scts(2042, 50, 21, 51, 71, 3, 0), "24051215173000"),
]


@pytest.mark.parametrize(("stamp", "octets"), STAMPS)
def test_a_time_stamp_goes_both_ways(stamp: Scts, octets: str) -> None:
    """East, west, last century, and a month 50 that came from a real sender."""
    assert Scts.decode(bytes.fromhex(octets)) == stamp
    assert stamp.encode().hex() == octets


def test_a_time_stamp_is_a_moment_with_its_zone() -> None:
    """Beijing time is 32 quarters."""
    moment = datetime(2026, 11, 22, 8, 0, 1, tzinfo=CHINA)
    assert Scts.of(moment) == Scts(2026, 11, 22, 8, 0, 1, 32)
    assert Scts.of(moment).moment() == moment
    assert Scts.of(moment.astimezone(UTC)).moment() == moment
    assert Scts(2042, 50, 21, 51, 71, 3).moment() is None
    assert Scts.decode(bytes.fromhex("ffffffffffffff")) == Scts(2000, 0, 0, 0, 0, 0, -70)
    for naive in (datetime(2026, 1, 1), moment.astimezone(timezone(timedelta(minutes=5)))):  # noqa: DTZ001
        with pytest.raises(LocalError):
            Scts.of(naive)
    for stamp in (Scts(1989, 1, 1, 0, 0), Scts(2026, 100, 1, 0, 0), Scts(2026, 1, 1, 0, 0, 0, 80)):
        with pytest.raises(LocalError):
            stamp.encode()


@pytest.mark.parametrize("row", [row for row in curated("sms") if row["kind"] == "relative_validity"])
def test_validity_of_other_programs_agrees(row: dict[str, Any]) -> None:
    """A row for each of the four steps."""
    period = timedelta(minutes=row["minutes"])
    assert RelativeValidity(row["octet"]).period() == period
    assert RelativeValidity.of(period) == RelativeValidity(row["octet"])


def test_a_validity_is_never_shorter_than_asked() -> None:
    """Between two steps the longer one is taken; 63 weeks is the end."""
    assert RelativeValidity.of(timedelta(minutes=31)).period() == timedelta(minutes=35)
    periods = [RelativeValidity(octet).period() for octet in range(256)]
    assert periods == sorted(periods)
    assert periods[-1] == RelativeValidity.LONGEST
    with pytest.raises(LocalError):
        RelativeValidity.of(timedelta(weeks=64))


# 23.040 9.2.3.12.3, worked by hand
ENHANCED: list[tuple[EnhancedValidity, str, timedelta | None]] = [
    (EnhancedValidity(), "00000000000000", None),
    (EnhancedValidity(single_shot=True), "40000000000000", None),
    (EnhancedValidity(relative=RelativeValidity(5)), "01050000000000", timedelta(minutes=30)),
    (EnhancedValidity(seconds=90), "025a0000000000", timedelta(seconds=90)),
    (EnhancedValidity(clock=(12, 34, 56)), "03214365000000", timedelta(hours=12, minutes=34, seconds=56)),
]


@pytest.mark.parametrize(("validity", "octets", "period"), ENHANCED)
def test_an_enhanced_validity_goes_both_ways(validity: EnhancedValidity, octets: str, period: timedelta | None) -> None:
    """Each of its forms."""
    assert validity.encode().hex() == octets
    assert EnhancedValidity.decode(Cursor(bytes.fromhex(octets))) == validity
    assert validity.period() == period


# reserved form; extension; reserved bit; zero seconds; octets behind the value
@pytest.mark.parametrize(
    "octets", ["04" + "00" * 6, "80" + "00" * 6, "08" + "00" * 6, "02" + "00" * 6, "01050100000000"]
)
def test_a_reserved_enhanced_validity_is_refused(octets: str) -> None:
    """It would change when a message is given up."""
    with pytest.raises(BadValue):
        EnhancedValidity.decode(Cursor(bytes.fromhex(octets)))
    with pytest.raises(LocalError):
        EnhancedValidity(relative=RelativeValidity(1), seconds=1).encode()


@given(st.binary(min_size=7, max_size=7))
def test_any_seven_octets_are_read_or_refused(octets: bytes) -> None:
    """Every time stamp can be read; an enhanced validity may be refused."""
    stamp = Scts.decode(octets)
    assert Scts.decode(stamp.encode()) == stamp
    _ = stamp.moment()
    try:
        validity = EnhancedValidity.decode(Cursor(octets))
    except CodecError:
        return
    assert EnhancedValidity.decode(Cursor(validity.encode())) == validity
    _ = validity.period()
