"""What the demo's outside world remembers: the cards' memories, the texts on the phones, the messages at the SMSC.

The demo is one process, so a kill takes the network and the phones with it. Real ones would live on; these files
make the simulated ones do the same (but not over a power loss of the machine: `synchronous=OFF`).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

from smsc_gateway.smsc.store import CentreStore
from stk_applet_sim.handset.card_link import Exchange
from stk_applet_sim.handset.station import HandsetStation
from telecom_codecs.sms.tpdu import DeliverReport, SmsDeliver, SmsSubmit, SubmitReport

_TABLES = """
create table if not exists card (msisdn text primary key, memory blob not null);
create table if not exists phone_text (number integer primary key, msisdn text not null, tpdu blob not null);
"""


class WorldFiles:
    """The folder of the simulated world."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.centre = CentreStore(folder / "smsc.db")
        self._file = sqlite3.connect(folder / "phones.db", isolation_level=None)
        self._file.execute("pragma journal_mode=wal")
        self._file.execute("pragma synchronous=off")
        self._file.executescript(_TABLES)

    def close(self) -> None:
        self._file.close()
        self.centre.close()

    def memory_of(self, msisdn: str) -> bytes | None:
        """The card's memory as it was last, None for a new card."""
        row = self._file.execute("select memory from card where msisdn = ?", (msisdn,)).fetchone()
        return None if row is None else bytes(row[0])

    def keep_memory(self, msisdn: str, memory: bytes) -> None:
        self._file.execute("insert or replace into card values (?, ?)", (msisdn, memory))

    def texts_of(self, msisdn: str) -> list[bytes]:
        """The SMS-DELIVERs a phone has taken as texts, oldest first."""
        rows = self._file.execute("select tpdu from phone_text where msisdn = ? order by number", (msisdn,))
        return [bytes(row[0]) for row in rows.fetchall()]

    def keep_text(self, msisdn: str, tpdu: bytes) -> None:
        self._file.execute("insert into phone_text (msisdn, tpdu) values (?, ?)", (msisdn, tpdu))


class KeptStation:
    """A station whose card and texts outlive the process. Fits `MobileStation`.

    A text that comes again with the same octets (the SMSC was killed between delivering and noting it) is
    acknowledged and not shown twice, as a phone does with a repetition of the network (TS 23.040 §3.3.1).
    """

    def __init__(self, station: HandsetStation, files: WorldFiles) -> None:
        self.station = station
        self.msisdn = station.msisdn
        self._files = files
        self._memory = files.memory_of(station.msisdn)
        self._seen = set(files.texts_of(station.msisdn))
        for tpdu in files.texts_of(station.msisdn):
            station.handset.inbox.take(SmsDeliver.decode(tpdu), 0.0)
        station.handset.observers.append(self._after)

    def _after(self, exchange: Exchange) -> None:
        self.keep_card()

    def keep_card(self) -> None:
        """Write the card's memory down if it changed. After every exchange, and after every tap at a terminal."""
        memory = self.station.card.snapshot()
        if memory != self._memory:
            self._files.keep_memory(self.msisdn, memory)
            self._memory = memory

    def deliver(self, tpdu: SmsDeliver) -> DeliverReport | None:
        octets = tpdu.encode()
        if octets in self._seen:
            return DeliverReport()
        before = len(self.station.handset.inbox.messages), self.station.handset.inbox.incomplete
        report = self.station.deliver(tpdu)
        if (len(self.station.handset.inbox.messages), self.station.handset.inbox.incomplete) != before:
            self._seen.add(octets)
            self._files.keep_text(self.msisdn, octets)
        return report

    def attach(self, submit: Callable[[SmsSubmit], SubmitReport]) -> None:
        self.station.attach(submit)
