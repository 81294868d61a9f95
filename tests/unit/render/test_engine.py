"""Several requests to one engine process: each gets its own answers."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest

from kustodian.model.installed_files import engine_binary
from kustodian.model.overlay import Overlay
from kustodian.render.engine import Engine, RenderOptions, wait_for_ended

KUSTOMIZATION = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: [a.yaml]\n"
COUNT = 40


@pytest.fixture
def engine() -> Iterator[Engine]:
    with Engine(engine_binary()) as engine:
        yield engine


@pytest.fixture
def overlays(tmp_path: Path) -> list[Overlay]:
    """Overlays whose results together do not fit into a pipe."""
    names = [f"o{number}" for number in range(COUNT)]
    for name in names:
        folder = tmp_path / name
        folder.mkdir()
        (folder / "kustomization.yaml").write_text(KUSTOMIZATION)
        text = (
            f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}}}\ndata: {{text: {'x' * 20_000}}}\n"
        )
        (folder / "a.yaml").write_text(text)
    return [Overlay(name) for name in names]


def test_a_request_during_another(engine: Engine, overlays: list[Overlay], tmp_path: Path) -> None:
    seen = {}
    for rendered in engine.render(tmp_path, overlays, RenderOptions()):
        (parsed,) = engine.parse(tmp_path, [f"{rendered.overlay.path}/a.yaml"])
        seen[rendered.overlay.path] = (parsed.documents[0].data, rendered.objects[0].data)
    assert len(seen) == COUNT
    assert all(on_disk == rendered for on_disk, rendered in seen.values())


def test_two_readers_in_turn(engine: Engine, overlays: list[Overlay], tmp_path: Path) -> None:
    half = COUNT // 2
    both = (engine.render(tmp_path, part, RenderOptions()) for part in (overlays[:half], overlays[half:]))
    pairs = list(zip(*both, strict=True))
    assert {one.overlay.path for one, _ in pairs} == {overlay.path for overlay in overlays[:half]}
    assert {one.overlay.path for _, one in pairs} == {overlay.path for overlay in overlays[half:]}


def test_an_abandoned_request_does_not_disturb_others(
    engine: Engine, overlays: list[Overlay], tmp_path: Path
) -> None:
    assert len(list(islice(engine.render(tmp_path, overlays, RenderOptions()), 1))) == 1
    (parsed,) = engine.parse(tmp_path, ["o3/a.yaml"])
    assert parsed.documents[0].data["metadata"]["name"] == "o3"
    assert len(list(engine.render(tmp_path, overlays, RenderOptions()))) == COUNT


def test_an_early_scan_is_used_or_dropped(engine: Engine, overlays: list[Overlay], tmp_path: Path) -> None:
    engine.begin_scan(tmp_path)
    (parsed,) = engine.parse(tmp_path, ["o3/a.yaml"])
    assert parsed.documents[0].data["metadata"]["name"] == "o3"
    assert len(engine.scan(tmp_path).kustomizations) == COUNT
    engine.begin_scan(tmp_path)
    assert [path for path, _, _ in engine.scan(tmp_path / "o7").kustomizations] == ["kustomization.yaml"]
    assert len(engine.scan(tmp_path).yaml_files) == COUNT
    assert overlays


@pytest.mark.parametrize("other", [True, False], ids=["another folder", "nobody"])
def test_an_engine_with_unread_answers_exits(tmp_path: Path, other: bool) -> None:
    """The answers do not fit into the pipe, so the engine blocks until they are read."""
    for number in range(60):
        folder = tmp_path / f"o{number}"
        folder.mkdir()
        labels = "".join(f"  l{index}: {'x' * 60}\n" for index in range(500))
        (folder / "kustomization.yaml").write_text(f"{KUSTOMIZATION}commonLabels:\n{labels}")
    aside = tmp_path / "o1"
    with Engine(engine_binary()) as engine:
        engine.begin_scan(tmp_path)
        if other:
            assert len(engine.scan(aside).kustomizations) == 1
    wait_for_ended()
    assert engine._process.returncode is not None
