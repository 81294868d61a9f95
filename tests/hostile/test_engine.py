"""Overlays that take time, memory or depth without end: each is not checked, the others are, nothing crashes."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path

import pytest

from kustodian.model.errors import EngineError
from kustodian.model.installed_files import engine_binary
from kustodian.model.overlay import Overlay, RenderedOverlay
from kustodian.render.engine import Engine, Limits, RegoOptions, RenderOptions
from tests.cli.harness import Outcome, kustodian, write

KUSTOMIZATION = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n"
CONFIG_MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: x}\ndata: {a: b}\n"
GOOD = {
    "overlays/good/kustomization.yaml": KUSTOMIZATION + "resources: [a.yaml]\n",
    "overlays/good/a.yaml": CONFIG_MAP,
}
CONFIG = {"kustodian.yaml": 'environments: {prod: {paths: ["overlays/*"]}}\n'}


def overlay(name: str, lines: str, manifest: str = CONFIG_MAP) -> dict[str, str]:
    """An overlay with one manifest."""
    folder = f"overlays/{name}"
    return {
        f"{folder}/kustomization.yaml": f"{KUSTOMIZATION}resources: [a.yaml]\n{lines}",
        f"{folder}/a.yaml": manifest,
    }


def check(root: Path, *arguments: str) -> Outcome:
    """The check of a repository, as JSON."""
    return kustodian("check", "--no-cache", "--format", "json", *arguments, cwd=root)


def codes(outcome: Outcome) -> dict[str, str | None]:
    """The code of each overlay that is not checked, None for the others."""
    assert "Traceback" not in outcome.err
    assert "goroutine" not in outcome.err
    data = outcome.data
    assert (outcome.code == 3) == any(one.get("error") for one in data["overlays"])
    return {one["path"]: (one.get("error") or {}).get("code") for one in data["overlays"]}


def render(
    root: Path, names: list[str], seconds: float = 20, rego: RegoOptions | None = None
) -> dict[str, RenderedOverlay]:
    """Overlays rendered with a time limit."""
    overlays = [Overlay(f"overlays/{name}") for name in names]
    options = RenderOptions(limits=Limits(timeout_seconds=seconds))
    with Engine(engine_binary()) as engine:
        return {one.overlay.path: one for one in engine.render(root, overlays, options, rego)}


COPIES = json.dumps([{"op": "copy", "from": "/data", "path": f"/data/x{number}"} for number in range(32)])
REPLACEMENTS = "replacements:\n" + "".join(
    f"- source: {{kind: X, fieldPath: spec}}\n"
    f"  targets: [{{select: {{kind: X}}, fieldPaths: [spec.x{number}], options: {{create: true}}}}]\n"
    for number in range(30)
)  # fmt: skip


@pytest.mark.parametrize(
    "bomb",
    [
        overlay("bomb", f"patches:\n- target: {{kind: ConfigMap}}\n  patch: '{COPIES}'\n"),
        overlay(
            "bomb", REPLACEMENTS, "apiVersion: e.com/v1\nkind: X\nmetadata: {name: a, namespace: x}\nspec: {a: b}\n"
        ),
    ],
    ids=["a patch that copies", "replacements"],
)  # fmt: skip
def test_memory_is_bounded(tmp_path: Path, bomb: dict[str, str]) -> None:
    outcome = check(write(tmp_path, {**CONFIG, **GOOD, **bomb}))
    assert codes(outcome) == {"overlays/bomb": "memory", "overlays/good": None}


def test_the_objects_of_an_overlay_are_bounded(tmp_path: Path) -> None:
    text = "x" * 9_000_000
    files = overlay("large", "", CONFIG_MAP.replace("{a: b}", f"{{a: {text}}}"))
    files["overlays/large/kustomization.yaml"] = f"{KUSTOMIZATION}resources: [one, two, three, four]\n"
    for name in ("one", "two", "three", "four"):
        files[f"overlays/large/{name}/kustomization.yaml"] = f"resources: [../a.yaml]\nnamePrefix: {name}-\n"
        files[f"overlays/large/{name}/a.yaml"] = files["overlays/large/a.yaml"]
        files[f"overlays/large/{name}/kustomization.yaml"] = f"resources: [a.yaml]\nnamePrefix: {name}-\n"
    rendered = render(write(tmp_path, {**files, **GOOD}), ["large", "good"])
    large, good = rendered["overlays/large"], rendered["overlays/good"]
    assert large.error is not None
    assert (large.error.code, large.objects) == ("rendered-too-large", [])
    assert good.error is None


def diamond(levels: int) -> dict[str, str]:
    """An overlay whose bases double the number of loads at each level."""
    files = {"overlays/diamond/kustomization.yaml": "resources: [../../a0, ../../b0]\n"}
    for level in range(levels):
        for side in "ab":
            files[f"{side}{level}/kustomization.yaml"] = (
                f"namePrefix: {side}-\nresources: [../a{level + 1}, ../b{level + 1}]\n"
            )
    for side in "ab":
        files[f"{side}{levels}/kustomization.yaml"] = "resources: [m.yaml]\n"
        files[f"{side}{levels}/m.yaml"] = CONFIG_MAP.replace("name: a", f"name: {side}")
    return files


def test_loads_and_nesting_are_bounded(tmp_path: Path) -> None:
    chain = {
        f"overlays/c{level}/kustomization.yaml": f"resources: [../c{level + 1}]\n" for level in range(150)
    }
    last = {"overlays/c150/kustomization.yaml": "resources: [a.yaml]\n", "overlays/c150/a.yaml": CONFIG_MAP}
    root = write(tmp_path, {**chain, **last, **diamond(24), **GOOD})
    found = render(root, ["c0", "c51", "diamond", "good"])
    assert {path: one.error and one.error.code for path, one in found.items()} == {
        "overlays/c0": "too-complex", "overlays/c51": None, "overlays/diamond": "too-complex", "overlays/good": None,
    }  # fmt: skip


def test_time_is_bounded_and_shared(tmp_path: Path) -> None:
    """Every overlay that takes too long shortens the limit of the following."""
    slow = [f"s{number}" for number in range(6)]
    generators = "configMapGenerator:\n" + "".join(
        f"- {{name: c{number}, literals: [a=b]}}\n" for number in range(20_000)
    )
    files = {name: text for one in slow for name, text in overlay(one, generators).items()}
    started = time.monotonic()
    found = render(write(tmp_path, {**files, **GOOD}), [*slow, "good"], seconds=4)
    assert time.monotonic() - started < 25
    assert {one.error.code for path, one in found.items() if one.error and path != "overlays/good"} == {
        "timeout"
    }
    assert len(found) == 7


DEEP = {
    "ConfigMap": (CONFIG_MAP.replace("{a: b}", "{a: DEEP}"), "overlays/deep/a.yaml"),
    "JSON": ('{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"data":DEEP}', "overlays/deep/a.json"),
    "kustomization": (f"{KUSTOMIZATION}resources: [a.yaml]\nx: DEEP\n", "overlays/deep/kustomization.yaml"),
    "pod": (
        "apiVersion: v1\nkind: Pod\nmetadata: {name: a, namespace: x}\nspec: {containers: [{name: a, image: a, x: DEEP}]}\n",
        "overlays/deep/a.yaml",
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", DEEP)
@pytest.mark.parametrize("levels", [1100, 9000, 20_000])
def test_nesting_of_documents(tmp_path: Path, kind: str, levels: int) -> None:
    text, name = DEEP[kind]
    deep = text.replace("DEEP", '{"a":' * levels + "1" + "}" * levels)
    files = {**overlay("deep", ""), **GOOD, **CONFIG}
    if name.endswith(".json"):
        files["overlays/deep/kustomization.yaml"] = f"{KUSTOMIZATION}resources: [a.json]\n"
    found = codes(check(write(tmp_path, {**files, name: deep})))
    assert found == {
        "overlays/deep": "too-deep" if levels < 10_000 else found["overlays/deep"],
        "overlays/good": None,
    }
    assert found["overlays/deep"] in ("too-deep", "yaml")
    if "kustomization" not in name:
        stdin = kustodian("check", "--no-cache", "--format", "json", "-", cwd=tmp_path, stdin=deep)
        assert set(codes(stdin).values()) <= {"too-deep", "yaml"}


def test_a_configuration_that_is_nested_deeply(tmp_path: Path) -> None:
    deep = '{"a":' * 1100 + "1" + "}" * 1100
    outcome = check(write(tmp_path, {**GOOD, "kustodian.yaml": f"rules: {deep}\n"}))
    assert outcome.code in (2, 3)
    assert "levels deep" in outcome.err
    assert "Traceback" not in outcome.err


def test_what_is_allowed_to_be_deep(tmp_path: Path) -> None:
    """Just below the limit every reader still works."""
    deep = '{"a":' * 190 + "1" + "}" * 190
    files = {**CONFIG, **overlay("deep", "", CONFIG_MAP.replace("{a: b}", deep))}
    assert codes(check(write(tmp_path, files))) == {"overlays/deep": None}


HIDDEN = {
    "NEL": {"overlays/o/a.yaml": f"{CONFIG_MAP}#\x85---\x85kind: Pod\x85apiVersion: v1\x85"},
    "carriage return": {"overlays/o/a.yaml": f"{CONFIG_MAP}#\r---\rkind: Pod\rapiVersion: v1\r"},
    "form feed": {"overlays/o/a.yaml": f"{CONFIG_MAP}\f\n---\nkind: Pod\napiVersion: v1\n"},
    "two documents": {
        "overlays/o/kustomization.yaml": f"{KUSTOMIZATION}resources: [a.yaml]\n---\nresources: [evil.yaml]\n"
    },
    "capitals": {"overlays/o/kustomization.yaml": f"{KUSTOMIZATION}resources: [a.yaml]\nResources: [evil.yaml]\n"},
}  # fmt: skip


@pytest.mark.parametrize("kind", HIDDEN)
def test_what_kustomize_does_not_read_as_it_looks(tmp_path: Path, kind: str) -> None:
    outcome = check(write(tmp_path, {**CONFIG, **overlay("o", ""), **HIDDEN[kind]}))
    assert codes(outcome) == {"overlays/o": "yaml"}
    (file,) = HIDDEN[kind]
    assert outcome.data["overlays"][0]["error"]["file"] == file


def fake(tmp_path: Path, script: str) -> Path:
    """A program in the place of the engine, which starts the real one."""
    program = tmp_path / "engine"
    program.write_text(f"#!/bin/sh\n{script}\nexec {engine_binary()}\n")
    program.chmod(0o755)
    return program


def test_an_engine_that_is_killed(tmp_path: Path) -> None:
    """The overlay at which it is killed a second time is not checked; another process renders the rest."""
    root = write(tmp_path / "repository", GOOD)
    generators = "configMapGenerator:\n" + "".join(
        f"- {{name: c{number}, literals: [a=b]}}\n" for number in range(20_000)
    )
    write(root, overlay("slow", generators))
    with Engine(engine_binary()) as engine:
        answers = engine.render(
            root,
            [Overlay("overlays/slow"), Overlay("overlays/good")],
            RenderOptions(limits=Limits(timeout_seconds=60)),
        )
        first = next(answers)
        found = {first.overlay.path: first}
        assert first.overlay.path == "overlays/good"
        os.kill(engine._process.pid, signal.SIGKILL)
        assert engine._read_for(0) is None  # another process goes on
        os.kill(engine._process.pid, signal.SIGKILL)
        found |= {one.overlay.path: one for one in answers}
    error = found["overlays/slow"].error
    assert error is not None
    assert (error.code, "signal 9" in error.message) == ("engine-ended", True)
    assert found["overlays/good"].error is None


@pytest.mark.parametrize("script", ["exit 2", "kill -9 $$", "echo '{'; exit 0"])
def test_an_engine_that_never_works(tmp_path: Path, script: str) -> None:
    with pytest.raises(EngineError) as raised, Engine(fake(tmp_path, script)) as engine:
        list(engine.render(write(tmp_path, GOOD), [Overlay("overlays/good")], RenderOptions()))
    assert raised.value.exit_code == 3
