"""Every use case by its name: what an order over the socket, and later over HTTP, may name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .applications import (
    CLOSE_APPLICATION,
    DELETE_APPLICATION,
    ISSUE_APPLICATION,
    QUERY_CARD,
    REOPEN_APPLICATION,
)
from .audit import VERIFY_AUDIT
from .cards import IMPORT_CARDS, LIST_CARDS, SHOW_CARD
from .enterprises import ADD_ENTERPRISE, LIST_ENTERPRISES
from .jobs import LIST_JOBS, SHOW_JOB
from .members import ADD_MEMBER, IMPORT_MEMBERS, LIST_MEMBERS
from .passwords import LOCK_PASSWORD, SET_PASSWORD, UNLOCK_PASSWORD
from .people import ADD_USER, LIST_USERS, REVOKE_USER
from .runner import UseCase
from .statements import RUN_STATEMENTS, SCHEDULE_STATEMENTS, SHOW_STATEMENTS
from .taps import LOAD_ATTENDANCE, LOAD_TRANSACTIONS

_ALL: tuple[UseCase[Any, Any], ...] = (
    ADD_ENTERPRISE,
    LIST_ENTERPRISES,
    ADD_MEMBER,
    IMPORT_MEMBERS,
    LIST_MEMBERS,
    IMPORT_CARDS,
    LIST_CARDS,
    SHOW_CARD,
    ISSUE_APPLICATION,
    QUERY_CARD,
    CLOSE_APPLICATION,
    REOPEN_APPLICATION,
    DELETE_APPLICATION,
    SET_PASSWORD,
    LOCK_PASSWORD,
    UNLOCK_PASSWORD,
    LOAD_TRANSACTIONS,
    LOAD_ATTENDANCE,
    RUN_STATEMENTS,
    SCHEDULE_STATEMENTS,
    SHOW_STATEMENTS,
    LIST_JOBS,
    SHOW_JOB,
    ADD_USER,
    LIST_USERS,
    REVOKE_USER,
    VERIFY_AUDIT,
)

USE_CASES: Mapping[str, UseCase[Any, Any]] = {use_case.name: use_case for use_case in _ALL}
