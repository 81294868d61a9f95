"""Folders whose YAML is not deployed."""

from __future__ import annotations

import pytest

from kustodian.kustomize.folders import ASIDE, is_aside


@pytest.mark.parametrize("name", sorted(ASIDE))
def test_folder_names_at_any_depth(name: str) -> None:
    assert is_aside(name)
    assert is_aside(f"apps/{name}/base")


@pytest.mark.parametrize(("folder", "aside"), [
    (".github/workflows", True),
    ("apps/.cache", True),
    (".", False),
    ("", False),
    ("./base", False),
    ("overlays/prod", False),
    ("apps/test-data", False),
    ("apps/tests2", False),
    ("Docs", False),
    ("..", True),
])  # fmt: skip
def test_folders(folder: str, aside: bool) -> None:
    assert is_aside(folder) is aside
