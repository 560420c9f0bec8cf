"""Which submission a receipt speaks of: by canonical message id and destination, early receipts included.

One per operator account, not per line: receipts may come over another bind or after a reconnect. Bounded: the oldest
entries go first. No clock: `now` is monotonic seconds.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from dataclasses import dataclass
from typing import Any

from ..smpp.receipt import Receipt, canonical_ids
from ..smsc.air import msisdn_of


@dataclass(frozen=True, slots=True)
class Match:
    """A receipt and what was said when its message was submitted."""

    token: Any
    receipt: Receipt
    early: bool = False  #: it came before the answer to the submission


@dataclass(slots=True, eq=False)
class _Sent:
    token: Any
    destination: str
    keys: tuple[str, ...]
    since: float
    final: Receipt | None = None


class Correlation:
    """What was accepted and which receipts came. `counts` says how many were early, doubled, contradictory, unknown."""

    def __init__(self, *, capacity: int = 200_000, parked: int = 20_000, park_for: float = 60.0) -> None:
        self.counts: Counter[str] = Counter()
        self._capacity = capacity
        self._park = parked
        self._park_for = park_for
        self._sent: dict[str, list[_Sent]] = {}
        self._order: OrderedDict[int, _Sent] = OrderedDict()
        self._parked: OrderedDict[int, tuple[float, Receipt, str]] = OrderedDict()
        self._number = 0

    @property
    def open(self) -> int:
        """Submissions without a final receipt that are still remembered."""
        return sum(one.final is None for one in self._order.values())

    def accepted(self, message_id: str | None, destination: bytes, token: Any, now: float) -> list[Match]:
        """The SMSC took a submission; the receipts that came before are returned. None or "": not trackable."""
        if not message_id:
            self.counts["accepted without an id"] += 1
            return []
        one = _Sent(token, msisdn_of(destination), canonical_ids(message_id), now)
        for key in one.keys:
            self._sent.setdefault(key, []).append(one)
        self._number += 1
        self._order[self._number] = one
        if len(self._order) > self._capacity:
            self._forget(self._order.popitem(last=False)[1])
        return self._early(one)

    def receipt(self, receipt: Receipt, source: bytes, now: float) -> Match | None:
        """A receipt came from `source`, the phone. None: it is parked, doubled or contradicts a final one (counted)."""
        self._expire(now)
        phone = msisdn_of(source)
        one = self._find(receipt, phone)
        if one is not None:
            return self._apply(one, receipt, early=False)
        self._number += 1
        self._parked[self._number] = (now, receipt, phone)
        self.counts["parked"] += 1
        if len(self._parked) > self._park:
            self._parked.popitem(last=False)
            self.counts["unknown"] += 1
        return None

    def _early(self, one: _Sent) -> list[Match]:
        found: list[Match] = []
        for number, (_, receipt, phone) in list(self._parked.items()):
            if phone == one.destination and set(canonical_ids(receipt.message_id)) & set(one.keys):
                del self._parked[number]
                match = self._apply(one, receipt, early=True)
                if match is not None:
                    found.append(match)
        return found

    def _find(self, receipt: Receipt, phone: str) -> _Sent | None:
        """The surest spelling first; the phone must agree. Of several: the oldest without a final receipt."""
        for key in canonical_ids(receipt.message_id):
            same = [one for one in self._sent.get(key, ()) if one.destination == phone]
            for one in same:
                if one.final is None:
                    return one
            if same:
                return same[-1]
        return None

    def _apply(self, one: _Sent, receipt: Receipt, *, early: bool) -> Match | None:
        if one.final is not None:
            doubled = receipt.state == one.final.state
            self.counts["doubled" if doubled else "contradictory" if receipt.is_final else "after the final one"] += 1
            return None
        if receipt.is_final:
            one.final = receipt
        self.counts["early" if early else "matched"] += 1
        return Match(one.token, receipt, early)

    def _expire(self, now: float) -> None:
        while self._parked:
            number, (since, _, _) = next(iter(self._parked.items()))
            if now - since < self._park_for:
                return
            del self._parked[number]
            self.counts["unknown"] += 1

    def _forget(self, one: _Sent) -> None:
        for key in one.keys:
            same = self._sent.get(key)
            if same is not None:
                same.remove(one)
                if not same:
                    del self._sent[key]
