"""What a status means for the sender."""

from __future__ import annotations

import pytest

from smsc_gateway.smpp.status import BindFailure, CommandStatus, RetryClass, bind_failure, named, retry_class


@pytest.mark.parametrize("status", list(CommandStatus))
def test_every_status_has_a_class_and_none_of_them_is_in_doubt(status: CommandStatus) -> None:
    """An explicit answer is never doubtful; only silence is."""
    assert retry_class(status) is not RetryClass.UNKNOWN
    assert (retry_class(status) is RetryClass.ACCEPTED) == (status == 0)


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (0x58, RetryClass.THROTTLED),
        (0x14, RetryClass.RETRY),
        (0x08, RetryClass.RETRY),
        (0x64, RetryClass.RETRY),
        (0x0B, RetryClass.FINAL),
        (0x01, RetryClass.FINAL),
        (0x02, RetryClass.UNCLEAR),
        (0x03, RetryClass.UNCLEAR),
        (0x65, RetryClass.UNCLEAR),
        (0x0400, RetryClass.UNCLEAR),
        (0xFFFFFFFF, RetryClass.UNCLEAR),
    ],
)
def test_classes_follow_the_table(status: int, expected: RetryClass) -> None:
    """peers' table of actions, vendor values included."""
    assert retry_class(status) is expected


@pytest.mark.parametrize(
    ("status", "expected"),
    [(0x02, RetryClass.UNCLEAR), (0x0B, RetryClass.UNCLEAR), (0x58, RetryClass.THROTTLED), (0x08, RetryClass.UNCLEAR)],
)
def test_nack_says_nothing_of_the_message(status: int, expected: RetryClass) -> None:
    """A centre that nacks the first try of everything must not cost one text."""
    assert retry_class(status, nacked=True) is expected


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (CommandStatus.RINVPASWD, BindFailure.CREDENTIALS),
        (CommandStatus.RINVSYSID, BindFailure.CREDENTIALS),
        (CommandStatus.RALYBND, BindFailure.BUSY),
        (CommandStatus.RBINDFAIL, BindFailure.BUSY),
        (0x0400, BindFailure.OTHER),
    ],
)
def test_refused_binds_are_told_apart(status: int, expected: BindFailure) -> None:
    """A wrong password must not be hammered, a half-open leftover must be retried soon."""
    assert bind_failure(status) is expected


def test_vendor_values_stay_ints() -> None:
    """Nothing unknown is lost."""
    assert named(0x58) is CommandStatus.RTHROTTLED
    assert named(0x0401) == 0x0401
