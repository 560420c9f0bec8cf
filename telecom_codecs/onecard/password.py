"""The service password as octets: six ASCII digits that never print — docs/wire/card-application.md §8."""

from __future__ import annotations

import hmac
import itertools
from typing import Final

from ..errors import BadValue

CLAUSE: Final = "docs/wire/card-application.md §8"
DIGITS: Final = 6


class ServicePassword:
    """Exactly six ASCII digits; never shown. BadValue for anything else, without saying what it was."""

    __slots__ = ("_digits",)

    def __init__(self, digits: bytes) -> None:
        if len(digits) != DIGITS or not digits.isdigit():
            raise BadValue(f"a service password has exactly {DIGITS} ASCII digits", clause=CLAUSE)
        self._digits = bytes(digits)

    def octets(self) -> bytes:
        """The digits; whoever asks must not keep or print them."""
        return self._digits

    def __repr__(self) -> str:
        return f"ServicePassword(<{DIGITS} digits>)"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ServicePassword) and hmac.compare_digest(self._digits, other._digits)

    def __hash__(self) -> int:
        return hash(ServicePassword)

    def __reduce__(self) -> tuple[object, ...]:
        raise TypeError("a service password is not written anywhere")


def is_weak(password: ServicePassword) -> bool:
    """All digits equal, or every digit one above (or one below) the one before.

    >>> [is_weak(ServicePassword(digits)) for digits in (b"123456", b"333333", b"654321", b"194837")]
    [True, True, True, False]
    """
    steps = {later - earlier for earlier, later in itertools.pairwise(password.octets())}
    return len(steps) == 1 and steps <= {0, 1, -1}
