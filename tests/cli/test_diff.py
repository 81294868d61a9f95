"""`kustodian diff` from the outside."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.harness import kustodian, write
from tests.cli.test_base import KUSTOMIZATION, POD, commit, git


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = write(tmp_path, {
        "base/kustomization.yaml": f"{KUSTOMIZATION}resources: [a.yaml]\nconfigMapGenerator: [{{name: c, literals: [x=1]}}]\n",
        "base/a.yaml": POD.format(name="a", tag="1.0"),
        "overlays/dev/kustomization.yaml": f"{KUSTOMIZATION}resources: [../../base]\n",
        "overlays/prod/kustomization.yaml": f"{KUSTOMIZATION}resources: [../../base]\n",
    })  # fmt: skip
    git(root, "init", "--quiet", "--initial-branch", "main")
    commit(root, "one")
    return root


def changes(root: Path, *arguments: str) -> dict[str, list[tuple[str, str]]]:
    data = json.loads(kustodian("diff", ".", "--format", "json", *arguments, cwd=root).out)
    return {o["path"]: [(c["change"], c["object"]["name"]) for c in o["changes"]] for o in data["overlays"]}


def test_nothing_changed(root: Path) -> None:
    outcome = kustodian("diff", cwd=root)
    assert (outcome.code, outcome.err) == (0, "")
    assert "no rendered object differs" in outcome.out


def test_one_overlay_changes_by_an_image(root: Path) -> None:
    (root / "overlays/prod/kustomization.yaml").write_text(
        f"{KUSTOMIZATION}resources: [../../base]\nimages: [{{name: x, newTag: '2.0'}}]\n"
    )
    assert changes(root) == {"overlays/prod": [("changed", "a")]}
    outcome = kustodian("diff", cwd=root)
    assert "spec.containers[name=c].image\n-     x:1.0\n+     x:2.0\n!   another image runs" in outcome.out
    commit(root, "two")
    assert changes(root) == {}
    assert changes(root, "--base", "HEAD~1") == {"overlays/prod": [("changed", "a")]}
    markdown = kustodian("diff", "--base", "HEAD~1", "--format", "markdown", cwd=root).out
    assert markdown.startswith("<!-- kustodian diff -->") and "- **another image runs**" in markdown


def test_generated_names_are_paired_and_objects_come_and_go(root: Path) -> None:
    (root / "base/kustomization.yaml").write_text(
        f"{KUSTOMIZATION}resources: [b.yaml]\nconfigMapGenerator: [{{name: c, literals: [x=2]}}]\n"
    )
    (root / "base/b.yaml").write_text(POD.format(name="b", tag="1.0"))
    found = changes(root)
    assert {kind for kind, name in found["overlays/dev"] if name.startswith("c-")} == {"changed"}
    assert {("removed", "a"), ("added", "b")} <= set(found["overlays/prod"])


def test_an_overlay_that_no_longer_renders_is_not_called_unchanged(root: Path) -> None:
    (root / "overlays/dev/kustomization.yaml").write_text(f"{KUSTOMIZATION}resources: [nowhere]\n")
    outcome = kustodian("diff", cwd=root)
    assert outcome.code == 3
    assert "overlays/dev: does not render now" in outcome.out


def test_misuse(root: Path) -> None:
    outcome = kustodian("diff", "--base", "nosuch", cwd=root)
    assert (outcome.code, outcome.out) == (2, "")
    assert "no such commit" in outcome.err
