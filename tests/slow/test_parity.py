"""The engine against the programs it stands for: the same objects as kustomize, the same results as conftest.

Both programs are built from pinned Go modules (tests/support/peers.py).
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from kustodian.model.overlay import Overlay
from kustodian.model.resources import engine_binary, template_dir
from kustodian.render.engine import Engine, RegoOptions, RenderOptions
from kustodian.render.external import ExternalRenderer
from tests.support.peers import ROOT, build_peer

OVERLAYS = ("overlays/dev", "overlays/staging", "overlays/prod", "argocd")
REGO = RegoOptions(("policies/rego",), ("main",))


@pytest.fixture(scope="module")
def kustomize() -> Path:
    return build_peer("kustomize")


@pytest.fixture(scope="module")
def conftest() -> Path:
    return build_peer("conftest")


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with Engine(engine_binary()) as running:
        yield running


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_the_same_objects_as_kustomize(overlay: str, kustomize: Path, engine: Engine) -> None:
    external = ExternalRenderer(engine, kustomize, None)
    rendered = next(external.render(ROOT, [Overlay(overlay)], RenderOptions()))
    assert rendered.error is None, rendered.error
    assert rendered.objects


def test_a_difference_would_be_seen(kustomize: Path, engine: Engine, tmp_path: Path) -> None:
    """The parity test can fail: a binary that prints something else is told apart."""
    liar = tmp_path / "kustomize"
    liar.write_text(f'#!/bin/sh\n"{kustomize}" "$@" | sed "s/iris/lily/"\n')
    liar.chmod(0o755)
    rendered = next(ExternalRenderer(engine, liar, None).render(ROOT, [Overlay("base")], RenderOptions()))
    assert rendered.error is not None
    assert rendered.error.code == "engine-differs"


def test_the_same_objects_as_kustomize_on_real_repositories(kustomize: Path, engine: Engine) -> None:
    """Every kustomization of the corpus that renders without a network (its list lies beside it)."""
    corpus = Path(os.environ.get("KUSTODIAN_CORPUS", ""))
    if not os.environ.get("KUSTODIAN_CORPUS"):
        pytest.skip("KUSTODIAN_CORPUS names no folder")
    names = (corpus / "kubeflow-renderable.txt").read_text().split()
    overlays = [Overlay(name) for name in names]
    external = ExternalRenderer(engine, kustomize, None)
    rendered = list(external.render(corpus / "kubeflow-manifests", overlays, RenderOptions()))
    assert {r.overlay.path: r.error for r in rendered if r.error} == {}
    assert len(rendered) == len(names) > 100


def test_our_patches_change_no_byte(kustomize: Path, tmp_path: Path) -> None:
    """The kustomize program with and without engine/patches, on the corpus and on the default repository."""
    patched = build_peer("kustomize", patched=True)
    assert patched != kustomize
    folders = [ROOT / name for name in OVERLAYS]
    if corpus := os.environ.get("KUSTODIAN_CORPUS"):
        names = Path(corpus, "kubeflow-renderable.txt").read_text().split()
        folders += [Path(corpus, "kubeflow-manifests", name) for name in names]
    traced = tmp_path / "traced"
    shutil.copytree(ROOT / "base", traced / "base")
    shutil.copytree(ROOT / "components", traced / "components")
    shutil.copytree(ROOT / "overlays", traced / "overlays")
    for name in ("dev", "prod"):
        file = traced / "overlays" / name / "kustomization.yaml"
        file.write_text(f"{file.read_text()}\nbuildMetadata: [originAnnotations, transformerAnnotations]\n")
        folders.append(file.parent)
    different = [
        folder
        for folder in folders
        if subprocess.run([kustomize, "build", folder], capture_output=True, check=True).stdout
        != subprocess.run([patched, "build", folder], capture_output=True, check=True).stdout
    ]
    assert different == []


def test_the_same_results_as_conftest(conftest: Path, engine: Engine, tmp_path: Path) -> None:
    """Starter policies on the default repository as it is, and on one that breaks each of them."""
    assert template_dir().is_dir()
    for name in ("base", "components", "overlays", "policies"):
        shutil.copytree(ROOT / name, tmp_path / name)
    for name, old, new in (
        ("overlays/prod/kustomization.yaml", "owner: ml-platform", "owner: ''"),
        ("overlays/prod/version.yaml", "registry.example.com/", "elsewhere.example.org/"),
    ):
        path = tmp_path / name
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))
    overlays = [Overlay("overlays/dev"), Overlay("overlays/prod")]
    options = RenderOptions()
    ours = {r.overlay.path: r for r in engine.render(tmp_path, overlays, options, REGO)}
    external = ExternalRenderer(engine, None, conftest)
    theirs = {r.overlay.path: r for r in external.render(tmp_path, overlays, options, REGO)}
    assert not ours["overlays/dev"].policy
    assert ours["overlays/prod"].policy, "the broken overlay breaks policies"
    for path, rendered in ours.items():
        other = theirs[path]
        assert rendered.policy_successes == other.policy_successes
        assert sorted(_key(r) for r in rendered.policy) == sorted(_key(r) for r in other.policy)


def _key(result: object) -> tuple[str, ...]:
    fields = ("object", "namespace", "query", "level", "message")
    return tuple(str(getattr(result, field)) for field in fields)


def test_the_starter_policies_pass_their_own_tests(conftest: Path, engine: Engine) -> None:
    ours = engine.verify(ROOT, REGO)
    assert len(ours) >= 6
    assert [test for test in ours if test["status"] != "pass"] == []
    done = subprocess.run(
        [str(conftest), "verify", "--policy", "policies/rego"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
