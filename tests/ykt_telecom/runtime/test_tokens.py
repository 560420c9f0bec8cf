"""Row numbers and chance."""

from __future__ import annotations

from ykt_telecom.runtime.tokens import Numbers, SystemTokens


def test_numbers_rise_when_the_clock_is_set_back() -> None:
    """An hour back must not give a row the number of another."""
    numbers = Numbers(process=7)
    given = [numbers.next(2_000_000_000_000), numbers.next(2_000_000_000_000), numbers.next(1_999_999_000_000)]
    assert given == sorted(set(given))
    assert given[0] == 2_000_000_000_000 << 21 | 7 << 12


def test_numbers_go_on_above_what_the_database_holds() -> None:
    """After a restart under a slow clock no number comes again."""
    numbers = Numbers(process=0)
    numbers.at_least(5 << 40)
    assert numbers.next(1) == (5 << 40) + 1


def test_numbers_fit_a_signed_column_for_a_century() -> None:
    """The year 2100 is 4.1e12 milliseconds."""
    assert Numbers(process=0x1FF).next(4_102_444_800_000) < 1 << 63


def test_octets_are_never_given_twice() -> None:
    """Octets come from a pool: two takers must not share them."""
    tokens = SystemTokens()
    taken = [tokens.octets(8) for _ in range(2000)]
    assert len(set(taken)) == 2000
    assert all(len(octets) == 8 for octets in taken)
