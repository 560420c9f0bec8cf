"""Where orders are carried out from outside a transaction: who asks, may he, then the use case, in its transactions.

The same for the command line, the socket beside a running service, and every face to come.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy import Connection

from ..registry.people.principals import OWNER, Principal, authenticate, note_use
from ..registry.people.tokens import Token
from ..storage.context import StepContext
from ..texts.refusals import Code, Refused, refuse
from .means import Context, Means, Progress, silent
from .results import Result
from .runner import Transactions, UseCase, Work, note_refusal, permitted, run

I = TypeVar("I")  # noqa: E741 - an item
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks: by a token, or as the owner of the data folder, whose files they are anyway."""

    owner: str
    token: Token | None = None
    channel: str = "cli"


class Office:
    """One installation's."""

    def __init__(self, transactions: Transactions, means: Means) -> None:
        self._transactions = transactions
        self._means = means

    async def perform(
        self,
        asker: Asker,
        use_case: UseCase[I, R],
        orders: Sequence[I],
        *,
        key: str = "",
        progress: Progress = silent,
    ) -> Sequence[Result[R]]:
        """One result for each order. Raises `Trouble` when the installation cannot do it now."""
        who = await self._identify(asker)
        if isinstance(who, Refused):
            return [who for _ in orders]
        if use_case.reads:
            return await self._transactions.look(
                lambda conn, context: run(conn, Context(context, self._means), who, use_case, orders)
            )
        if (forbidden := permitted(use_case, who)) is not None:
            await self._transactions.perform(
                lambda conn, context: note_refusal(conn, Context(context, self._means), who, use_case, forbidden)
            )
            return [forbidden for _ in orders]
        if use_case.work is not None:
            return await use_case.work(Work(self._transactions, self._means, progress), who, orders)
        prepared: Sequence[object] = orders
        if (prepare := use_case.prepare) is not None:
            prepared = await self._transactions.apart(lambda: prepare(self._means, orders))

        def step(conn: Connection, context: StepContext) -> list[Result[R]]:
            if asker.token is not None:
                note_use(conn, asker.token.digest(self._means.token_key), now=context.now)
            whole = Context(context, self._means, progress)
            return run(conn, whole, who, use_case, orders, prepared=prepared, key=key)

        return await self._transactions.perform(step, bulk=use_case.bulk)

    async def _identify(self, asker: Asker) -> Principal | Refused:
        token = asker.token
        if token is None:
            return Principal(OWNER, asker.owner, frozenset(), channel=asker.channel)
        if not token.is_well_formed:
            return refuse(Code.UNAUTHENTICATED)
        digest = token.digest(self._means.token_key)
        found = await self._transactions.look(
            lambda conn, context: authenticate(conn, digest, now=context.now, channel=asker.channel)
        )
        return found or refuse(Code.UNAUTHENTICATED)
