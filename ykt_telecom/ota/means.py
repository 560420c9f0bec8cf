"""What the steps of jobs need beside the database: keys, a crypto provider, the policy, and whom to tell."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from sqlalchemy import Connection

from telecom_codecs.crypto.secret_key import CryptoProvider, KeySet, SecretKey

from ..messaging.receivers import Hooks
from ..registry.keys.steps import open_key_set, open_mother_key
from ..registry.keys.wrapping import KeyRing

#: Most key sets kept open at a time.
_OPEN_KEY_SETS = 4096


@dataclass(frozen=True, slots=True)
class OtaPolicy:
    """How jobs are secured and how patient they are.

    `spi` is the SPI of every MT packet (1639; 1619 where the SMSC relays DELIVER-REPORT data). `por_timeout`
    counts from the SMSC's acceptance. `delays` are the waits before attempt 2, 3…; the last one repeats until the
    job's deadline. `build_batch` bounds the packets built in one transaction.
    """

    spi: bytes = bytes.fromhex("1639")
    por_timeout: timedelta = timedelta(seconds=60)
    delays: tuple[timedelta, ...] = tuple(timedelta(seconds=s) for s in (5, 30, 120, 600, 3600, 4 * 3600))
    build_batch: int = 100
    most_attempts: int = 40
    #: Raises of the counter's high-water mark after authentic PoRs 02; then a person is asked.
    counter_raises: tuple[int, ...] = (1 << 8, 1 << 12, 1 << 16)
    weak_algorithms: bool = False

    def delay(self, attempts: int) -> timedelta:
        """The wait after the given number of attempts."""
        return self.delays[min(max(attempts, 1), len(self.delays)) - 1]


@dataclass(slots=True)
class OtaMeans:
    """Handed to every step of jobs. Used on the writer thread only."""

    ring: KeyRing
    provider: CryptoProvider
    policy: OtaPolicy
    hooks: Hooks
    _open: dict[tuple[str, int, str], KeySet] = field(default_factory=dict, repr=False)
    _mothers: dict[tuple[int, int], SecretKey] = field(default_factory=dict, repr=False)

    def key_set(self, conn: Connection, iccid: str, generation: int, direction: str) -> KeySet:
        """The card's MT or MO keys; raises `NoKey` or `BindingMismatch`."""
        name = (iccid, generation, direction)
        found = self._open.get(name)
        if found is None:
            found = open_key_set(conn, self.ring, iccid, generation, direction=direction)
            if len(self._open) >= _OPEN_KEY_SETS:
                self._open.pop(next(iter(self._open)))
            self._open[name] = found
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
