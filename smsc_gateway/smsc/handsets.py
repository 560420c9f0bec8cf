"""Phones for the simulator: a plain one of our own, and others by the entry-point group `ykt.handsets`.

A handset file is TOML with `[[handset]]` tables: `kind` names the factory ("plain" is built in), the rest is
its specification; every kind has `msisdn`. A kind may make a range of phones from one table, numbered on from there.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from telecom_codecs.sms.address import Address
from telecom_codecs.sms.concat import split_text
from telecom_codecs.sms.tpdu import DeliverReport, SmsDeliver, SmsSubmit, SubmitReport

from .air import MobileStation, StationRange

GROUP = "ykt.handsets"


class HandsetFileError(ValueError):
    """The handset file cannot be used; the message names the table and what to correct."""


INBOX = 10_000  #: short messages that a phone keeps


class PlainHandset:
    """A phone with an inbox: it takes every message, forgets the oldest of very many, and can send texts."""

    def __init__(self, msisdn: str) -> None:
        self.msisdn = msisdn
        self.inbox: list[SmsDeliver] = []
        self.is_on = True
        self._submit: Callable[[SmsSubmit], SubmitReport] | None = None
        self._reference = 0

    def deliver(self, tpdu: SmsDeliver) -> DeliverReport | None:
        if not self.is_on:
            return None
        self.inbox.append(tpdu)
        if len(self.inbox) > INBOX:
            del self.inbox[: INBOX // 10]
        return DeliverReport()

    def attach(self, submit: Callable[[SmsSubmit], SubmitReport]) -> None:
        self._submit = submit

    def send(self, destination: str, text: str) -> list[SubmitReport]:
        """Send a text; the centre's report of each segment."""
        if self._submit is None:
            raise RuntimeError(f"{self.msisdn} is in no network: attach it first")
        reports: list[SubmitReport] = []
        for segment in split_text(text, reference=self._reference):
            tpdu = SmsSubmit(
                Address(destination), 0, segment.dcs, segment.user_data, segment.udhi, self._reference & 0xFF
            )
            self._reference = (self._reference + 1) & 0xFF
            reports.append(self._submit(tpdu))
        return reports


def plain(spec: Mapping[str, Any]) -> MobileStation:
    """The built-in kind."""
    return PlainHandset(str(spec["msisdn"]))


def load_handsets(path: Path) -> list[MobileStation | StationRange]:
    """The phones of a handset file; HandsetFileError when it cannot be read or a kind is unknown."""
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8")).get("handset", [])
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise HandsetFileError(f"{path}: {error}") from error
    stations: list[MobileStation | StationRange] = []
    seen: set[str] = set()
    for number, table in enumerate(tables, 1):
        where = f"{path}: [[handset]] {number}"
        msisdn = str(table.get("msisdn", ""))
        if not msisdn.isdecimal():
            raise HandsetFileError(f'{where}: msisdn is missing or no number; write msisdn = "8613800000001"')
        if msisdn in seen:
            raise HandsetFileError(f"{where}: msisdn {msisdn} stands twice; give each handset its own")
        seen.add(msisdn)
        try:
            stations.append(_factory(str(table.get("kind", "plain")), where)(table))
        except HandsetFileError:
            raise
        except ValueError as error:  # what a factory says of a specification it cannot use
            raise HandsetFileError(f"{where}: {error}") from error
    return stations


def _factory(kind: str, where: str) -> Callable[[Mapping[str, Any]], MobileStation | StationRange]:
    if kind == "plain":
        return plain
    known = {point.name: point for point in entry_points(group=GROUP)}
    if kind not in known:
        raise HandsetFileError(f"{where}: kind {kind!r} is unknown; use one of {', '.join(['plain', *sorted(known)])}")
    factory: Callable[[Mapping[str, Any]], MobileStation | StationRange] = known[kind].load()
    return factory
