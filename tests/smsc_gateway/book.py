"""Which submission a receipt speaks of, for tests: what the platform keeps in its outbox, in memory."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from smsc_gateway.smpp.receipt import Receipt, canonical_ids
from smsc_gateway.smsc.air import msisdn_of


@dataclass(eq=False)
class Sent:
    """An accepted submission and its final receipt."""

    token: Any
    keys: set[str]
    destination: str
    final: Receipt | None = None


class Book:
    """Matches by canonical message id and destination; what comes before its answer waits."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.sent: list[Sent] = []
        self.told: list[Any] = []  #: tokens, once for each final receipt
        self._by_key: dict[tuple[str, str], list[Sent]] = {}
        self._early: list[tuple[Receipt, str]] = []

    @property
    def open(self) -> int:
        """Submissions without a final receipt."""
        return sum(one.final is None for one in self.sent)

    @property
    def unknown(self) -> int:
        """Receipts that name nothing."""
        return len(self._early)

    def accepted(self, message_id: str | None, destination: bytes, token: Any) -> None:
        """The SMSC took a submission."""
        one = Sent(token, set(canonical_ids(message_id or "")), msisdn_of(destination))
        self.sent.append(one)
        for key in one.keys:
            self._by_key.setdefault((one.destination, key), []).append(one)
        for waiting in list(self._early):
            if waiting[1] == one.destination and one.keys & set(canonical_ids(waiting[0].message_id)):
                self._early.remove(waiting)
                self._apply(one, waiting[0])

    def receipt(self, receipt: Receipt, source: bytes) -> None:
        """A receipt came."""
        phone = msisdn_of(source)
        keys = canonical_ids(receipt.message_id)
        same = next((found for key in keys if (found := self._by_key.get((phone, key)))), [])
        if same:
            self._apply(next((one for one in same if one.final is None), same[-1]), receipt)
        else:
            self._early.append((receipt, phone))

    def _apply(self, one: Sent, receipt: Receipt) -> None:
        if one.final is not None:
            self.counts["doubled" if receipt.state == one.final.state else "contradictory"] += 1
        elif receipt.is_final:
            one.final = receipt
            self.told.append(one.token)
