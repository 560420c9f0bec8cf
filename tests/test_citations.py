"""Every citation leads somewhere: pages and sections of docs/, invariants and threats, codes of errors."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = ("telecom_codecs", "smsc_gateway", "stk_applet_sim", "ykt_telecom", "tests", "bench", "fuzz", "scripts")
CONTRACT = "docs/wire/card-application.md"
#: Folders whose sections without a name before them are those of the contract between card and platform.
OF_THE_CONTRACT = ("telecom_codecs/onecard/", "stk_applet_sim/applet/")

PAGE = re.compile(r"(?<![\w/.-])docs/[\w/.-]*[\w/]")
SECTION = re.compile(r"(docs/[\w/-]+\.md)((?:(?:,| and)? §\d+(?:\.\d+)*)+)")
NUMBER = re.compile(r"§(\d+(?:\.\d+)*)")
PAPER = re.compile(r"(?<![\w/.-])[\w.-]+\.md\b")
RULE = re.compile(r"\bINV-\d+\b|(?<!-)\bT[0-2]\d\b")
ERROR = re.compile(r"\bE1[01]\d\b")
#: The name of a standard, or a page, before a section.
STANDARD = re.compile(r"(?:TS|TR|GlobalPlatform|GP|SMPP|RFC|ISO|SP|Amd|EMV|Book|CPS|\.md)[^§]*$")
#: Octets that look like a code.
OCTETS = re.compile(r"[\"'][0-9A-Fa-f ]{4,}[\"']")
OUTSIDE = {"test_citations.py": "speaks of citations that lead nowhere"}


def sources() -> Iterator[Path]:
    for folder in FOLDERS:
        yield from sorted((ROOT / folder).rglob("*.py"))
    yield from sorted((ROOT / "docs").rglob("*.md"))
    yield ROOT / "README.md"


@functools.cache
def sections_of(page: str) -> frozenset[str]:
    """The numbers of a page's headings."""
    text = (ROOT / page).read_text(encoding="utf-8")
    return frozenset(re.findall(r"^#+ (\d+(?:\.\d+)*)\.? ", text, re.MULTILINE))


@functools.cache
def rules() -> frozenset[str]:
    text = (ROOT / "docs/invariants.md").read_text(encoding="utf-8")
    return frozenset(re.findall(r"^- \*\*(INV-\d+|T\d\d)\*\* \S", text, re.MULTILINE))


@functools.cache
def errors() -> frozenset[str]:
    return frozenset(
        re.findall(r"^\| (E\d{3}) \|", (ROOT / "docs/errors.md").read_text(encoding="utf-8"), re.MULTILINE)
    )


def lost_citations(name: str, text: str) -> Iterator[str]:
    """The citations in `text` that lead nowhere, each with its line; `name` says which folder's words it uses."""
    for number, line in enumerate(text.splitlines(), 1):
        for lost in _lost_in_line(name, line):
            yield f"{name}:{number}: {lost}"


def _is_there(page: str) -> bool:
    """A page or folder; a decision may be cited by its number alone."""
    path = ROOT / page
    return path.exists() or any(path.parent.glob(f"{path.name}-*.md"))


def _lost_in_line(name: str, line: str) -> Iterator[str]:
    for page in PAGE.findall(line):
        if not _is_there(page):
            yield f"{page} is not there"
    for page, cited in SECTION.findall(line):
        if (ROOT / page).exists():
            yield from (f"{page} has no §{one}" for one in NUMBER.findall(cited) if one not in sections_of(page))
    plain = OCTETS.sub("", line)
    yield from (f"docs/invariants.md has no {rule}" for rule in RULE.findall(plain) if rule not in rules())
    yield from (f"docs/errors.md has no {code}" for code in ERROR.findall(plain) if code not in errors())
    if name.endswith(".py"):
        yield from (f"{paper} is no page of docs/" for paper in PAPER.findall(line) if not (ROOT / paper).exists())
        if re.search(r"\bwire §|card-application(?!\.md)", line):
            yield f"write {CONTRACT} §n"
    if name.startswith(OF_THE_CONTRACT):
        for found in NUMBER.finditer(line):
            if not STANDARD.search(line[: found.start()]) and found[1] not in sections_of(CONTRACT):
                yield f"{CONTRACT} has no §{found[1]}"


@pytest.mark.parametrize("path", list(sources()), ids=lambda path: str(path.relative_to(ROOT)))
def test_every_citation_leads_somewhere(path: Path) -> None:
    """Whoever follows one finds a page, a section, a rule; the failure names the line."""
    if path.name in OUTSIDE:
        return
    name = path.relative_to(ROOT).as_posix()
    assert not list(lost_citations(name, path.read_text(encoding="utf-8")))


@pytest.mark.parametrize(
    ("name", "line", "lost"),
    [
        ("ykt_telecom/x.py", "docs/wire/card-application.md §8", 0),
        ("ykt_telecom/x.py", "docs/wire/card-application.md §6.2, §7 and §8.", 0),
        ("ykt_telecom/x.py", "docs/wire/card-application.md §6 and §21", 1),
        ("ykt_telecom/x.py", "docs/wire/card-application.md §6.9", 1),
        ("ykt_telecom/x.py", "docs/wire/cards.md §1", 1),
        ("ykt_telecom/x.py", "docs/wire/ and docs/states/card.md", 0),
        ("ykt_telecom/x.py", "(domain.md §3.4)", 1),
        ("ykt_telecom/x.py", "wire §9", 1),
        ("ykt_telecom/x.py", "card-application 8", 1),
        ("ykt_telecom/x.py", "INV-22, T07, E106", 0),
        ("ykt_telecom/x.py", "INV-99, T00 and E119", 3),
        ("ykt_telecom/x.py", '"E1197F00"', 0),
        ("ykt_telecom/x.py", "SMS-DELIVER (§9.2.2.1)", 0),
        ("stk_applet_sim/applet/x.py", "the files (§10), GP §11.5", 0),
        ("stk_applet_sim/applet/x.py", "the files (§12)", 1),
        ("docs/x.md", "INV-99", 1),
    ],
)
def test_a_citation_that_leads_nowhere_is_named(name: str, line: str, lost: int) -> None:
    """And one that leads somewhere is not."""
    assert len(list(lost_citations(name, line))) == lost


def test_pages_give_each_number_once() -> None:
    """A number means one thing."""
    text = (ROOT / "docs/invariants.md").read_text(encoding="utf-8")
    numbers = re.findall(r"^- \*\*(\S+)\*\*", text, re.MULTILINE)
    assert len(numbers) == len(set(numbers)) == len(rules())
    assert len(errors()) == 11
