"""Who may do what: access conditions of files, PINs and administrative codes with their counters (TS 102 221 §9).

PIN values live in the card's memory; what was verified is volatile and belongs to the card session.
A PIN comparison takes the same time wherever the digits differ.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, IntEnum

from .memory import NonVolatile
from .status import (
    DONE,
    PIN_BLOCKED,
    REFERENCE_INVALIDATED,
    REFERENCED_DATA_NOT_FOUND,
    SECURITY_NOT_SATISFIED,
    WRONG_LENGTH,
    WRONG_P1_P2,
    Refused,
    Reply,
)

PIN_OCTETS = 8
UNBLOCK_TRIES = 10  #: TS 102 221 §9.5.1: ten attempts with the unblock value


class KeyReference(IntEnum):
    """Key references of TS 102 221 table 9.3."""

    PIN1 = 0x01
    ADM1 = 0x0A
    PIN2 = 0x81


class Condition(Enum):
    """What must be true before a file may be read or changed."""

    ALWAYS = "ALW"
    PIN = "PIN"
    PIN2 = "PIN2"
    ADM = "ADM"
    NEVER = "NEV"


_REFERENCE = {Condition.PIN: KeyReference.PIN1, Condition.PIN2: KeyReference.PIN2, Condition.ADM: KeyReference.ADM1}


@dataclass(frozen=True, slots=True)
class PinState:
    """One PIN as stored: value 8, enabled 1, tries left 1, tries 1, unblock value 8, unblock tries left 1."""

    value: bytes
    enabled: bool
    tries_left: int
    tries: int
    unblock_value: bytes
    unblock_left: int

    def encode(self) -> bytes:
        counters = bytes([self.enabled, self.tries_left, self.tries])
        return self.value + counters + self.unblock_value + bytes([self.unblock_left])

    @classmethod
    def decode(cls, octets: bytes) -> PinState:
        return cls(octets[:8], bool(octets[8]), octets[9], octets[10], octets[11:19], octets[19])

    def changed(self, **changes: bytes | int | bool) -> PinState:
        fields = {name: getattr(self, name) for name in self.__slots__}
        return PinState(**{**fields, **changes})

    def __repr__(self) -> str:
        return f"PinState(enabled={self.enabled}, tries_left={self.tries_left}, unblock_left={self.unblock_left})"


class Access:
    """The PINs of a card and what the session has proved."""

    __slots__ = ("_memory", "verified")

    def __init__(self, memory: NonVolatile) -> None:
        self._memory = memory
        self.verified: set[int] = set()

    @staticmethod
    def name(reference: int) -> str:
        """Where the PIN of a key reference is stored."""
        return f"pin/{reference:02X}"

    def state(self, reference: int) -> PinState:
        """Refused 6A88 when the card has no such PIN."""
        octets = self._memory.read(self.name(reference))
        if not octets:
            raise Refused(REFERENCED_DATA_NOT_FOUND)
        return PinState.decode(octets)

    def has(self, reference: int) -> bool:
        return self.name(reference) in self._memory

    def reset(self) -> None:
        self.verified.clear()

    def grants(self, condition: Condition) -> bool:
        """Is this condition met by what the contacts have proved?"""
        if condition is Condition.ALWAYS:
            return True
        if condition is Condition.NEVER:
            return False
        reference = _REFERENCE[condition]
        if not self.has(reference):
            return False
        return reference in self.verified or (reference != KeyReference.ADM1 and not self.state(reference).enabled)

    def verify(self, reference: int, value: bytes) -> Reply:
        """VERIFY PIN; without data it tells the tries left (63Cx)."""
        pin = self.state(reference)
        if not value:
            return Reply(sw=0x63C0 | pin.tries_left if pin.tries_left else PIN_BLOCKED)
        return self._prove(reference, pin, value, needs_enabled=True)

    def change(self, reference: int, values: bytes) -> Reply:
        """CHANGE PIN: old and new value, 8 octets each."""
        if len(values) != 2 * PIN_OCTETS:
            raise Refused(WRONG_LENGTH)
        pin = self.state(reference)
        reply = self._prove(reference, pin, values[:PIN_OCTETS], needs_enabled=True)
        if reply is DONE:
            self._store(reference, self.state(reference).changed(value=values[PIN_OCTETS:]))
        return reply

    def enable(self, reference: int, value: bytes, *, enabled: bool) -> Reply:
        """ENABLE or DISABLE PIN; only PIN1 can be switched."""
        if reference != KeyReference.PIN1:
            raise Refused(WRONG_P1_P2)
        pin = self.state(reference)
        if pin.enabled == enabled:
            raise Refused(REFERENCE_INVALIDATED)
        reply = self._prove(reference, pin, value, needs_enabled=False)
        if reply is DONE:
            self._store(reference, self.state(reference).changed(enabled=enabled))
        return reply

    def unblock(self, reference: int, values: bytes) -> Reply:
        """UNBLOCK PIN: unblock value and new PIN; without data it tells the tries left. Refused 6A86 for ADM codes."""
        if reference not in (KeyReference.PIN1, KeyReference.PIN2):
            raise Refused(WRONG_P1_P2)
        pin = self.state(reference)
        if not values:
            return Reply(sw=0x63C0 | pin.unblock_left if pin.unblock_left else PIN_BLOCKED)
        if len(values) != 2 * PIN_OCTETS:
            raise Refused(WRONG_LENGTH)
        if not pin.unblock_left:
            raise Refused(PIN_BLOCKED)
        self._store(reference, pin.changed(unblock_left=pin.unblock_left - 1))
        self._memory.commit()
        if not hmac.compare_digest(pin.unblock_value, values[:PIN_OCTETS]):
            return Reply(sw=0x63C0 | pin.unblock_left - 1)
        fresh = pin.changed(value=values[PIN_OCTETS:], tries_left=pin.tries, unblock_left=UNBLOCK_TRIES, enabled=True)
        self._store(reference, fresh)
        self.verified.add(reference)
        return DONE

    def _prove(self, reference: int, pin: PinState, value: bytes, *, needs_enabled: bool) -> Reply:
        if len(value) != PIN_OCTETS:
            raise Refused(WRONG_LENGTH)
        if not pin.tries_left:
            raise Refused(PIN_BLOCKED)
        if needs_enabled and not pin.enabled:
            raise Refused(REFERENCE_INVALIDATED)
        # The try is paid before it is judged: cutting the power must not buy free guesses.
        self._store(reference, pin.changed(tries_left=pin.tries_left - 1))
        self._memory.commit()
        if not hmac.compare_digest(pin.value, value):
            self.verified.discard(reference)
            return Reply(sw=0x63C0 | pin.tries_left - 1)
        self._store(reference, pin.changed(tries_left=pin.tries))
        self.verified.add(reference)
        return DONE

    def _store(self, reference: int, pin: PinState) -> None:
        self._memory.write(self.name(reference), pin.encode())


class Rights:
    """Decides for one session: by the contacts (what was verified) or over the air (an authentic packet)."""

    __slots__ = ("_access", "_remote")

    def __init__(self, access: Access, *, remote: Mapping[Condition, bool] | None = None) -> None:
        self._access = access
        self._remote = remote

    def require(self, condition: Condition) -> None:
        """Refused 6982 unless the condition is met."""
        met = self._access.grants(condition) if self._remote is None else self._remote[condition]
        if not met:
            raise Refused(SECURITY_NOT_SATISFIED)


#: What an authentic command packet may do with files: everything but the impossible.
AUTHENTIC = {condition: condition is not Condition.NEVER for condition in Condition}
#: What an unsecured command packet may do (only where the MSL allows one at all).
UNSECURED = {condition: condition is Condition.ALWAYS for condition in Condition}
