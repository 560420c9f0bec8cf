"""The fuzzer knows every decoder, and what it calls good is good."""

from __future__ import annotations

import pytest

from fuzz.__main__ import main, shares
from fuzz.registry import EXCUSED, all_targets, covered, public_decoders
from fuzz.running import Report, attempt, run
from fuzz.target import Target
from telecom_codecs.errors import BadValue, LocalError

TARGETS = all_targets()


def test_every_public_decoder_is_fuzzed() -> None:
    """Whoever adds a decoder adds a target, or says why not."""
    assert public_decoders() == {name for name in covered() if name.startswith("telecom_codecs.")} | EXCUSED.keys()
    assert not covered() & EXCUSED.keys()
    assert all(EXCUSED.values())


def test_names_are_unique() -> None:
    """`--only` and the seed go by name."""
    assert len({target.name for target in TARGETS}) == len(TARGETS)


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_a_few_inputs_find_nothing(target: Target) -> None:
    """A thousandth of a night's run, in every test run; some of the inputs must get past the first octets."""
    report = run(target, 100, "tests")
    assert (report.inputs, report.faults) == (100, [])
    assert report.accepted


def _broken(octets: bytes) -> int:
    """A decoder with three defects."""
    if octets[:1] == b"\x01":
        raise BadValue("declared")
    if octets[:1] == b"\x02":
        raise IndexError("undeclared")
    return len(octets)


def _encode_broken(value: int) -> bytes:
    if value == 3:
        raise LocalError("cannot write what was read")
    return bytes(value + (value == 2))


def found(octets: bytes) -> Report:
    """What the fuzzer says of one input to the broken decoder."""
    report = Report("broken")
    attempt(Target("broken", _broken, _encode_broken), octets, report)
    return report


@pytest.mark.parametrize(
    ("octets", "kinds"),
    [
        (b"\x00", []),
        (b"\x01", []),
        (b"\x02", ["undeclared"]),
        (b"\0\0", ["not restored"]),
        (b"\0\0\0", ["not restored"]),
    ],
)
def test_the_fuzzer_tells_a_refusal_from_a_defect(octets: bytes, kinds: list[str]) -> None:
    """A declared error is an answer; anything else, and a value that does not come back, is a defect."""
    assert [fault.kind for fault in found(octets).faults] == kinds


def test_the_same_seed_gives_the_same_inputs() -> None:
    """A reported number can be repeated."""
    target = next(target for target in TARGETS if target.name == "cat.proactive")
    first, second, other = (run(target, 200, seed) for seed in ("a", "a", "b"))
    assert first.accepted == second.accepted
    assert (first.accepted, first.worst_octets) != (other.accepted, other.worst_octets)


def test_the_inputs_are_shared_out_whole() -> None:
    """As many as were asked for, at least one each."""
    assert sum(shares(TARGETS, 20_000)) == 20_000
    assert min(shares(TARGETS, 1)) == 1


def test_the_command_says_what_it_did(capsys: pytest.CaptureFixture[str]) -> None:
    """Its last line is the verdict, its status the same."""
    assert main(["--count", "300", "--only", "packet."]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == f"{len(lines) - 2} passed, 0 failed"
