"""What every use case has: a cell for each role, an audit action, words for each refusal, a word to type."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.ykt_telecom.usecases.desk import everybody
from ykt_telecom.registry.people.principals import OWNER, Principal
from ykt_telecom.registry.people.roles import ENTERPRISE_ROLES, Role
from ykt_telecom.texts.refusals import WORDS, Code, Refused
from ykt_telecom.usecases.catalogue import USE_CASES
from ykt_telecom.usecases.permissions import PERMISSIONS
from ykt_telecom.usecases.runner import UseCase, permitted

ROOT = Path(__file__).resolve().parents[3]
FACES = sorted((ROOT / "ykt_telecom" / "faces").rglob("*.py"))

#: Rows of the table, as it was agreed: who may, everybody else may not.
TABLE = """
add_enterprise       OA AM
import_members       OA AM EA EC
list_members         OA AM T1 T2 HA AU EA EC EU
import_cards         OA OT
issue_application    OA OT EA
delete_application   OA OT EA
query_card           OA OT T2 HA EA
set_password         OA T2 HA EA
unlock_password      OA T2 HA EA
load_transactions    OA OT FI
run_statements       OA OT EA
list_jobs            OA OT T2 AU EA EU
add_user             OA EA
verify_audit         OA AU
"""


def test_each_use_case_has_its_cell_and_each_cell_its_use_case() -> None:
    """Nothing can be asked for that nobody decided on."""
    assert set(USE_CASES) == set(PERMISSIONS)
    assert all(cell.roles for cell in PERMISSIONS.values())


@pytest.mark.parametrize("row", TABLE.strip().splitlines(), ids=lambda row: row.split()[0])
def test_the_table_is_kept_cell_by_cell(row: str) -> None:
    """Who may is let through; everybody else gets the code that says which role is missing."""
    name, *roles = row.split()
    for who in everybody():
        refused = permitted(USE_CASES[name], who)
        if who.name in roles:
            assert refused is None, who.name
        else:
            assert isinstance(refused, Refused)
            assert refused.code == Code.ROLE_MISSING


@pytest.mark.parametrize("use_case", USE_CASES.values(), ids=lambda one: one.name)
def test_a_change_has_an_audit_action_and_an_auditor_makes_none(use_case: UseCase[object, object]) -> None:
    """Whoever may change something is not one of those who only look."""
    if use_case.reads:
        assert use_case.step is not None
        assert use_case.prepare is None
    else:
        assert "." in use_case.action
        assert (use_case.step is None) is not (use_case.work is None)
        assert not PERMISSIONS[use_case.name].roles & {Role.AU, Role.EU}


def test_a_token_with_scopes_can_do_less_than_its_roles() -> None:
    """The owner of the folder has no token and no scopes."""
    who = Principal(1, "x", frozenset({Role.OA}), scopes=frozenset({"directory:read"}))
    assert permitted(USE_CASES["list_members"], who) is None
    refused = permitted(USE_CASES["add_member"], who)
    assert isinstance(refused, Refused)
    assert refused.code == Code.SCOPE_MISSING
    assert permitted(USE_CASES["add_member"], Principal(OWNER, "root", frozenset())) is None


def test_operators_and_enterprises_have_roles_of_their_own() -> None:
    """The cells of an enterprise's roles hold for what `subjects` lets them see, and never enter an enterprise."""
    assert not PERMISSIONS["add_enterprise"].roles & ENTERPRISE_ROLES
    assert not PERMISSIONS["import_cards"].roles & ENTERPRISE_ROLES


@pytest.mark.parametrize("code", Code)
def test_each_refusal_says_why_and_what_to_do_in_both_languages(code: Code) -> None:
    """No code without words, and the Chinese is Chinese."""
    why, remedy = WORDS[code]
    for words in (why, remedy):
        assert words.zh
        assert words.en
        assert words.en.replace("…", "").isascii()
    assert any("\u4e00" <= letter <= "\u9fff" for letter in remedy.zh)


def test_each_refusal_is_given_somewhere() -> None:
    """A code that nobody answers is dead."""
    sources = [path for path in (ROOT / "ykt_telecom").rglob("*.py") if path.name != "refusals.py"]
    told = {
        node.attr
        for path in sources
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "Code"
    }
    assert {code.name for code in Code} <= told


def test_each_use_case_has_a_word_on_the_command_line() -> None:
    """What can be done can be typed."""
    typed = " ".join(path.read_text(encoding="utf-8") for path in FACES if path.parent.name == "cli")
    missing = [name for name in USE_CASES if name.upper() not in typed]
    assert not missing


#: What faces may know below the use cases: values without a database.
VALUES = {"registry.people.roles", "registry.people.tokens", "ota.states", "flows.statements.period"}
LOWER = ("storage", "registry", "ledger", "messaging", "ota", "flows", "wiring")


@pytest.mark.parametrize("path", FACES, ids=lambda path: str(path.relative_to(ROOT)))
def test_faces_hold_no_sql_and_no_rule(path: Path) -> None:
    """They parse, name who asks, call a use case, and show; what they import says so."""
    package = path.relative_to(ROOT / "ykt_telecom").parent.parts
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level:
            parent = ".".join(package[: len(package) - node.level + 1])
            names = [".".join(part for part in (parent, node.module or "") if part)]
        else:
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        for name in names:
            assert not name.startswith("sqlalchemy"), f"{path.name}: {name}: the database belongs to a use case"
            assert name.partition(".")[0] not in LOWER or name in VALUES, f"{path.name}: {name}: call a use case"
