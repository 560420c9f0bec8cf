"""Imports go one way: codecs <- gateway <- platform, codecs <- card; upwards by floors, never down."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("telecom_codecs", "smsc_gateway", "stk_applet_sim", "ykt_telecom")

#: package -> packages of ours it may import
ALLOWED = {
    "telecom_codecs": {"telecom_codecs"},
    "smsc_gateway": {"smsc_gateway", "telecom_codecs"},
    "stk_applet_sim": {"stk_applet_sim", "telecom_codecs"},
    "ykt_telecom": {"ykt_telecom", "smsc_gateway", "telecom_codecs"},
}
#: floor 4, wiring: may join everything
WIRING = {"ykt_telecom/demo", "ykt_telecom/wiring/service.py", "ykt_telecom/__main__.py", "ykt_telecom/tools/decode"}

#: floors 0 and 1: octets, sans-IO sessions, card and rules. Everything in these folders unless listed in DRIVERS.
PURE = ("telecom_codecs/", "smsc_gateway/smpp/", "stk_applet_sim/uicc/", "stk_applet_sim/applet/")
DRIVERS = ("telecom_codecs/providers/",)
IO_MODULES = {
    "asyncio", "datetime.now", "fastapi", "logging", "multiprocessing", "os", "pika", "random", "secrets", "select",
    "smartcard", "socket", "sqlalchemy", "sqlite3", "ssl", "structlog", "subprocess", "threading", "time", "twisted",
    "uuid", "uvicorn",
}  # fmt: skip


def sources() -> Iterator[Path]:
    for package in PACKAGES:
        yield from sorted((ROOT / package).rglob("*.py"))


def imported(path: Path) -> Iterator[str]:
    """Absolute names of what a file imports."""
    module = path.relative_to(ROOT).with_suffix("").parts
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parent = ".".join(module[: len(module) - node.level]) if node.level else ""
            yield ".".join(part for part in (parent, node.module or "") if part)


def is_wiring(name: str) -> bool:
    return any(name == place or name.startswith(f"{place}/") or name == f"{place}.py" for place in WIRING)


def is_pure(name: str) -> bool:
    return name.startswith(PURE) and not name.startswith(DRIVERS)


@pytest.mark.parametrize("path", list(sources()), ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_go_one_way(path: Path) -> None:
    """A file imports only from its own floor or below; the failure names file, arrow and remedy."""
    name = path.relative_to(ROOT).as_posix()
    package = name.partition("/")[0]
    for target in imported(path):
        top = target.partition(".")[0]
        if top in PACKAGES and top not in ALLOWED[package] and not is_wiring(name):
            pytest.fail(
                f"{name}: {package} -> {target} goes the wrong way. "
                f"{package} may import {sorted(ALLOWED[package])}; join the two in wiring ({sorted(WIRING)}), "
                "hand the value in as an argument, or move what both need to telecom_codecs."
            )
        if is_pure(name) and top in IO_MODULES:
            pytest.fail(
                f"{name}: floor 0-1 -> {target} touches the outside. Take time, chance, numbers and I/O as arguments, "
                "or move the code to a driver."
            )


@pytest.mark.parametrize(
    "path",
    [path for path in sources() if is_pure(path.relative_to(ROOT).as_posix())],
    ids=lambda path: str(path.relative_to(ROOT)),
)
def test_pure_code_names_the_errors_it_catches(path: Path) -> None:
    """Floors 0-1 never swallow everything: a bare `except` or `except Exception` hides the bug that loses money."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ExceptHandler):
            caught = ast.unparse(node.type) if node.type else "everything"
            undoes_and_raises = isinstance(node.body[-1], ast.Raise) and node.body[-1].exc is None
            assert undoes_and_raises or caught not in {"everything", "Exception", "BaseException"}, (
                f"{path.relative_to(ROOT)}:{node.lineno} catches {caught}. Name the errors this code expects."
            )
