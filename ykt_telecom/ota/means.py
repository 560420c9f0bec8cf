"""What the steps of jobs need beside the database: keys, a crypto provider, the policy, and whom to tell."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TypeAlias

from sqlalchemy import Connection

from telecom_codecs.crypto.secret_key import CryptoProvider, KeySet, SecretKey

from ..messaging.facts import MoRequest
from ..registry.keys.steps import NoKey, open_key_sets, open_mother_key
from ..registry.keys.wrapping import BindingMismatch, KeyRing
from ..storage.context import StepContext
from .outcome import JobOutcome

#: Most key sets kept open at a time.
_OPEN_KEY_SETS = 4096

OnJobOutcomes: TypeAlias = Callable[[Connection, StepContext, Sequence[JobOutcome]], None]
OnMoRequests: TypeAlias = Callable[[Connection, StepContext, Sequence[MoRequest]], None]


@dataclass(frozen=True, slots=True)
class OtaPolicy:
    """How jobs are secured and how patient they are.

    `spi` is the SPI of every MT packet (1639; 1619 where the SMSC relays DELIVER-REPORT data). `por_timeout`
    counts from handing over. `delays` are the waits before attempt 2, 3…; the last one repeats until the
    job's deadline. `receipts` asks the SMSC for a delivery receipt of every packet, not only when it fails: the card's
    own response packet proves more.
    """

    spi: bytes = bytes.fromhex("1639")
    por_timeout: timedelta = timedelta(seconds=60)
    delays: tuple[timedelta, ...] = tuple(timedelta(seconds=s) for s in (5, 30, 120, 600, 3600, 4 * 3600))
    most_attempts: int = 40
    #: Raises of the counter's high-water mark after authentic PoRs 02; then a person is asked.
    counter_raises: tuple[int, ...] = (1 << 8, 1 << 12, 1 << 16)
    weak_algorithms: bool = False
    receipts: bool = True

    def delay(self, attempts: int) -> timedelta:
        """The wait after the given number of attempts."""
        return self.delays[min(max(attempts, 1), len(self.delays)) - 1]

    def lifetime(self, attempts: int) -> timedelta:
        """How long the packet of that attempt may live: until the next one takes its place."""
        return self.por_timeout + self.delay(attempts)


@dataclass(slots=True)
class OtaMeans:
    """Handed to every step of jobs. Used on the writer thread only.

    `followers` are told, by the origin of their orders, what became of them; `requests` takes the cards' own requests.
    """

    ring: KeyRing
    provider: CryptoProvider
    policy: OtaPolicy
    followers: dict[str, OnJobOutcomes] = field(default_factory=dict)
    requests: OnMoRequests | None = None
    _open: dict[tuple[str, int, str], KeySet] = field(default_factory=dict, repr=False)
    _mothers: dict[tuple[int, int], SecretKey] = field(default_factory=dict, repr=False)
    _tac_keys: dict[int, tuple[SecretKey, bytes]] = field(default_factory=dict, repr=False)

    def open_keys(self, conn: Connection, wanted: Iterable[tuple[str, int]], direction: str) -> None:
        """Open the MT or MO keys of these (ICCID, generation) that are not open yet, with one look."""
        missing = [one for one in dict.fromkeys(wanted) if (*one, direction) not in self._open]
        if not missing:
            return
        for (iccid, generation), keys in open_key_sets(conn, self.ring, missing, direction=direction).items():
            if len(self._open) >= _OPEN_KEY_SETS:
                self._open.pop(next(iter(self._open)))
            self._open[iccid, generation, direction] = keys

    def key_set(self, conn: Connection, iccid: str, generation: int, direction: str) -> KeySet:
        """The card's MT or MO keys; raises `NoKey` or `BindingMismatch`."""
        name = (iccid, generation, direction)
        found = self._open.get(name)
        if found is None:
            self.open_keys(conn, [(iccid, generation)], direction)
            found = self._open.get(name)
        if found is None:
            raise NoKey(f"card …{iccid[-6:]} has no {direction} keys that open: import the card's keys")
        return found

    def mother_key(self, conn: Connection, enterprise_id: int, version: int) -> SecretKey:
        """An enterprise's mother key, which never changes under its version; raises `NoKey` or `BindingMismatch`."""
        found = self._mothers.get((enterprise_id, version))
        if found is None:
            found = open_mother_key(conn, self.ring, enterprise_id, version)
            if len(self._mothers) >= _OPEN_KEY_SETS:
                self._mothers.pop(next(iter(self._mothers)))
            self._mothers[enterprise_id, version] = found
        return found

    def tac_key(self, application_id: int) -> tuple[SecretKey, bytes] | None:
        """The application's TAC key and the names it covers, if they are at hand: an application never changes them."""
        return self._tac_keys.get(application_id)

    def keep_tac_key(self, application_id: int, key: SecretKey, named: bytes) -> tuple[SecretKey, bytes]:
        if len(self._tac_keys) >= _OPEN_KEY_SETS:
            self._tac_keys.pop(next(iter(self._tac_keys)))
        self._tac_keys[application_id] = key, named
        return key, named


__all__ = ["BindingMismatch", "NoKey", "OnJobOutcomes", "OnMoRequests", "OtaMeans", "OtaPolicy"]
