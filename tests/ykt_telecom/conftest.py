"""Fixtures that run a test once on each engine: `place` is a database to open, `worlds` where its worlds are made."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.ykt_telecom.engines import ENGINES, a_place, worlds_on
from ykt_telecom.storage.database import Location


@pytest.hookimpl
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """`embedded(reason)` spares a server what it would only answer slower, never differently."""
    spared = [item for item in items if item.get_closest_marker("embedded") and "[postgresql" in item.name]
    if spared:
        config.hook.pytest_deselected(items=spared)
        items[:] = [item for item in items if item not in set(spared)]


@pytest.fixture(params=ENGINES)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Location]:
    with a_place(request.param, tmp_path) as location:
        yield location


@pytest.fixture(params=ENGINES)
def worlds(request: pytest.FixtureRequest) -> Iterator[None]:
    with worlds_on(request.param):
        yield
