"""What goes wrong on an SMPP line, with the status that answers it."""

from __future__ import annotations

from telecom_codecs.errors import LocalError, RemoteError


class PduError(RemoteError):
    """The peer's PDU cannot be read. Answer its sequence with `status`; the session goes on.

    `command_id` and `sequence` are those of its header, so that the answer can name them.
    """

    def __init__(self, message: str, status: int, *, command_id: int, sequence: int, offset: int | None = None) -> None:
        super().__init__(message, offset=offset, clause="SMPP 3.4 §3.2")
        self.status = status
        self.command_id = command_id
        self.sequence = sequence


class NotAllowed(LocalError):
    """The session's state does not allow this request. Wait until it is bound in a fitting mode."""


class WindowFull(LocalError):
    """As many requests are unanswered as the window allows. Wait for an answer, then send."""
