"""Locates each kind of construction in a kustomization: one row of a table, one construction.

A row is a small repository, with the comment `# HERE` on the line that must be found. The real engine renders
it, so the provenance is kustomize's own.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from kustodian.model.installed_files import engine_binary
from kustodian.model.manifest import Manifest
from kustodian.model.overlay import Overlay
from kustodian.render.engine import Engine, RenderOptions
from kustodian.repository.source_map import SourceMaps
from kustodian.review.locate.locator import Locator
from tests.unit.review.locate import fields, moved, origins, patches, transformers
from tests.unit.review.locate.case import Case

CASES = [*fields.CASES, *patches.CASES, *transformers.CASES, *origins.CASES, *moved.CASES]


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with Engine(engine_binary()) as running:
        yield running


def _expected(files: dict[str, str]) -> tuple[str, int]:
    marked = [
        (name, number)
        for name, text in files.items()
        for number, line in enumerate(text.splitlines(), start=1)
        if "# HERE" in line
    ]
    assert len(marked) == 1, marked
    return marked[0]


def _object(objects: list[Manifest], kind_and_name: str) -> Manifest:
    kind, _, name = kind_and_name.partition("/")
    matches = [m for m in objects if m.kind == kind and m.name.startswith(name)]
    assert len(matches) == 1, [str(m.ref) for m in objects]
    return matches[0]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_location(case: Case, engine: Engine, tmp_path: Path) -> None:
    for name, text in case.files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    rendered = next(engine.render(tmp_path, [Overlay(case.overlay)], RenderOptions()))
    assert rendered.error is None, rendered.error
    manifest = _object(rendered.objects, case.kind)
    location = Locator(SourceMaps(tmp_path)).locate(manifest, case.path)
    assert (location.file, location.line) == _expected(case.files)


def test_the_table_is_long_enough() -> None:
    assert len({case.name for case in CASES}) == len(CASES) >= 40
