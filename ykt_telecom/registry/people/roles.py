"""Roles: what a person or a program may be. Which use case each of them may call is in `usecases/permissions`.

Operator roles belong to principals without a tenant, enterprise roles to those of one enterprise; nobody has both.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum


class Role(StrEnum):
    """The principal roles of the operator and of an enterprise."""

    OA = "OA"  #: operator administrator 系统管理员: users, links, settings
    OT = "OT"  #: OTA operator: jobs, cards, campaigns
    AP = "AP"  #: approver 复核: the second pair of eyes
    AM = "AM"  #: account manager 客户经理: enters enterprises
    T1 = "T1"  #: service desk, first line
    T2 = "T2"  #: service desk, second line
    RE = "RE"  #: resident engineer 驻地: terminals
    FI = "FI"  #: finance 财务
    AU = "AU"  #: auditor 审计: reads everything, changes nothing
    HA = "HA"  #: hall clerk 营业厅: hands out, replaces and locks cards
    EA = "EA"  #: enterprise administrator
    EC = "EC"  #: enterprise clerk: rosters and reports
    EU = "EU"  #: enterprise auditor


ENTERPRISE_ROLES = frozenset({Role.EA, Role.EC, Role.EU})
OPERATOR_ROLES = frozenset(Role) - ENTERPRISE_ROLES

#: Bundles for small operators, by the word that is typed.
BUNDLES = {
    "admin": frozenset({Role.OA}),
    "clerk": frozenset({Role.OT, Role.T1, Role.T2, Role.AM}),
    "hall": frozenset({Role.HA}),
    "approver": frozenset({Role.AP}),
    "auditor": frozenset({Role.AU}),
    "finance": frozenset({Role.FI}),
    "enterprise-admin": frozenset({Role.EA}),
    "enterprise-clerk": frozenset({Role.EC}),
    "enterprise-auditor": frozenset({Role.EU}),
}

#: Never in one person: whoever gives orders over the air does not approve them.
EXCLUSIVE = frozenset({Role.AP, Role.OT})


def roles_of(words: Iterable[str]) -> frozenset[Role]:
    """Roles and bundles by their words; raises ValueError naming the first that is none."""
    found: set[Role] = set()
    for word in words:
        if (bundle := BUNDLES.get(word.lower())) is not None:
            found |= bundle
        elif word.upper() in Role.__members__:
            found.add(Role(word.upper()))
        else:
            raise ValueError(word)
    return frozenset(found)
