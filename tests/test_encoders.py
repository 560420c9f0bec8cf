"""Every public encoder of telecom_codecs is reached from an entry point: what is only tested and fuzzed is not sent.

Read from the sources: which modules the entry points import, which names of the codecs those use, which further names
these use in turn. A method counts where some module in use names its class and calls a method of that name.
"""

from __future__ import annotations

import ast
import functools
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("telecom_codecs", "smsc_gateway", "stk_applet_sim", "ykt_telecom")
CODECS = "telecom_codecs"
ENCODER = re.compile(r"^(encode|apdu|seal|pack|wrap|split|octets|install_|put_|store_|delete|get_|set_|key_set)")
WRITTEN = re.compile(r"\b(bytes|CommandApdu|TextSegment)\b")

#: What nothing sends yet, by the beginning of its name: why it stays. Exact: one that is reached must go from here.
_LOADING = "load files and security domains are managed when code is loaded onto cards"
_CONTACTS = "the terminal's end of a channel over the contacts: the tests drive the card's end with it"
_REPORTS = "the centre tells of delivery in SMPP; on the air it is read from other people's captures"
EXCUSED: dict[str, str] = {
    "telecom_codecs.cat.": "an object of TS 102 223 is written through the message that holds it, never by name",
    "telecom_codecs.globalplatform.commands.install_for_": _LOADING,
    "telecom_codecs.globalplatform.commands.delete_key": _LOADING,
    "telecom_codecs.globalplatform.commands.set_status": _LOADING,
    "telecom_codecs.globalplatform.commands.get_data": _LOADING,
    "telecom_codecs.globalplatform.commands.put_key": "keys of cards are exchanged when their life cycle comes",
    "telecom_codecs.globalplatform.install.InstallFor": _LOADING,
    "telecom_codecs.globalplatform.keys.PutKey.apdu": "keys of cards are exchanged when their life cycle comes",
    "telecom_codecs.globalplatform.registry.DeleteKey.apdu": _LOADING,
    "telecom_codecs.globalplatform.registry.SetStatus.apdu": _LOADING,
    "telecom_codecs.globalplatform.scp02.Scp02Channel.wrap": _CONTACTS,
    "telecom_codecs.globalplatform.scp03.Scp03Channel.wrap": _CONTACTS,
    "telecom_codecs.onecard.orders.NumberedLoad.apdu": "loads over the air come with the top-ups; the card takes them",
    "telecom_codecs.onecard.orders.ReadRecord.apdu": "records are asked for when a balance is disputed",
    "telecom_codecs.ota.remote_command.encode_expanded": "the platform writes the compact format; cards read both",
    "telecom_codecs.ota.scp81.": "sessions over HTTPS: no card here asks for one yet",
    "telecom_codecs.sms.reports.Command.encode": _REPORTS,
    "telecom_codecs.sms.reports.StatusReport.encode": _REPORTS,
    "telecom_codecs.tlv.encode_comprehension_all": "writes what its reader reads; messages write object by object",
}


@dataclass(slots=True)
class Definition:
    """A function or class of a module: the names it uses, by module, and the attributes it takes."""

    uses: set[tuple[str, str]] = field(default_factory=set)
    attributes: set[str] = field(default_factory=set)
    encoders: set[str] = field(default_factory=set)  #: "" for the function itself, else methods


def module_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@functools.cache
def paths() -> dict[str, Path]:
    return {module_of(path): path for package in PACKAGES for path in (ROOT / package).rglob("*.py")}


@functools.cache
def tree_of(module: str) -> ast.Module:
    return ast.parse(paths()[module].read_text(encoding="utf-8"))


def _base(module: str, node: ast.ImportFrom) -> str:
    if not node.level:
        return node.module or ""
    is_package = paths()[module].name == "__init__.py"
    parts = module.split(".")
    parent = parts[: len(parts) - node.level + is_package]
    return ".".join([*parent, *(node.module or "").split(".")]).rstrip(".")


@functools.cache
def names_of(module: str) -> dict[str, tuple[str, str]]:
    """What each imported name of a module is: (module, name), or (module, "") for a module."""
    found: dict[str, tuple[str, str]] = {}
    for node in ast.walk(tree_of(module)):
        if isinstance(node, ast.ImportFrom):
            base = _base(module, node)
            for alias in node.names:
                whole = f"{base}.{alias.name}"
                found[alias.asname or alias.name] = (whole, "") if whole in paths() else (base, alias.name)
        elif isinstance(node, ast.Import):
            for alias in node.names:
                found[alias.asname or alias.name] = (alias.name, "")
    return found


def modules_in_use() -> set[str]:
    """The modules that the entry points of pyproject.toml import, over any number of steps."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    groups = [project["scripts"], *project.get("entry-points", {}).values()]
    waiting = [target.partition(":")[0] for group in groups for target in group.values()]
    reached: set[str] = set()
    while waiting:
        module = waiting.pop()
        if module in reached or module not in paths():
            continue
        reached.add(module)
        waiting += [target for target, _ in names_of(module).values()]
    return reached


def _read(module: str, node: ast.AST) -> Definition:
    """What a stretch of a module uses."""
    names, found = names_of(module), Definition()
    for inner in ast.walk(node):
        if isinstance(inner, ast.Attribute):
            found.attributes.add(inner.attr)
            if isinstance(inner.value, ast.Name) and names.get(inner.value.id, ("", "x"))[1] == "":
                found.uses.add((names[inner.value.id][0], inner.attr))
        elif isinstance(inner, ast.Name):
            target = names.get(inner.id, (module, inner.id))
            found.uses.add(target)
    return found


def _is_encoder(node: ast.FunctionDef) -> bool:
    returns = ast.unparse(node.returns) if node.returns else ""
    return bool(ENCODER.match(node.name)) and bool(WRITTEN.search(returns))


@functools.cache
def definitions() -> dict[tuple[str, str], Definition]:
    """The functions, classes and constants of telecom_codecs."""
    found: dict[tuple[str, str], Definition] = {}
    for module in paths():
        if module.split(".")[0] != CODECS:
            continue
        for node in tree_of(module).body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                definition = found[module, node.name] = _read(module, node)
                if isinstance(node, ast.FunctionDef) and _is_encoder(node):
                    definition.encoders.add("")
                if isinstance(node, ast.ClassDef):
                    methods = [one for one in node.body if isinstance(one, ast.FunctionDef)]
                    definition.encoders |= {one.name for one in methods if _is_encoder(one)}
            elif isinstance(node, ast.Assign | ast.AnnAssign):
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                for target in targets:
                    if isinstance(target, ast.Name):
                        found[module, target.id] = _read(module, node)
    return found


def _origin(name: tuple[str, str]) -> tuple[str, str]:
    """Where a name that a module hands on comes from."""
    while name not in definitions() and name[0] in paths() and name[1] in names_of(name[0]):
        name = names_of(name[0])[name[1]]
    return name


def reached() -> tuple[set[tuple[str, str]], dict[str, Definition]]:
    """The definitions of the codecs in use, and by module what the code in use names and calls."""
    scopes = {module: _read(module, tree_of(module)) for module in modules_in_use() if module.split(".")[0] != CODECS}
    waiting = [_origin(name) for scope in scopes.values() for name in scope.uses]
    found: set[tuple[str, str]] = set()
    while waiting:
        name = waiting.pop()
        if name in found or name not in definitions():
            continue
        found.add(name)
        definition = definitions()[name]
        scope = scopes.setdefault(name[0], Definition())
        scope.uses |= definition.uses
        scope.attributes |= definition.attributes
        waiting += [_origin(used) for used in definition.uses]
    return found, scopes


def encoders() -> Iterator[tuple[str, str, str]]:
    """Module, name, and method or nothing, of every public encoder."""
    for (module, name), definition in definitions().items():
        for encoder in sorted(definition.encoders):
            if not name.startswith("_") and not encoder.startswith("_"):
                yield module, name, encoder


@functools.cache
def unreached() -> tuple[str, ...]:
    """The encoders that nothing in use calls."""
    found, scopes = reached()
    named = {module: {_origin(name) for name in scope.uses} for module, scope in scopes.items()}
    lost = []
    for module, name, encoder in encoders():
        callers = [where for where, names in named.items() if (module, name) in names]
        called = any(encoder in scopes[where].attributes for where in callers) if encoder else (module, name) in found
        if not called:
            lost.append(".".join(part for part in (module, name, encoder) if part))
    return tuple(lost)


def test_every_encoder_is_reached_from_an_entry_point() -> None:
    """Wire it, delete it, or say why it stays."""
    new = [name for name in unreached() if not name.startswith(tuple(EXCUSED))]
    assert not new, f"nothing sends what these write: {new}"


def test_every_excuse_is_needed() -> None:
    """What is sent by now needs none."""
    needless = [start for start in EXCUSED if not any(name.startswith(start) for name in unreached())]
    assert not needless, f"these are sent by now: {needless}. Take them out of EXCUSED."


@pytest.mark.parametrize(
    "name",
    [
        "telecom_codecs.onecard.requests.CardRequest.encode",
        "telecom_codecs.onecard.answers.MenuAnswer.encode",
        "telecom_codecs.onecard.orders.Administration.apdu",
        "telecom_codecs.sms.concat.split_text",
        "telecom_codecs.ota.packet_security.seal_command",
    ],
)
def test_what_the_platform_sends_is_an_encoder_that_is_reached(name: str) -> None:
    """The walk sees the encoders that carry the product."""
    assert name in {".".join(part for part in parts if part) for parts in encoders()}
    assert name not in unreached()
