"""What goes wrong between octets and values, and whose fault it is.

Decoders raise :class:`RemoteError` subclasses only: the octets came from somebody else.
Encoders raise :class:`LocalError`: the caller asked for a value the format cannot carry.
Every error may name the offset (octets from the start of what the decoder was given) and the
clause of the standard that was broken.
"""

from __future__ import annotations


class CodecError(ValueError):
    """The octets or the value do not fit the format; read the message, offset and clause."""

    def __init__(self, message: str, *, offset: int | None = None, clause: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.offset = offset
        self.clause = clause

    def __str__(self) -> str:
        where = "" if self.offset is None else f" at offset {self.offset}"
        clause = f" [{self.clause}]" if self.clause else ""
        return f"{self.message}{where}{clause}"


class RemoteError(CodecError):
    """The peer sent octets that the format does not allow. Refuse them; the session goes on."""


class Truncated(RemoteError):
    """The octets end before the format does. The sender cut the message; ask for it again."""


class TrailingOctets(RemoteError):
    """Octets are left over after the value. A length field and the contents disagree."""


class BadValue(RemoteError):
    """A field holds a value that is reserved here or contradicts another field."""


class LimitExceeded(RemoteError):
    """A length, count or depth is beyond what we accept. Treat the sender as hostile."""


class CheckFailed(RemoteError):
    """The RC, CC or padding is wrong: other key, other algorithm or forged. State stays as it was."""


class LocalError(CodecError):
    """The caller asked for a value that the format cannot carry. Correct the call."""
