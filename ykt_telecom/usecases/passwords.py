"""A card holder's service password: set, locked and unlocked. The password itself goes no further than its seal."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection

from telecom_codecs.onecard.password import ServicePassword, is_weak

from ..flows.dialogue.password import SALT_OCTETS
from ..flows.dialogue.password_steps import lock, set_password, unlock
from ..registry.people.principals import Principal
from ..texts.refusals import Code, Refused, refuse
from .means import Context, Means
from .results import Done, Result
from .runner import UseCase
from .subjects import Card, cards_named


@dataclass(frozen=True, slots=True)
class SetPassword:
    """Set or reset the password, which also unlocks it."""

    card: str
    digits: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class OfCard:
    """The password of a card's holder."""

    card: str


@dataclass(frozen=True, slots=True)
class PasswordChanged:
    """Whose password it was."""

    card: str


@dataclass(frozen=True, slots=True)
class _Sealed:
    card: str
    verifier: str = field(repr=False)


def seal_passwords(means: Means, orders: Sequence[SetPassword]) -> list[_Sealed | Refused]:
    """The verifiers: that takes tens of milliseconds each, so it is done before the transaction."""
    sealed: list[_Sealed | Refused] = []
    for order in orders:
        try:
            chosen = ServicePassword(order.digits.encode())
        except ValueError:
            sealed.append(refuse(Code.WEAK))
            continue
        if is_weak(chosen):
            sealed.append(refuse(Code.WEAK))
        else:
            sealed.append(_Sealed(order.card, means.seal.seal(chosen, means.tokens.octets(SALT_OCTETS))))
    return sealed


def set_passwords(
    conn: Connection, context: Context, who: Principal, orders: Sequence[_Sealed]
) -> list[Result[PasswordChanged]]:
    """Store the verifiers."""
    verifiers = {order.card: order.verifier for order in orders}

    def change(card: Card, name: str) -> Refused | None:
        bound = context.means.seal.bind(verifiers[name], card.iccid)
        set_password(conn, iccid=card.iccid, verifier=bound, now=context.now)
        return None

    return _each(conn, who, [order.card for order in orders], change)


def lock_passwords(
    conn: Connection, context: Context, who: Principal, orders: Sequence[OfCard]
) -> list[Result[PasswordChanged]]:
    """Refuse every password of these cards from now on; taps go on."""

    def change(card: Card, _name: str) -> Refused | None:
        lock(conn, iccid=card.iccid, now=context.now)
        return None

    return _each(conn, who, [order.card for order in orders], change)


def unlock_passwords(
    conn: Connection, _context: Context, who: Principal, orders: Sequence[OfCard]
) -> list[Result[PasswordChanged]]:
    """Give three new tries with the password as it is."""

    def change(card: Card, _name: str) -> Refused | None:
        return None if unlock(conn, iccid=card.iccid) else refuse(Code.NO_SERVICE_PASSWORD)

    return _each(conn, who, [order.card for order in orders], change)


def _each(
    conn: Connection, who: Principal, names: Sequence[str], change: Callable[[Card, str], Refused | None]
) -> list[Result[PasswordChanged]]:
    cards = cards_named(conn, who, names)
    results: list[Result[PasswordChanged]] = []
    for name in names:
        card = cards[name]
        refused = card if isinstance(card, Refused) else change(card, name)
        if isinstance(card, Refused) or refused is not None:
            results.append(refused or card)  # type: ignore[arg-type]
        else:
            results.append(Done(PasswordChanged(card.tail), card.subject))
    return results


SET_PASSWORD: UseCase[SetPassword, PasswordChanged] = UseCase(
    "set_password", SetPassword, PasswordChanged, set_passwords, action="password.set", prepare=seal_passwords
)
LOCK_PASSWORD: UseCase[OfCard, PasswordChanged] = UseCase(
    "lock_password", OfCard, PasswordChanged, lock_passwords, action="password.lock"
)
UNLOCK_PASSWORD: UseCase[OfCard, PasswordChanged] = UseCase(
    "unlock_password", OfCard, PasswordChanged, unlock_passwords, action="password.unlock"
)
