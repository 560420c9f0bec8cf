"""Who may do what: one cell for each use case and role, and the scope a program's token needs for it.

Rendered for people, read by the runner, tested cell by cell. An enterprise's roles act on that enterprise alone:
`subjects` sees to that.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..registry.people.roles import OPERATOR_ROLES, Role

_OA, _OT, _AM, _T1, _T2 = Role.OA, Role.OT, Role.AM, Role.T1, Role.T2
_FI, _AU, _HA, _EA, _EC, _EU = Role.FI, Role.AU, Role.HA, Role.EA, Role.EC, Role.EU


@dataclass(frozen=True, slots=True)
class Cell:
    """The roles that may, and the scope that a token must carry when its scopes are limited."""

    scope: str
    roles: frozenset[Role]


def _cell(scope: str, *roles: Role) -> Cell:
    return Cell(scope, frozenset(roles))


_LOOKERS = (*sorted(OPERATOR_ROLES), _EA, _EC, _EU)

PERMISSIONS: Mapping[str, Cell] = {
    "add_enterprise": _cell("directory:write", _OA, _AM),
    "list_enterprises": _cell("directory:read", *_LOOKERS),
    "add_member": _cell("directory:write", _OA, _AM, _EA, _EC),
    "import_members": _cell("imports:write", _OA, _AM, _EA, _EC),
    "list_members": _cell("directory:read", _OA, _AM, _T1, _T2, _HA, _AU, _EA, _EC, _EU),
    "import_cards": _cell("imports:write", _OA, _OT),
    "list_cards": _cell("cards:read", _OA, _OT, _AM, _T1, _T2, _HA, _AU, _EA, _EC, _EU),
    "show_card": _cell("cards:read", _OA, _OT, _AM, _T1, _T2, _HA, _AU, _EA, _EC, _EU),
    "issue_application": _cell("apps:write", _OA, _OT, _EA),
    "delete_application": _cell("apps:write", _OA, _OT, _EA),
    "close_application": _cell("apps:write", _OA, _OT, _EA),
    "reopen_application": _cell("apps:write", _OA, _OT, _EA),
    "query_card": _cell("ota:write", _OA, _OT, _T2, _HA, _EA),
    "set_password": _cell("password:write", _OA, _T2, _HA, _EA),
    "lock_password": _cell("password:write", _OA, _T1, _T2, _HA, _EA),
    "unlock_password": _cell("password:write", _OA, _T2, _HA, _EA),
    "load_transactions": _cell("imports:write", _OA, _OT, _FI),
    "load_attendance": _cell("imports:write", _OA, _OT, _EA, _EC),
    "run_statements": _cell("statements:write", _OA, _OT, _EA),
    "schedule_statements": _cell("statements:write", _OA, _OT, _EA),
    "show_statements": _cell("statements:read", _OA, _OT, _T1, _T2, _FI, _AU, _EA, _EC, _EU),
    "list_jobs": _cell("ota:read", _OA, _OT, _T2, _AU, _EA, _EU),
    "show_job": _cell("ota:read", _OA, _OT, _T2, _AU, _EA, _EU),
    "add_user": _cell("users:write", _OA, _EA),
    "list_users": _cell("users:read", _OA, _AU, _EA, _EU),
    "revoke_user": _cell("users:write", _OA, _EA),
    "verify_audit": _cell("audit:read", _OA, _AU),
}

SCOPES = frozenset(cell.scope for cell in PERMISSIONS.values())
