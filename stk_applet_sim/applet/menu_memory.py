"""What the menu applet remembers across power cycles, in the card's persistent area.

The number of the last request, the requests still without their final answer, the answers not yet shown, the models of
phone that could not show something. Everything is saved before anything is sent: a request number is never used twice.
"""

from __future__ import annotations

from collections.abc import MutableMapping
from dataclasses import dataclass
from typing import Any, Final

from telecom_codecs.errors import RemoteError
from telecom_codecs.onecard.answers import MenuAnswer

REMEMBERED_REQUESTS: Final = 8
REMEMBERED_ANSWERS: Final = 4
REMEMBERED_MODELS: Final = 4


@dataclass(frozen=True, slots=True)
class Asked:
    """One request of ours: open until `answered_by` holds the serial of its final answer."""

    request: int
    answered_by: int | None = None


class MenuMemory:
    """Typed access to the persistent area; damaged entries read as absent."""

    def __init__(self, area: MutableMapping[str, Any]) -> None:
        self._area = area

    def next_request(self) -> int:
        """A request number never given before on this card; durable when this returns."""
        number = int(self._area.get("request", 0)) % 0xFFFFFFFF + 1
        self._area["request"] = number
        return number

    @property
    def asked(self) -> tuple[Asked, ...]:
        """Our last requests that expect an answer, the oldest first."""
        return tuple(Asked(int(request), serial) for request, serial in self._area.get("asked", []))

    def expect(self, request: int) -> None:
        """An answer to this request will be accepted."""
        self._save_asked((*self.asked, Asked(request))[-REMEMBERED_REQUESTS:])

    def answered(self, request: int, serial: int) -> None:
        """The request has its final answer."""
        self._save_asked(tuple(Asked(request, serial) if asked.request == request else asked for asked in self.asked))

    def find(self, request: int) -> Asked | None:
        return next((asked for asked in self.asked if asked.request == request), None)

    @property
    def answers(self) -> tuple[MenuAnswer, ...]:
        """Answers the member has not seen, in the order they are due."""
        found = []
        for octets in self._area.get("answers", []):
            try:
                found.append(MenuAnswer.decode(bytes.fromhex(octets)))
            except (RemoteError, ValueError):
                continue
        return tuple(found)

    def keep_answers(self, answers: tuple[MenuAnswer, ...]) -> None:
        self._area["answers"] = [answer.encode().hex() for answer in answers]

    @property
    def limited_models(self) -> tuple[str, ...]:
        """Phones (type allocation codes) that found a screen too much, the last one last."""
        return tuple(str(model) for model in self._area.get("limited_models", []))

    def note_limited_model(self, model: str) -> None:
        known = self.limited_models
        if model not in known:
            self._area["limited_models"] = [*known, model][-REMEMBERED_MODELS:]

    def _save_asked(self, asked: tuple[Asked, ...]) -> None:
        self._area["asked"] = [[one.request, one.answered_by] for one in asked]
