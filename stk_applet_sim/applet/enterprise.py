"""One enterprise's application on a card: purse, records, attendance (docs/wire/card-application.md §6 and §7).

An object is a view: the state lives in the card's memory and every method reads it there, so an object stays good
after a power cycle. Commands come from the secured channel; taps are the simulator's one-step stand-in for the
contactless exchange with a terminal.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import dataclass, replace

from telecom_codecs.card.apdu import CommandApdu
from telecom_codecs.card.identities import Aid, Iccid, Tar
from telecom_codecs.crypto.key_derivation import KeyUsage
from telecom_codecs.crypto.secret_key import CryptoProvider, SecretKey
from telecom_codecs.errors import CodecError
from telecom_codecs.onecard.enterprise_answer import CardStatus, EnterpriseAnswer
from telecom_codecs.onecard.macs import MAC_OCTETS, application_mac
from telecom_codecs.onecard.names import application_aid, application_tar
from telecom_codecs.onecard.orders import CLA, Administration, NumberedLoad, Order, Query, ReadRecord, covered_by_mac
from telecom_codecs.onecard.records import COUNTER_LIMIT, TERMINAL_OCTETS, Record, RecordType, is_bcd_time
from telecom_codecs.onecard.rights import LifeCycle, Rights

from ..uicc.memory import NonVolatile
from ..uicc.status import (
    CONDITIONS_NOT_SATISFIED,
    RECORD_NOT_FOUND,
    SECURITY_NOT_SATISFIED,
    UNKNOWN_CLASS,
    UNKNOWN_INS,
    WRONG_DATA,
    WRONG_LENGTH,
    WRONG_P1_P2,
    Refused,
    Reply,
)
from .purse import ApplicationState


class TapRefused(Exception):
    """The card refused the tap and stays as it was. The verdict says why; show it on the terminal."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class TapRecord:
    """What a terminal takes away from a tap: the record and the TAC that proves it."""

    iccid: Iccid
    aid: Aid
    enterprise: int
    record: Record
    tac: bytes

    @property
    def counter(self) -> int:
        return self.record.counter

    @property
    def amount(self) -> int:
        return self.record.amount

    @property
    def balance(self) -> int:
        return self.record.balance


class EnterpriseApplication:
    """The application in one slot of a card."""

    __slots__ = ("_iccid", "_memory", "_provider", "slot", "tap_in_progress")

    def __init__(self, memory: NonVolatile, slot: int, iccid: Iccid, provider: CryptoProvider) -> None:
        self._memory = memory
        self._iccid = iccid
        self._provider = provider
        self.slot = slot
        self.tap_in_progress = False
        """A terminal holds the card in a session of several steps; administrative commands wait (6985)."""

    @staticmethod
    def is_installed(memory: NonVolatile, slot: int) -> bool:
        return _state_name(slot) in memory

    @classmethod
    def install(cls, memory: NonVolatile, state: ApplicationState) -> None:
        """Occupy a slot; the application is SELECTABLE until it has its keys."""
        memory.write(_state_name(state.slot), state.encode())

    @property
    def state(self) -> ApplicationState:
        return ApplicationState.decode(self._memory.read(_state_name(self.slot)))

    @property
    def aid(self) -> Aid:
        return application_aid(self.state.enterprise, self.slot)

    @property
    def tar(self) -> Tar:
        return application_tar(self.slot)

    @property
    def enterprise(self) -> int:
        return self.state.enterprise

    @property
    def name(self) -> str:
        return self.state.name

    @property
    def rights(self) -> Rights:
        return Rights(self.state.rights)

    @property
    def life_cycle(self) -> LifeCycle:
        return LifeCycle(self.state.life_cycle)

    @property
    def balance(self) -> int:
        """Fen."""
        return self.state.balance

    @property
    def records(self) -> tuple[Record, ...]:
        """The newest first."""
        return self.state.records

    def personalise(self, keys: dict[KeyUsage, SecretKey]) -> None:
        """Store the keys and become ACTIVE."""
        state = self.state
        octets = b"".join(bytes([usage]) + key.octets() for usage, key in sorted(keys.items()))
        self._memory.write(_keys_name(self.slot), octets)
        self._memory.write(_state_name(self.slot), replace(state, life_cycle=LifeCycle.ACTIVE).encode())

    def delete(self) -> None:
        """Free the slot: state, keys and records go. Refused 6985 while closing is due."""
        if not self.state.is_deletable or self.tap_in_progress:
            raise Refused(CONDITIONS_NOT_SATISFIED)
        self._memory.delete(_keys_name(self.slot))
        self._memory.delete(_state_name(self.slot))

    # commands

    def execute(self, apdu: CommandApdu, *, authentic: bool) -> Reply:
        """One C-APDU; `authentic` says that it came in an authentic command packet."""
        if apdu.cla not in (ReadRecord.CLA, CLA):
            raise Refused(UNKNOWN_CLASS)
        command = _COMMANDS.get((apdu.cla, apdu.ins))
        if command is None:
            raise Refused(UNKNOWN_INS)
        if not authentic:
            raise Refused(SECURITY_NOT_SATISFIED)
        if not self.state.is_personalised:
            raise Refused(CONDITIONS_NOT_SATISFIED)
        return command(self, apdu)

    def load(self, apdu: CommandApdu) -> Reply:
        """NUMBERED LOAD (§6.1)."""
        _require(apdu, NumberedLoad.P1_P2, NumberedLoad.LENGTH)
        self._require_no_tap()
        state = self.state
        if not self._mac_is_good(apdu):
            return self._answer(CardStatus.MAC_WRONG, state)
        verdict, after = state.loaded(_load_in(apdu))
        return self._answer(verdict, self._kept(state, after))

    def query(self, apdu: CommandApdu) -> Reply:
        """QUERY: the state under a TAC that covers the challenge (§6.3)."""
        _require(apdu, Query.P1_P2, Query.LENGTH)
        state = self.state
        verdict = CardStatus.CLOSED if state.is_closed else CardStatus.FROZEN if state.is_frozen else CardStatus.DONE
        return self._answer(verdict, state, apdu.data)

    def administer(self, apdu: CommandApdu) -> Reply:
        """CLOSE, REOPEN, FREEZE, UNFREEZE (§6.4)."""
        if apdu.p1 not in Order._value2member_map_:
            raise Refused(WRONG_P1_P2)
        _require(apdu, (apdu.p1, Administration.P2), Administration.LENGTH)
        self._require_no_tap()
        state = self.state
        if not self._mac_is_good(apdu):
            return self._answer(CardStatus.MAC_WRONG, state)
        wanted, _ = Administration.decode(apdu)
        verdict, after = state.ordered(wanted.order, wanted.job_reference)
        return self._answer(verdict, self._kept(state, after))

    def read_record(self, apdu: CommandApdu) -> Reply:
        """READ RECORD, 1 the newest (§6.5)."""
        if apdu.p2 != ReadRecord.P2:
            raise Refused(WRONG_P1_P2)
        records = self.state.records
        if not 1 <= apdu.p1 <= len(records):
            raise Refused(RECORD_NOT_FOUND)
        return Reply(records[apdu.p1 - 1].encode())

    # taps

    def tap_purchase(self, amount_fen: int, terminal: bytes, time_bcd: bytes) -> TapRecord:
        """Pay `amount_fen` at a terminal; TapRefused with the reason."""
        state = self._tappable(Rights.PURSE, terminal, time_bcd)
        if not 0 < amount_fen <= state.balance:
            raise TapRefused("balance too low" if amount_fen > 0 else "no amount")
        return self._tap(RecordType.PURCHASE, amount_fen, -amount_fen, terminal, time_bcd)

    def tap_load(self, amount_fen: int, terminal: bytes, time_bcd: bytes) -> TapRecord:
        """Put cash on the card at a top-up machine; TapRefused with the reason."""
        state = self._tappable(Rights.PURSE, terminal, time_bcd)
        if amount_fen <= 0 or state.balance + amount_fen > state.cap:
            raise TapRefused("over the cap" if amount_fen > 0 else "no amount")
        return self._tap(RecordType.TOP_UP, amount_fen, amount_fen, terminal, time_bcd)

    def tap_attendance(self, terminal: bytes, time_bcd: bytes) -> TapRecord:
        """Clock in or out; TapRefused with the reason."""
        self._tappable(Rights.ATTENDANCE, terminal, time_bcd)
        return self._tap(RecordType.ATTENDANCE, 0, 0, terminal, time_bcd)

    def tap_door(self, terminal: bytes, time_bcd: bytes) -> TapRecord:
        """Open a door; TapRefused with the reason."""
        self._tappable(Rights.DOOR, terminal, time_bcd)
        return self._tap(RecordType.DOOR, 0, 0, terminal, time_bcd)

    def _tappable(self, right: Rights, terminal: bytes, time: bytes) -> ApplicationState:
        if len(terminal) != TERMINAL_OCTETS or not is_bcd_time(time):
            raise TapRefused("terminal is 6 octets, time 7 octets of BCD")
        state = self.state
        if not state.is_personalised or state.is_closed:
            raise TapRefused("application is not active")
        if state.is_frozen:
            raise TapRefused("application is frozen")
        if not state.rights & right:
            raise TapRefused("application has no such right")
        if state.offline_counter >= COUNTER_LIMIT:
            raise TapRefused("offline counter is used up")
        return state

    def _tap(self, kind: RecordType, amount: int, change: int, terminal: bytes, time: bytes) -> TapRecord:
        state = self.state
        after = self._kept(state, state.tapped(kind, amount, state.balance + change, time, terminal))
        record = after.records[0]
        aid = application_aid(state.enterprise, self.slot)
        return TapRecord(self._iccid, aid, state.enterprise, record, self._code(KeyUsage.TAC, record.encode()))

    # inside

    def _kept(self, before: ApplicationState, after: ApplicationState) -> ApplicationState:
        if after is not before:
            self._memory.write(_state_name(self.slot), after.encode())
        return after

    def _require_no_tap(self) -> None:
        if self.tap_in_progress:
            raise Refused(CONDITIONS_NOT_SATISFIED)

    def _key(self, usage: KeyUsage) -> SecretKey:
        octets = self._memory.read(_keys_name(self.slot))
        stored = {octets[at]: octets[at + 1 : at + 17] for at in range(0, len(octets), 17)}
        return SecretKey(stored[usage])

    def _code(self, usage: KeyUsage, covered: bytes) -> bytes:
        """CMAC-64 over AID, ICCID and `covered`."""
        return application_mac(self._key(usage), self.aid, self._iccid, covered, self._provider)

    def _mac_is_good(self, apdu: CommandApdu) -> bool:
        return hmac.compare_digest(self._code(KeyUsage.LOAD, covered_by_mac(apdu)), apdu.data[-MAC_OCTETS:])

    def _answer(self, verdict: CardStatus, state: ApplicationState, challenge: bytes = b"") -> Reply:
        answer = EnterpriseAnswer(
            verdict, state.rsn, state.last_amount, state.last_job, state.balance, state.offline_counter
        )
        return Reply(answer.encode(self._code(KeyUsage.TAC, answer.signed_octets() + challenge)))


def _load_in(apdu: CommandApdu) -> NumberedLoad:
    try:
        return NumberedLoad.decode(apdu)[0]
    except CodecError:
        raise Refused(WRONG_DATA) from None


def _require(apdu: CommandApdu, p1_p2: tuple[int, int], octets: int) -> None:
    if (apdu.p1, apdu.p2) != p1_p2:
        raise Refused(WRONG_P1_P2)
    if len(apdu.data) != octets:
        raise Refused(WRONG_LENGTH)


def _state_name(slot: int) -> str:
    return f"slot/{slot}/state"


def _keys_name(slot: int) -> str:
    return f"slot/{slot}/keys"


_COMMANDS: dict[tuple[int, int], Callable[[EnterpriseApplication, CommandApdu], Reply]] = {
    (CLA, NumberedLoad.INS): EnterpriseApplication.load,
    (CLA, Query.INS): EnterpriseApplication.query,
    (CLA, Administration.INS): EnterpriseApplication.administer,
    (ReadRecord.CLA, ReadRecord.INS): EnterpriseApplication.read_record,
}
