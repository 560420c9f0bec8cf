"""A target: a decoder under test, its inverse, and the octets its inputs grow from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from telecom_codecs.errors import RemoteError
from telecom_codecs.octets import Cursor


@dataclass(frozen=True, slots=True)
class Target:
    """`decode` takes any octets; `encode` is its inverse, None where there is none.

    `covers` are the qualified names of the public decoders this target runs through. `refusals` are the errors the
    decoder declares; everything else is a defect.
    """

    name: str
    decode: Callable[[bytes], Any]
    encode: Callable[[Any], bytes] | None = None
    seeds: tuple[bytes, ...] = ()
    covers: tuple[str, ...] = ()
    refusals: tuple[type[Exception], ...] = (RemoteError,)
    weight: int = 4  #: share of the inputs


def qualified(function: Callable[..., Any]) -> str:
    """Module and name of a function, or of a method of the class that defines it."""
    plain = getattr(function, "__func__", function)
    return f"{plain.__module__}.{plain.__qualname__}"


def named(
    name: str,
    decode: Callable[..., Any],
    encode: Callable[[Any], bytes] | None,
    *seeds: bytes,
    read: Callable[[bytes], Any] | None = None,
    weight: int = 4,
) -> Target:
    """A target for `decode`; `read` calls it where it wants more than octets."""
    return Target(name, read or decode, encode, seeds, (qualified(decode),), weight=weight)


def from_cursor(decode: Callable[[Cursor], Any]) -> Callable[[bytes], Any]:
    """Reads with a decoder of cursors; what is left behind the value does not matter."""

    def read(octets: bytes) -> Any:
        return decode(Cursor(octets))

    return read


def hexes(*texts: str) -> tuple[bytes, ...]:
    return tuple(bytes.fromhex(text) for text in texts)
