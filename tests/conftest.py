"""What all tests share: `YKT_REQUIRE=postgres,tshark,…` turns a skip of anything named there into a failure.

A skip reason starts with the name of what is missing and a colon: "tshark: not installed; apt-get install tshark".
"""

from __future__ import annotations

import os
from collections.abc import Generator

import pytest
from hypothesis import settings

# In CI the same examples every time: a red run must be somebody's change, not somebody's luck. At home they are drawn.
settings.register_profile("ci", derandomize=True, deadline=None)
settings.register_profile("home", deadline=None)
settings.load_profile("ci" if os.environ.get("CI") else "home")

REQUIRED = frozenset(name.strip() for name in os.environ.get("YKT_REQUIRE", "").split(",") if name.strip())


def _missing(reason: str) -> str | None:
    name = reason.removeprefix("Skipped: ").partition(":")[0].strip()
    return name if name in REQUIRED else None


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.skipped and isinstance(report.longrepr, tuple) and (name := _missing(report.longrepr[2])):
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} was skipped, but YKT_REQUIRE names {name}: {report.longrepr[2]}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    if report.skipped and isinstance(report.longrepr, tuple) and (name := _missing(report.longrepr[2])):
        report.outcome = "failed"
        report.longrepr = f"{collector.nodeid} was skipped, but YKT_REQUIRE names {name}: {report.longrepr[2]}"
    return report
