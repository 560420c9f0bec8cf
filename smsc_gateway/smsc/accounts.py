"""Who may bind: accounts with their limits, and the check of a bind against them."""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from ..smpp.codec import faulty_field
from ..smpp.operations import Bind
from ..smpp.status import CommandStatus


@dataclass(frozen=True, slots=True)
class Account:
    """One ESME. `access_code`: phones' messages to numbers that begin so go to it; empty: none do."""

    system_id: str
    password: str = field(repr=False)
    access_code: str = ""
    window: int = 1000  #: its unanswered submissions; more are throttled
    deliver_window: int = 50  #: our unanswered deliver_sm on each of its sessions
    max_binds: int = 10
    rate: int | None = None  #: its submissions a second; more are throttled
    queue: int | None = None  #: its messages that wait for phones; more are refused RMSGQFUL

    @classmethod
    def parse(cls, text: str) -> Account:
        """From `ID:PASSWORD[:ACCESSCODE[:LIMIT=NUMBER,…]]`; ValueError says what is missing."""
        parts = text.split(":")
        if not 2 <= len(parts) <= 4 or not parts[0] or len(parts[0]) > 15 or len(parts[1]) > 8:
            raise ValueError("an account is ID:PASSWORD[:ACCESSCODE], ID at most 15 and PASSWORD at most 8 characters")
        code = parts[2] if len(parts) > 2 else ""
        if code and not code.isdecimal():
            raise ValueError(f"the access code {code!r} is not a number")
        return cls(parts[0], parts[1], code, **(_limits(parts[3]) if len(parts) == 4 else {}))


_LIMITS = ("window", "deliver_window", "max_binds", "rate", "queue")


def _limits(text: str) -> dict[str, int]:
    """`window=10,rate=20` as arguments."""
    found: dict[str, int] = {}
    for one in text.split(","):
        name, _, number = one.partition("=")
        if name not in _LIMITS or not number.isdecimal() or not int(number):
            raise ValueError(f"{one!r} is no limit; use {', '.join(f'{known}=NUMBER' for known in _LIMITS)}")
        found[name] = int(number)
    return found


def check_bind(accounts: Mapping[str, Account], pdu: Bind, binds: Mapping[str, int]) -> tuple[Account | None, int]:
    """The account that `pdu` binds to, or None and the status that refuses it. `binds` counts its sessions."""
    fault = faulty_field(pdu)
    if fault is not None:
        return None, fault[1]
    account = accounts.get(pdu.system_id.decode("latin-1"))
    known = account.password if account is not None else ""
    same = hmac.compare_digest(pdu.password, known.encode("latin-1"))
    if account is None:
        return None, CommandStatus.RINVSYSID
    if not same:
        return None, CommandStatus.RINVPASWD
    if binds.get(account.system_id, 0) >= account.max_binds:
        return None, CommandStatus.RALYBND
    return account, CommandStatus.ROK


def longest_prefix(accounts: Iterable[Account], digits: str) -> Account | None:
    """The account whose access code is the longest prefix of a phone's destination."""
    found: Account | None = None
    for account in accounts:
        code = account.access_code
        if code and digits.startswith(code) and (found is None or len(code) > len(found.access_code)):
            found = account
    return found
