"""The service password: what is allowed, how it is kept, how often it may be wrong."""

from __future__ import annotations

import pickle
import time

import pytest
from sqlalchemy import Connection

from telecom_codecs.onecard.password import ServicePassword, is_weak
from tests.ykt_telecom.flows.dialogue.desk import RIGHT, WRONG, Pepper, a_desk
from tests.ykt_telecom.ledger.money.world import World, iccid_of
from ykt_telecom.flows.dialogue.password import PasswordSeal
from ykt_telecom.flows.dialogue.password_steps import PasswordTries, lock, unlock
from ykt_telecom.storage.context import StepContext

pytestmark = pytest.mark.usefixtures("worlds")

SEAL = PasswordSeal(Pepper(), cheap=True)
CARD = iccid_of(1)


@pytest.mark.parametrize("digits", [b"", b"12345", b"1234567", b"12345a", "１２３４５６".encode(), b"12 456"])
def test_only_six_ascii_digits_are_a_password(digits: bytes) -> None:
    """Nothing else ever reaches the hash."""
    with pytest.raises(ValueError, match="6 ASCII digits"):
        ServicePassword(digits)


@pytest.mark.parametrize(
    ("digits", "weak"),
    [
        (b"000000", True),
        (b"999999", True),
        (b"012345", True),
        (b"456789", True),
        (b"987654", True),
        (b"543210", True),
        (b"123457", False),
        (b"112233", False),
        (b"246802", False),
        (b"901234", False),
    ],
)
def test_equal_digits_and_runs_are_weak(digits: bytes, weak: bool) -> None:
    """What everybody tries first."""
    assert is_weak(ServicePassword(digits)) is weak


def test_a_verifier_matches_its_password_under_its_pepper_only() -> None:
    """A stolen database without the pepper verifies nothing."""

    class Other:
        def octets(self) -> bytes:
            return b"another pepper"

    verifier = SEAL.seal(RIGHT, bytes(16))
    bound = SEAL.bind(verifier, CARD)
    assert verifier.startswith("$argon2id$")
    assert SEAL.matches(bound, RIGHT, CARD)
    assert not SEAL.matches(bound, WRONG, CARD)
    assert not PasswordSeal(Other(), cheap=True).matches(bound, RIGHT, CARD)
    assert not SEAL.matches(SEAL.bind("not a verifier", CARD), RIGHT, CARD)
    assert SEAL.seal(RIGHT, b"s" * 16) != verifier


def test_a_verifier_copied_to_another_card_opens_nothing() -> None:
    """Whoever can write the table puts the verifier of a password he knows into another card's row: nothing opens."""
    bound = SEAL.bind(SEAL.seal(RIGHT, bytes(16)), CARD)
    verifier, tag = bound.rsplit("~", 1)
    assert SEAL.matches(bound, RIGHT, CARD)
    for forged in (bound, verifier, f"{verifier}~", f"{verifier}~{tag[::-1]}", f"~{tag}", ""):
        assert not SEAL.matches(forged, RIGHT, iccid_of(2))
    assert not SEAL.matches(verifier, RIGHT, CARD)


def test_the_real_cost_is_argon2id_with_tens_of_megabytes() -> None:
    """A bare hash of a million values falls in minutes."""
    verifier = PasswordSeal(Pepper()).seal(RIGHT, bytes(16))
    memory, _passes, lanes = (int(part.split("=")[1]) for part in verifier.split("$")[3].split(","))
    assert memory >= 19 * 1024
    assert lanes == 1


def test_a_try_costs_at_most_40_milliseconds_of_one_core() -> None:
    """Two workers judge fifty tries a second, and a storm of them leaves the rest of the machine alone."""
    seal, costs = PasswordSeal(Pepper()), []
    for _ in range(5):
        began = time.process_time()
        seal.seal(RIGHT, bytes(16))
        costs.append(time.process_time() - began)
    assert min(costs) <= 0.040


def test_a_covered_candidate_belongs_to_its_request() -> None:
    """Between two transactions it is ciphered; moved to another dialogue it is nothing."""
    octets = SEAL.cover(RIGHT, binding=b"a", nonce=bytes(12))
    assert RIGHT.octets() not in octets
    assert SEAL.uncover(octets, binding=b"a") == RIGHT
    assert SEAL.uncover(octets, binding=b"b") is None
    assert SEAL.uncover(octets[:-1], binding=b"a") is None
    assert SEAL.uncover(b"", binding=b"a") is None


def test_a_password_is_never_shown_or_written() -> None:
    """INV-17."""
    assert "194837" not in f"{RIGHT!r} {RIGHT} {SEAL!r} {hash(RIGHT)}"
    with pytest.raises(TypeError):
        pickle.dumps(RIGHT)


def tries_let_in(world: World, count: int) -> int:
    """How many of so many tries in one step are handed out for evaluation."""

    def step(conn: Connection, context: StepContext) -> int:
        tries = PasswordTries(conn, context, [iccid_of(1)])
        found = sum(tries.let_in(iccid_of(1)) is not None for _ in range(count))
        tries.write()
        return found

    return world.run(step)


def note(world: World, *matched: bool) -> list[bool]:
    """Judge tries in one step; which of them locked the password."""

    def step(conn: Connection, context: StepContext) -> list[bool]:
        tries = PasswordTries(conn, context, [iccid_of(1)])
        found = [not one and tries.note_wrong(iccid_of(1)) for one in matched]
        if any(matched):
            tries.note_right(iccid_of(1))
        tries.write()
        return found

    return world.run(step)


def test_three_tries_are_let_in_and_a_right_one_clears_the_count() -> None:
    """The count is taken before anything is evaluated."""
    world = a_desk().world
    assert sum(tries_let_in(world, 1) for _ in range(9)) == 3
    note(world, True)
    assert tries_let_in(world, 9) == 3


@pytest.mark.embedded("the same few statements thousands of times")
def test_of_ten_thousand_tries_three_are_let_in() -> None:
    """T07 at its gate: without a right one, nothing beyond the third is ever handed out for evaluation."""
    world = a_desk().world
    assert [tries_let_in(world, 2_500) for _ in range(4)] == [3, 0, 0, 0]


def test_three_wrong_ones_lock_once_and_only_unlocking_opens() -> None:
    """A right password does not open a lock; a person with the right to does."""
    world = a_desk().world
    assert note(world, False) + note(world, False, False, False) == [False, False, True, False]
    note(world, True)
    assert tries_let_in(world, 1) == 0
    assert world.run(lambda connection, _: unlock(connection, iccid=iccid_of(1)))
    assert tries_let_in(world, 1) == 1
    world.run(lambda connection, context: lock(connection, iccid=iccid_of(1), now=context.now))
    assert tries_let_in(world, 1) == 0
    assert not world.run(lambda connection, _: unlock(connection, iccid=iccid_of(404)))


def test_a_count_that_somebody_else_changed_meanwhile_is_not_overwritten() -> None:
    """Two steps that know the same count: the second one is undone, no try is won."""

    def step(conn: Connection, context: StepContext) -> None:
        first, second = (PasswordTries(conn, context, [iccid_of(1)]) for _ in range(2))
        for tries in (first, second):
            tries.let_in(iccid_of(1))
            tries.write()

    with pytest.raises(RuntimeError, match="somebody else"):
        a_desk().world.run(step)
