"""Commands whose destination is one of several devices: a channel or an additional card reader."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from ..errors import LocalError
from .core_objects import DeviceIdentities
from .names import Device, known
from .proactive import ProactiveCommand

_CHANNEL_0 = 0x20
_READER_0 = 0x10


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberedDevice(ProactiveCommand):
    """A command whose destination is one of several devices; `UNIT` names the field, `FIRST` is device number 0."""

    FIRST: ClassVar[int] = 0
    UNIT: ClassVar[str] = ""
    UNITS: ClassVar[range] = range(8)

    def standard_devices(self) -> DeviceIdentities:
        unit = getattr(self, self.UNIT)
        if unit not in self.UNITS:
            raise LocalError(f"{self.NAME}: {self.UNIT} {unit}", clause=self.CLAUSE)
        return DeviceIdentities(Device.UICC, known(Device, self.FIRST + unit))

    @classmethod
    def read_devices(cls, devices: DeviceIdentities) -> dict[str, Any]:
        unit = devices.destination - cls.FIRST
        return {cls.UNIT: unit if unit in cls.UNITS else cls.UNITS[0]}


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelCommand(NumberedDevice):
    """A command to channel 1 to 7."""

    FIRST: ClassVar = _CHANNEL_0
    UNIT: ClassVar = "channel"
    UNITS: ClassVar = range(1, 8)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReaderCommand(NumberedDevice):
    """A command to additional card reader 0 to 7."""

    FIRST: ClassVar = _READER_0
    UNIT: ClassVar = "reader"
