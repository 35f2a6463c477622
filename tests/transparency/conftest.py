"""An audit log of its own for each test, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.installation import Place, an_installation


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    with an_installation(tmp_path, request.param) as made:
        yield made


@pytest.fixture
def small_place(tmp_path: Path) -> Iterator[Place]:
    """On SQLite, where the database does not matter."""
    with an_installation(tmp_path, "sqlite") as made:
        yield made
