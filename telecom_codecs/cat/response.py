"""TERMINAL RESPONSE: what the ME says it did with a proactive command — TS 102 223 §6.8.

The data field of the APDU: details of the command, devices, the result, then objects that depend on the command.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, ClassVar, Final, Self

from ..errors import BadValue, LimitExceeded, LocalError
from ..octets import Cursor
from ..sms.dcs import DCS_OCTET
from .context_objects import ContainerSequence, DnsServerAddress, EncryptedObjects, SecurityTemplate
from .core_objects import CommandDetails, DeviceIdentities, Duration, ItemIdentifier, Result
from .messages import Message, maybe, one, read_body, read_message
from .names import CommandType, Device
from .objects import DataObject, encode_objects
from .results import Advice, GeneralResult, advice_for, describe_result, problem_of
from .texts import TextString

MAX_DATA: Final = 255  #: Lc of a short APDU
STANDARD_DEVICES: Final = DeviceIdentities(Device.TERMINAL, Device.UICC)
#: GET INKEY yes/no answers with one octet, 01 or 00 (TS 102 223 §6.8.2): these characters in the 8-bit alphabet.
YES: Final = "£"
NO: Final = "@"
_SECOND_MEANINGS: Final[dict[int, tuple[type[DataObject], ...]]] = {
    CommandType.OPEN_CHANNEL: (DnsServerAddress,),
    CommandType.COMMAND_CONTAINER: (ContainerSequence, EncryptedObjects),
    CommandType.ENCAPSULATED_SESSION_CONTROL: (SecurityTemplate,),
}


@dataclass(frozen=True, slots=True)
class TerminalResponse(Message):
    """The ME's answer. `result` is the general result; objects beyond the named ones stand in `extras`.

    >>> TerminalResponse(CommandDetails(1, 0x24), item=2).encode().hex()
    '810301240082028281830100900102'
    """

    PARTS: ClassVar = (
        one("details", CommandDetails),
        one("devices", DeviceIdentities),
        one("outcome", Result),
        maybe("duration", Duration),
        maybe("text", TextString),
        maybe("item", ItemIdentifier),
    )
    NAME: ClassVar = "TERMINAL RESPONSE"
    CLAUSE: ClassVar = "TS 102 223 6.8"

    details: CommandDetails
    result: int = GeneralResult.OK
    additional: bytes = b""
    item: int | None = None
    text: str | None = field(default=None, repr=False)  #: what the user typed: may be a password
    duration: Duration | None = None
    devices: DeviceIdentities = STANDARD_DEVICES

    @classmethod
    def yes_no(cls, details: CommandDetails, yes: bool) -> Self:
        """The answer to GET INKEY with yes/no."""
        return cls(details, text=YES if yes else NO)

    @property
    def confirmed(self) -> bool | None:
        """The answer to GET INKEY with yes/no; None for any other text."""
        return {YES: True, NO: False}.get(self.text or "")

    @property
    def performed(self) -> bool:
        """The command was performed (general result 0x)."""
        return self.result < 0x10

    @property
    def advice(self) -> Advice:
        """What the applet should do next."""
        return advice_for(self.result)

    @property
    def problem(self) -> IntEnum | int | None:
        """The cause in the additional octets, by name where the result defines names."""
        return problem_of(self.result, self.additional)

    def describe(self) -> str:
        """One line for an operator; the user's answer is not in it."""
        return describe_result(self.result, self.additional)

    def values(self) -> Mapping[str, Any]:
        return {
            "details": self.details,
            "devices": self.devices,
            "outcome": Result(self.result, self.additional),
            "duration": self.duration,
            "text": TextString(self.text, DCS_OCTET) if self._is_yes_or_no and self.text else self.text,
            "item": self.item,
        }

    @property
    def _is_yes_or_no(self) -> bool:
        details = self.details
        return details.type == CommandType.GET_INKEY and bool(details.qualifier & 4) and self.text in {YES, NO}

    @classmethod
    def meanings(cls, first: DataObject | None) -> dict[int, type[DataObject]]:
        """Three commands give tags of their response a second meaning."""
        own = super(TerminalResponse, cls).meanings(first)
        if not isinstance(first, CommandDetails):
            return own
        return {kind.TAG: kind for kind in _SECOND_MEANINGS.get(first.type, ())} | own

    @classmethod
    def from_values(cls, values: dict[str, Any], extras: tuple[DataObject, ...]) -> Self:
        outcome: Result = values.pop("outcome")
        return cls(**values, result=outcome.general, additional=outcome.additional, extras=extras)

    def encode(self) -> bytes:
        """The data field; LocalError if a field does not fit or the whole is longer than 255 octets."""
        octets = encode_objects(self.placed())
        if len(octets) > MAX_DATA:
            raise LocalError(f"{len(octets)} octets, TERMINAL RESPONSE holds {MAX_DATA}", clause=self.CLAUSE)
        return octets

    @classmethod
    def decode(cls, octets: bytes) -> Self:
        """From the data field; a :class:`RemoteError` if the octets break the structure."""
        if len(octets) > MAX_DATA:
            raise LimitExceeded(f"{len(octets)} octets, TERMINAL RESPONSE holds {MAX_DATA}", clause=cls.CLAUSE)
        objects = read_body(cls, Cursor(octets))
        if not objects or not isinstance(objects[0].value, CommandDetails):
            raise BadValue("the first object is not the command details", offset=0, clause=cls.CLAUSE)
        return read_message(cls, objects, 0)  # type: ignore[no-any-return]
