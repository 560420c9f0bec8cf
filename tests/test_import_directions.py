"""Imports go one way: codecs <- gateway <- platform, codecs <- card; inside the platform down the floors, in no ring.

Today's exceptions stand in dictionaries with their reason. They are exact: one that is no longer needed fails, too.
"""

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
WIRING = {
    "ykt_telecom/demo",
    "ykt_telecom/simulation",
    "ykt_telecom/wiring/service.py",
    "ykt_telecom/__main__.py",
    "ykt_telecom/tools/decode",
}

#: The wings of the platform from the ground up; wings on one floor do not know each other. `__main__` is the roof.
FLOORS = (
    "runtime texts tools",
    "storage",
    "registry",
    "ledger messaging",
    "ota",
    "flows",
    "usecases",
    "faces",
    "wiring",
    "demo",
    "simulation",
    "__main__",
)
HEIGHT = {wing: height for height, floor in enumerate(FLOORS) for wing in floor.split()}
#: The areas of a wing in their order: an area may import those named before it. Not named: its wing is one area.
AREAS = {
    "tools": "decode packet",
    "storage": "migrations",
    "registry": "audit people directory cards keys terminals handsets consent approvals",
    "ledger": "taps money attendance fees",
    "flows": "dialogue topup lifecycle statements alerts campaigns desk",
    "faces": "cli api console portal stk sms terminal clock phone",
}

#: (file, area it may not import): why it still does.
CLIMBS: dict[tuple[str, str], str] = {}

#: (file, table of another area it writes): why it still does.
FOREIGN_WRITES: dict[tuple[str, str], str] = {
    ("registry/keys/steps.py", "registry/cards card_key"): "the table of card keys stands with the cards",
}

#: Folders that know each other, over any number of steps and beside CLIMBS: why they still do.
RINGS: dict[frozenset[str], str] = {
    frozenset({"stk_applet_sim/applet", "stk_applet_sim/uicc"}): "the card makes its applet; it is to be handed in",
}

#: floors 0 and 1: octets, sans-IO sessions, card and rules. Everything in these folders unless listed in DRIVERS.
PURE = (
    "telecom_codecs/",
    "smsc_gateway/smpp/",
    "stk_applet_sim/uicc/",
    "stk_applet_sim/applet/",
    "ykt_telecom/runtime/errors.py",
    "ykt_telecom/runtime/machine.py",
    "ykt_telecom/texts/",
    "ykt_telecom/tools/decode/",
    "ykt_telecom/tools/packet/",
    "ykt_telecom/registry/cards/states.py",
    "ykt_telecom/registry/directory/states.py",
    "ykt_telecom/ledger/attendance/rules.py",
    "ykt_telecom/ledger/money/rules.py",
    "ykt_telecom/ledger/taps/rules.py",
    "ykt_telecom/ota/replay.py",
    "ykt_telecom/ota/scripts.py",
    "ykt_telecom/ota/states.py",
    "ykt_telecom/ota/verdict.py",
    "ykt_telecom/flows/dialogue/machine.py",
    "ykt_telecom/flows/statements/texts.py",
    "ykt_telecom/demo/timeline.py",
)
DRIVERS = ("telecom_codecs/providers/",)

#: Names that only these places may speak: everybody else writes SQL for no one engine and hands work on by runtime.
RESERVED = {
    "dialect": ("ykt_telecom/storage/",),
    "dialects": ("ykt_telecom/storage/",),
    "psycopg": ("ykt_telecom/storage/",),
    "asyncpg": ("ykt_telecom/storage/",),
    "pika": ("ykt_telecom/runtime/work", "ykt_telecom/wiring/roles"),
}
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


def named(path: Path) -> Iterator[str]:
    """As :func:`imported`, and modules taken by `from package import module` are named in full."""
    module = path.relative_to(ROOT).with_suffix("").parts
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parent = ".".join(module[: len(module) - node.level]) if node.level else ""
            base = ".".join(part for part in (parent, node.module or "") if part)
            for alias in node.names:
                whole = ROOT.joinpath(*base.split("."), alias.name)
                yield f"{base}.{alias.name}" if whole.is_dir() or whole.with_suffix(".py").exists() else base


def folder_of(target: str) -> str:
    """The folder of a module, two levels below its package: `ykt_telecom/ledger/money`; a file there counts as one."""
    parts = target.removesuffix(".py").replace(".", "/").split("/")
    if len(parts) > 2 and ROOT.joinpath(*parts[:3]).is_dir():
        return "/".join(parts[:3])
    return "/".join(parts[:2])


def area_of(target: str) -> str:
    """The area of a module of the platform: `ledger/money`, or its wing: `ota`."""
    return folder_of(target).partition("/")[2] or "__init__"


def is_down(area: str, target: str) -> bool:
    """Whether an area may import another one."""
    wing, other = area.partition("/")[0], target.partition("/")[0]
    if target in {area, "__init__"}:
        return True
    if wing != other:
        return HEIGHT[other] < HEIGHT[wing]
    order = AREAS.get(wing, "").split()
    here, there = area.partition("/")[2], target.partition("/")[2]
    if here and not there:  # what stands in the wing itself is below its areas
        return True
    return here in order and there in order and order.index(there) < order.index(here)


def platform() -> Iterator[Path]:
    yield from sorted((ROOT / "ykt_telecom").rglob("*.py"))


def short(path: Path) -> str:
    return path.relative_to(ROOT / "ykt_telecom").as_posix()


def climbs() -> Iterator[tuple[str, str]]:
    for path in platform():
        area = area_of(path.relative_to(ROOT).as_posix())
        for target in sorted(set(named(path))):
            if target.partition(".")[0] == "ykt_telecom" and not is_down(area, area_of(target)):
                yield short(path), area_of(target)


def foreign_writes() -> Iterator[tuple[str, str]]:
    """`insert(table)`, `table.update()`, `insert_later(conn, table, …)` where the table is another area's."""
    for path in platform():
        module = path.relative_to(ROOT).with_suffix("").parts
        tree = ast.parse(path.read_text(encoding="utf-8"))
        owners: dict[str, str] = {}
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and (node.module or "").rpartition(".")[2].endswith("tables"):
                parent = ".".join(module[: len(module) - node.level]) if node.level else ""
                owner = area_of(".".join(part for part in (parent, node.module or "") if part))
                owners |= {alias.asname or alias.name: f"{owner} {alias.name}" for alias in node.names}
        area = area_of(path.relative_to(ROOT).as_posix())
        for node in ast.walk(tree):
            for written in _written(node):
                if written in owners and owners[written].partition(" ")[0] != area:
                    yield short(path), owners[written]


WRITES = {"insert", "update", "delete", "upsert", "insert_later", "insert_missing"}


def _written(node: ast.AST) -> Iterator[str]:
    """Names that a call may write to: every plain argument of a writing function, and the object of a method."""
    if not isinstance(node, ast.Call):
        return
    called = node.func
    if isinstance(called, ast.Name) and called.id in WRITES:
        yield from (argument.id for argument in node.args if isinstance(argument, ast.Name))
    elif isinstance(called, ast.Attribute) and called.attr in WRITES:
        if isinstance(called.value, ast.Name):
            yield called.value.id
        yield from (argument.id for argument in node.args if isinstance(argument, ast.Name))


def rings() -> set[frozenset[str]]:
    """The folders, two levels below their package, that lie in one import ring."""
    arrows: dict[str, set[str]] = {}
    for path in sources():
        here = folder_of(path.relative_to(ROOT).as_posix())
        targets = {folder_of(target) for target in named(path) if target.partition(".")[0] in PACKAGES}
        if here.startswith("ykt_telecom"):
            targets -= {f"ykt_telecom/{target}" for file, target in CLIMBS if file == short(path)}
        arrows.setdefault(here, set()).update(target for target in targets if "/" in target)
    reached = {here: _reached(arrows, here) for here in arrows}
    found = {frozenset(there for there in reached[here] if here in reached.get(there, ())) for here in arrows}
    return {ring for ring in found if len(ring) > 1}


def _reached(arrows: dict[str, set[str]], start: str) -> set[str]:
    reached, waiting = set[str](), [start]
    while waiting:
        for there in arrows.get(waiting.pop(), ()):
            if there not in reached:
                reached.add(there)
                waiting.append(there)
    return reached


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


def test_the_platform_imports_down_its_floors() -> None:
    """A wing imports only wings below it, an area only those named before it; each of today's exceptions is needed."""
    found = set(climbs())
    new = sorted(found - set(CLIMBS))
    assert not new, f"these climb: {new}. Move what both need down, hand it in as a value, or join the two in wiring."
    ended = sorted(set(CLIMBS) - found)
    assert not ended, f"these climb no more: {ended}. Take them out of CLIMBS."


def test_every_wing_and_area_has_its_place() -> None:
    """A new folder of the platform is put on a floor before anything stands in it."""
    for path in platform():
        wing, _, area = area_of(path.relative_to(ROOT).as_posix()).partition("/")
        assert wing in HEIGHT or wing == "__init__", f"{short(path)}: the wing {wing} stands on no floor of FLOORS"
        assert not area or area in AREAS.get(wing, "").split(), f"{short(path)}: the area {area} is not in AREAS"


def test_folders_stand_in_no_ring() -> None:
    """No folder imports, over however many others, what imports it; today's rings are exactly these."""
    assert rings() == set(RINGS), "a ring was closed, or one was opened: mend it, or take it out of RINGS"


def test_an_area_writes_only_its_own_tables() -> None:
    """An area may join a lower area's tables; it changes them only by that area's functions, which keep its rules."""
    found = set(foreign_writes())
    new = sorted(found - set(FOREIGN_WRITES))
    assert not new, f"these write tables of others: {new}. Call a function of the area that owns the table."
    ended = sorted(set(FOREIGN_WRITES) - found)
    assert not ended, f"these are gone: {ended}. Take them out of FOREIGN_WRITES."


@pytest.mark.parametrize("path", list(platform()), ids=short)
def test_engines_are_named_in_one_place(path: Path) -> None:
    """Only storage knows that there are two database engines, only runtime/work that there is a message broker."""
    name = path.relative_to(ROOT).as_posix()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        words: set[str] = set()
        if isinstance(node, ast.Name):
            words = {node.id}
        elif isinstance(node, ast.Attribute):
            words = {node.attr}
        elif isinstance(node, ast.ImportFrom):
            words = {*(node.module or "").split("."), *(alias.name for alias in node.names)}
        elif isinstance(node, ast.Import):
            words = {word for alias in node.names for word in alias.name.split(".")}
        for word in words & set(RESERVED):
            assert name.startswith(RESERVED[word]), f"{name}: `{word}` may be named in {RESERVED[word]} only"


def test_what_is_called_pure_exists() -> None:
    """PURE names files and folders that are there: a moved file does not drop out of the check unseen."""
    missing = [place for place in PURE if not (ROOT / place).exists()]
    assert not missing
