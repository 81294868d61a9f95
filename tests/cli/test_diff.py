"""`kustodian diff` as a command."""

from __future__ import annotations

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
    data = kustodian("diff", ".", "--format", "json", *arguments, cwd=root).data
    return {o["path"]: [(c["change"], c["object"]["name"]) for c in o["changes"]] for o in data["overlays"]}


def test_nothing_changed(root: Path) -> None:
    outcome = kustodian("diff", cwd=root)
    assert (outcome.code, outcome.err) == (0, "")
    assert "no rendered object differs" in outcome.out


def test_an_image_changes_in_one_overlay(root: Path) -> None:
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


def test_generated_names_are_paired_and_objects_added_or_removed(root: Path) -> None:
    (root / "base/kustomization.yaml").write_text(
        f"{KUSTOMIZATION}resources: [b.yaml]\nconfigMapGenerator: [{{name: c, literals: [x=2]}}]\n"
    )
    (root / "base/b.yaml").write_text(POD.format(name="b", tag="1.0"))
    found = changes(root)
    assert {kind for kind, name in found["overlays/dev"] if name.startswith("c-")} == {"changed"}
    assert {("removed", "a"), ("added", "b")} <= set(found["overlays/prod"])


def test_an_overlay_that_no_longer_renders_is_not_unchanged(root: Path) -> None:
    (root / "overlays/dev/kustomization.yaml").write_text(f"{KUSTOMIZATION}resources: [nowhere]\n")
    outcome = kustodian("diff", cwd=root)
    assert outcome.code == 3
    assert "overlays/dev: does not render now" in outcome.out
    assert "1 overlay NOT COMPARED" in outcome.out


@pytest.mark.parametrize("config", ["", "exclude: [x]\n"], ids=["narrow", "everything"])
def test_an_unreadable_kustomization_does_not_count_as_empty(root: Path, config: str) -> None:
    file = root / "overlays/dev/kustomization.yaml"
    whole = file.read_text()
    file.write_text(f"{whole}resources: []\n")
    if config:  # a changed configuration compares everything, which takes another path
        (root / "kustodian.yaml").write_text(config)
    outcome = kustodian("diff", cwd=root)
    assert (outcome.code, "removed" in outcome.out) == (3, False)
    assert "overlays/dev: does not render now" in outcome.out
    assert "set twice in the same mapping (overlays/dev/kustomization.yaml:4)" in outcome.out
    commit(root, "broken")
    file.write_text(whole)
    if config:
        (root / "kustodian.yaml").write_text("exclude: [z]\n")
    outcome = kustodian("diff", cwd=root)
    assert outcome.code == 3 and "overlays/dev: did not render at the base" in outcome.out


def test_overlays_are_added_removed_and_renamed(root: Path) -> None:
    git(root, "mv", "overlays/prod", "overlays/production")
    write(
        root, {"overlays/qa/kustomization.yaml": f"{KUSTOMIZATION}resources: [../../base]\nnamespace: qa\n"}
    )
    git(root, "rm", "-rq", "overlays/dev")
    data = kustodian("diff", "--format", "json", cwd=root).data
    found = {o["path"]: (o["change"], o["before"], len(o["changes"])) for o in data["overlays"]}
    # dev and prod are equal: either may be the one that was renamed.
    assert found.pop("overlays/production")[0] == "changed"
    assert found.pop("overlays/qa") == ("added", None, 2)
    ((_, gone),) = found.items()
    assert gone == ("removed", None, 2)


def test_a_secret_is_never_printed(root: Path) -> None:
    for value in ("hunter2", "hunter3"):
        (root / "overlays/prod/kustomization.yaml").write_text(
            f"{KUSTOMIZATION}resources: [../../base]\nsecretGenerator: [{{name: s, literals: [pw={value}]}}]\n"
        )
        for name in ("text", "markdown", "json"):
            out = kustodian("diff", "--format", name, cwd=root).out
            assert "(hidden)" in out and not any(word in out for word in (value, "aHVudGVy"))
        commit(root, value)


def test_argo_cd_prunes_in_one_of_two_environments(root: Path) -> None:
    application = (
        "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {{name: {0}}}\nspec:\n"
        "  source: {{repoURL: https://git.example.com/x.git, path: overlays/{0}}}\n"
        "  syncPolicy: {{automated: {{prune: {1}}}}}\n"
    )
    write(root, {
        "argocd/dev.yaml": application.format("dev", "true"), "argocd/prod.yaml": application.format("prod", "false"),
    })  # fmt: skip
    commit(root, "applications")
    (root / "base/kustomization.yaml").write_text(f"{KUSTOMIZATION}resources: [a.yaml]\n")
    text = kustodian("diff", cwd=root).out
    dev, prod = text.split("overlays/prod")
    assert "Argo CD deletes it: Application dev prunes" in dev
    assert "stays in the cluster until a person prunes it: Application prod does not" in prod


def test_plain_manifests(tmp_path: Path) -> None:
    root = write(
        tmp_path, {"a.yaml": POD.format(name="a", tag="1.0"), "b.yaml": POD.format(name="b", tag="1.0")}
    )
    git(root, "init", "--quiet", "--initial-branch", "main")
    commit(root, "one")
    (root / "a.yaml").write_text(POD.format(name="a", tag="2.0"))
    assert changes(root) == {".": [("changed", "a")]}
    data = kustodian("diff", "a.yaml", "--format", "json", cwd=root).data
    assert [o["path"] for o in data["overlays"]] == ["a.yaml"]
    (root / "b.yaml").write_text("a: [\n")
    outcome = kustodian("diff", cwd=root)
    assert outcome.code == 3 and "does not render now" in outcome.out and "b.yaml" in outcome.out


def test_misuse(root: Path) -> None:
    outcome = kustodian("diff", "--base", "nosuch", cwd=root)
    assert (outcome.code, outcome.out) == (2, "")
    assert "git does not find this commit" in outcome.err
