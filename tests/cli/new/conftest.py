"""Where the command writes, and the repository that it writes for the defaults."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.new.harness import new


@pytest.fixture
def place(tmp_path: Path) -> Path:
    for name in ("place", "home", "temporary"):
        (tmp_path / name).mkdir()
    return tmp_path / "place"


@pytest.fixture(scope="session")
def default_repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Generated once: tests read it and copy it."""
    place = tmp_path_factory.mktemp("default") / "place"
    for name in ("place", "home", "temporary"):
        (place.parent / name).mkdir()
    result = new(place, "iris-model", "--defaults", "--no-check")
    assert (result.returncode, result.stderr) == (0, "")
    return place / "iris-model"
