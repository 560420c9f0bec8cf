"""Use cases over one database, on each engine: orders in, results out, by whoever asks."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import text

from tests.ykt_telecom.lab import NOON, a_key
from ykt_telecom.registry.keys.wrapping import KeyRing
from ykt_telecom.registry.people.principals import OWNER, Principal
from ykt_telecom.registry.people.roles import Role
from ykt_telecom.registry.people.tokens import Token
from ykt_telecom.runtime.clock import ManualClock
from ykt_telecom.runtime.settings import read_settings
from ykt_telecom.runtime.tokens import SeededTokens
from ykt_telecom.storage.context import StepContext
from ykt_telecom.storage.database import Location, create_all, open_database
from ykt_telecom.usecases.cards import IMPORT_CARDS, ImportCards
from ykt_telecom.usecases.enterprises import ADD_ENTERPRISE, AddEnterprise
from ykt_telecom.usecases.means import Context, means_of
from ykt_telecom.usecases.members import ADD_MEMBER, AddMember
from ykt_telecom.usecases.office import Asker, Office
from ykt_telecom.usecases.people import ADD_USER, AddUser
from ykt_telecom.usecases.results import Done, Refused, Result
from ykt_telecom.usecases.runner import UseCase, run
from ykt_telecom.wiring.transactions import HeldDatabase, drive

I = TypeVar("I")  # noqa: E741 - an item
R = TypeVar("R")

BOSS = Principal(OWNER, "root", frozenset())
#: Cards of two enterprises: ICCIDs with their check digits, and the numbers they are bound to.
CARDS = {"A": ("89860012345678901238", "8613800000001"), "B": ("89860012345678901246", "8613800000002")}
HEADING = "iccid,imsi,msisdn,mt_kic,mt_kid,mt_dek,mo_kic,mo_kid"


class Desk:
    """One installation, its clock standing at noon."""

    def __init__(self, place: Location, folder: Path) -> None:
        self.clock = ManualClock(NOON)
        self.tokens = SeededTokens("desk")
        self.database = open_database(place)
        create_all(self.database, self.clock.now())
        self.means = means_of(
            read_settings(None, {}, data_dir=folder), KeyRing(a_key("kek", 32)), self.tokens, cheap=True
        )
        self.office = Office(HeldDatabase(self.database, self.clock, self.tokens), self.means)

    def close(self) -> None:
        self.database.close()

    def run(self, use_case: UseCase[I, R], *orders: I, who: Principal = BOSS, key: str = "") -> list[Result[R]]:
        """Inside a transaction, as a face that has one does it."""
        with self.database.writing() as conn:
            context = Context(StepContext(self.clock.now(), self.tokens), self.means)
            return run(conn, context, who, use_case, orders, key=key)

    def ask(self, use_case: UseCase[I, R], *orders: I, token: str | None = None, key: str = "") -> Sequence[Result[R]]:
        """From outside, as the commands do it."""
        asker = Asker("root", None if token is None else Token(token))
        return drive(self.office.perform(asker, use_case, orders, key=key))

    def value(self, use_case: UseCase[I, R], order: I, token: str | None = None) -> R:
        """What came of an order that is fine."""
        (result,) = self.ask(use_case, order, token=token)
        assert isinstance(result, Done), result
        return result.value

    def code(self, use_case: UseCase[I, Any], order: I, token: str | None = None) -> str:
        """Why an order was refused."""
        (result,) = self.ask(use_case, order, token=token)
        assert isinstance(result, Refused), result
        return result.code

    def user(self, *roles: str, enterprise: str | None = None, **changes: Any) -> str:
        """A new user's token."""
        name = changes.pop("name", f"{enterprise or 'operator'}-{'-'.join(roles)}")
        token = self.value(ADD_USER, AddUser(name, roles, enterprise, **changes)).token
        assert token is not None
        return token

    def rows(self, sql: str) -> list[Any]:
        with self.database.reading() as conn:
            return list(conn.execute(text(sql)))

    def audit(self) -> list[tuple[str, str, str]]:
        """Actor, action and subject of every audit row of a use case."""
        return [
            (row.actor, row.action, row.subject)
            for row in self.rows("select actor, action, subject from audit_row order by seq")
            if row.actor.startswith("cli:")
        ]


def two_enterprises(desk: Desk) -> None:
    """A and B, each with a member, who has a card."""
    lines = [HEADING]
    for at, (code, (iccid, msisdn)) in enumerate(CARDS.items()):
        desk.value(ADD_ENTERPRISE, AddEnterprise(code, f"单位{code}"))
        desk.value(ADD_MEMBER, AddMember(code, msisdn, f"成员{code}"))
        keys = ",".join(f"{at:x}{number:031x}" for number in range(1, 6))
        lines.append(f"{iccid},,{msisdn},{keys}")
    desk.value(IMPORT_CARDS, ImportCards("\n".join(lines).encode(), plaintext_keys=True))


def everybody() -> list[Principal]:
    """One principal of each role, the enterprises' in enterprise 1001."""
    return [
        Principal(number, role, frozenset({role}), 1001 if role in {Role.EA, Role.EC, Role.EU} else None)
        for number, role in enumerate(Role, start=1)
    ]
