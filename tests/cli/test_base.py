"""`kustodian check --base` as a command, on real git repositories in the states found in CI and on laptops."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.cli.harness import Outcome, kustodian, write

KUSTOMIZATION = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n"
POD = "apiVersion: v1\nkind: Pod\nmetadata: {{name: {name}}}\nspec: {{containers: [{{name: c, image: 'x:{tag}'}}]}}\n"
RULE = ("--rule", "unpinned-image", "--rule", "privileged-container")


def git(root: Path, *arguments: str) -> str:
    command = [
        "git",
        "-c",
        "user.name=T",
        "-c",
        "user.email=t@example.com",
        "-c",
        "commit.gpgsign=false",
        *arguments,
    ]
    return subprocess.run(command, cwd=root, check=True, capture_output=True, text=True).stdout


def commit(root: Path, message: str) -> None:
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message", message)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Two pods, one with a moving tag, on main; a branch is checked out."""
    root = write(tmp_path / "repo", {
        "kustomization.yaml": f"{KUSTOMIZATION}resources: [a.yaml, b.yaml]\n",
        "a.yaml": POD.format(name="a", tag="latest"),
        "b.yaml": POD.format(name="b", tag="1.0"),
    })  # fmt: skip
    git(root, "init", "--quiet", "--initial-branch", "main")
    commit(root, "one")
    git(root, "switch", "--quiet", "--create", "change")
    return root


def counts(outcome: Outcome) -> tuple[int, int, int]:
    comparison = outcome.data["comparison"]
    return comparison["new"], comparison["fixed"], comparison["unchanged"]


def check(root: Path, *arguments: str) -> Outcome:
    return kustodian("check", ".", "--format", "json", "--base", "main", *RULE, *arguments, cwd=root)


def test_only_new_findings_fail(root: Path) -> None:
    assert (check(root).code, counts(check(root))) == (0, (0, 0, 0)), "no overlay reads a change"
    everything = check(root, "--fail-on", "all")
    assert (everything.code, counts(everything)) == (1, (0, 0, 1))
    (root / "b.yaml").write_text(POD.format(name="b", tag="latest"))
    worse = check(root)
    assert (worse.code, counts(worse)) == (1, (1, 0, 1))
    assert [f["object"]["name"] for f in worse.data["findings"] if f["status"] == "new"] == ["b"]
    (root / "a.yaml").write_text(POD.format(name="a", tag="1.0"))
    mixed = check(root)
    assert counts(mixed) == (1, 1, 0)
    assert [f["object"]["name"] for f in mixed.data["fixed"]] == ["a"]
    text = kustodian("check", ".", "--base", "main", *RULE, cwd=root).out
    assert "1 new, 1 fixed, 0 unchanged" in text
    assert "fixed: unpinned-image in a.yaml" in text


def test_the_work_tree_and_index_are_not_touched(root: Path) -> None:
    (root / "b.yaml").write_text(POD.format(name="b", tag="latest"))
    (root / "untracked").write_text("x")
    before = git(root, "status", "--porcelain"), sorted(p.name for p in (root / ".git").iterdir())
    check(root)
    assert (git(root, "status", "--porcelain"), sorted(p.name for p in (root / ".git").iterdir())) == before
    assert git(root, "worktree", "list").count("\n") == 1


def test_later_commits_on_main_do_not_count(root: Path) -> None:
    git(root, "switch", "--quiet", "main")
    (root / "a.yaml").write_text(POD.format(name="a", tag="1.0"))
    commit(root, "main goes on")
    git(root, "switch", "--quiet", "change")
    assert counts(check(root, "--fail-on", "all")) == (0, 0, 1), "compared with the merge base, not with main"


def test_staged_checks_the_index(root: Path) -> None:
    (root / "b.yaml").write_text(POD.format(name="b", tag="latest"))
    assert counts(check(root, "--staged")) == (0, 0, 0)
    git(root, "add", "b.yaml")
    (root / "b.yaml").write_text(POD.format(name="b", tag="1.0"))
    assert counts(check(root, "--staged")) == (1, 0, 1)
    assert counts(check(root)) == (0, 0, 0), "the work tree has not changed"


def test_new_renamed_and_deleted_files(root: Path) -> None:
    git(root, "mv", "a.yaml", "moved.yaml")
    (root / "c.yaml").write_text(POD.format(name="c", tag="latest"))
    (root / "b.yaml").unlink()
    (root / "kustomization.yaml").write_text(f"{KUSTOMIZATION}resources: [moved.yaml, c.yaml]\n")
    assert counts(check(root)) == (1, 0, 1), "a renamed file does not make a finding new"


def test_detached_head_worktree_and_subfolder(root: Path, tmp_path: Path) -> None:
    git(root, "switch", "--quiet", "--detach")
    (root / "b.yaml").write_text(POD.format(name="b", tag="2.0"))
    assert counts(check(root)) == (0, 0, 1)
    git(root, "worktree", "add", "--quiet", str(tmp_path / "tree"), "change")
    (tmp_path / "tree" / "b.yaml").write_text(POD.format(name="b", tag="2.0"))
    assert counts(check(tmp_path / "tree")) == (0, 0, 1)
    write(root / "apps" / "one", {
        "kustodian.yaml": "", "kustomization.yaml": f"{KUSTOMIZATION}resources: [p.yaml]\n",
        "p.yaml": POD.format(name="p", tag="latest"),
    })  # fmt: skip
    assert counts(check(root / "apps" / "one")) == (1, 0, 0)


def test_in_a_shallow_clone_the_error_says_what_to_do(root: Path, tmp_path: Path) -> None:
    commit_all = POD.format(name="b", tag="2.0")
    (root / "b.yaml").write_text(commit_all)
    commit(root, "two")
    git(tmp_path, "clone", "--quiet", "--depth", "1", "--branch", "change", f"file://{root}", "shallow")
    outcome = check(tmp_path / "shallow")
    assert outcome.code == 2
    assert "shallow" in outcome.err and "fetch-depth: 0" in outcome.err


@pytest.mark.parametrize("revision", ["nosuch", "--output=x", "HEAD:a.yaml", ""])
def test_an_unknown_revision(root: Path, revision: str) -> None:
    outcome = kustodian("check", ".", f"--base={revision}", *RULE, cwd=root)
    assert outcome.code == 2
    assert "git does not find this commit" in outcome.err
    assert "Traceback" not in outcome.err


def test_without_anything_to_compare_with(tmp_path: Path) -> None:
    root = write(
        tmp_path,
        {
            "kustomization.yaml": f"{KUSTOMIZATION}resources: [a.yaml]\n",
            "a.yaml": POD.format(name="a", tag="1"),
        },
    )
    assert "is not in a git work tree" in check(root).err
    git(root, "init", "--quiet", "--initial-branch", "main")
    assert check(root).code == 2
    assert "--staged needs --base" in kustodian("check", ".", "--staged", cwd=root).err


def test_a_base_that_cannot_be_read_is_an_error(root: Path) -> None:
    (root / "kustodian.yaml").write_text("nonsense: 1\n")
    commit(root, "broken")
    (root / "kustodian.yaml").unlink()
    outcome = kustodian("check", ".", "--base", "HEAD", *RULE, cwd=root)
    assert outcome.code == 2
    assert "the base revision" in outcome.err and "nonsense" in outcome.err


@pytest.fixture
def fleet(tmp_path: Path) -> Path:
    """Three overlays; two share a base."""
    base = {"kustomization.yaml": f"{KUSTOMIZATION}resources: [a.yaml]\n"}
    root = write(tmp_path / "fleet", {
        **{f"bases/x/{name}": text for name, text in base.items()},
        **{f"bases/y/{name}": text for name, text in base.items()},
        "bases/x/a.yaml": POD.format(name="a", tag="1.0"),
        "bases/y/a.yaml": POD.format(name="a", tag="latest"),
        "overlays/one/kustomization.yaml": f"{KUSTOMIZATION}resources: [../../bases/x]\n",
        "overlays/two/kustomization.yaml": f"{KUSTOMIZATION}resources: [../../bases/x]\n",
        "overlays/three/kustomization.yaml": f"{KUSTOMIZATION}resources: [../../bases/y]\n",
        "kustodian.yaml": "environments: {prod: {paths: ['overlays/*']}}\n",
    })  # fmt: skip
    git(root, "init", "--quiet", "--initial-branch", "main")
    commit(root, "one")
    return root


def checked(outcome: Outcome) -> set[str]:
    return {overlay["path"] for overlay in outcome.data["overlays"] if overlay["through"] is None}


def test_only_the_overlays_that_read_a_change_are_checked(fleet: Path) -> None:
    (fleet / "bases/x/a.yaml").write_text(POD.format(name="a", tag="latest"))
    shared = check(fleet)
    assert checked(shared) == {"overlays/one", "overlays/two"}
    assert (counts(shared), shared.data["comparison"]["untouchedOverlays"]) == ((2, 0, 0), 1)
    (fleet / "bases/x/a.yaml").write_text(POD.format(name="a", tag="1.0"))
    (fleet / "overlays/one/kustomization.yaml").write_text(
        f"{KUSTOMIZATION}resources: [../../bases/x]\nnamePrefix: p-\n"
    )
    assert checked(check(fleet)) == {"overlays/one"}
    text = kustodian("check", ".", "--base", "main", *RULE, cwd=fleet).out
    assert "(2 overlays read nothing that changed)" in text
    (fleet / "README.md").write_text("nobody reads it")
    assert checked(check(fleet)) == {"overlays/one"}
    assert checked(check(fleet, "--fail-on", "all")) == {"overlays/one", "overlays/two", "overlays/three"}


def test_a_changed_configuration_checks_everything(fleet: Path) -> None:
    (fleet / "kustodian.yaml").write_text(
        "environments: {prod: {paths: ['overlays/*']}}\nrules: {unpinned-image: {severity: off}}\n"
    )
    everything = check(fleet, "--trust-head")
    assert checked(everything) == {"overlays/one", "overlays/two", "overlays/three"}
    assert counts(everything) == (0, 1, 0)
    judged = check(fleet)
    assert checked(judged) == {"overlays/one", "overlays/two", "overlays/three"}
    assert counts(judged) == (1, 0, 1), "the rules are those of the base"
    assert judged.found("gate-changed-rule-off") == [("kustodian.yaml", 2)]


def test_a_renamed_overlay_does_not_keep_findings_of_another(fleet: Path) -> None:
    git(fleet, "mv", "overlays/three", "overlays/four")
    moved = check(fleet)
    assert checked(moved) == {"overlays/four"}
    assert counts(moved) == (1, 1, 0), "findings of another overlay are new"


def test_before_the_first_commit_everything_is_new(fleet: Path, tmp_path: Path) -> None:
    root = write(tmp_path / "fresh", {
        "kustomization.yaml": f"{KUSTOMIZATION}resources: [a.yaml]\n",
        "a.yaml": POD.format(name="a", tag="latest"),
    })  # fmt: skip
    git(root, "init", "--quiet", "--initial-branch", "main")
    git(root, "add", "--all")
    for how in ((), ("--staged",)):
        first = kustodian("check", ".", "--format", "json", "--base", "HEAD", *how, *RULE, cwd=root)
        assert (first.code, counts(first)) == (1, (1, 0, 0))


def test_submodules_are_read_at_both_revisions(fleet: Path, tmp_path: Path) -> None:
    library = write(tmp_path / "library", {
        "kustomization.yaml": f"{KUSTOMIZATION}resources: [a.yaml]\n",
        "a.yaml": POD.format(name="lib", tag="latest"),
    })  # fmt: skip
    git(library, "init", "--quiet", "--initial-branch", "main")
    commit(library, "library")
    git(fleet, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(library), "library")
    (fleet / "overlays/two/kustomization.yaml").write_text(f"{KUSTOMIZATION}resources: [../../library]\n")
    commit(fleet, "submodule")
    same = check(fleet)
    assert (same.code, counts(same)) == (0, (0, 0, 1)), "the finding in the submodule is unchanged"
    (fleet / "library/a.yaml").write_text(POD.format(name="lib", tag="1.0"))
    assert counts(check(fleet)) == (0, 1, 0)


def test_a_change_that_is_read_through_a_symbolic_link(fleet: Path) -> None:
    (fleet / "shared").mkdir()
    (fleet / "shared/b.yaml").write_text(POD.format(name="b", tag="1.0"))
    (fleet / "overlays/one/b.yaml").symlink_to("../../shared/b.yaml")
    (fleet / "overlays/one/kustomization.yaml").write_text(f"{KUSTOMIZATION}resources: [b.yaml]\n")
    (fleet / "linked").symlink_to("bases/y")
    (fleet / "overlays/two/kustomization.yaml").write_text(f"{KUSTOMIZATION}resources: [../../linked]\n")
    commit(fleet, "links")
    (fleet / "bases/y/a.yaml").write_text(POD.format(name="a", tag="2.0"))
    outcome = check(fleet)
    assert "overlays/two" in checked(outcome) and "overlays/one" not in checked(outcome)
    git(fleet, "checkout", "--quiet", "bases")
    (fleet / "shared/b.yaml").write_text(POD.format(name="b", tag="latest"))
    assert "overlays/one" in checked(check(fleet))


def test_ignored_and_assume_unchanged_files_count_as_changes(fleet: Path) -> None:
    (fleet / ".gitignore").write_text("local.yaml\n")
    (fleet / "overlays/one/kustomization.yaml").write_text(f"{KUSTOMIZATION}resources: [local.yaml]\n")
    commit(fleet, "ignored")
    (fleet / "overlays/one/local.yaml").write_text(POD.format(name="l", tag="latest"))
    assert (checked(check(fleet)), counts(check(fleet))) == ({"overlays/one"}, (1, 0, 0))
    (fleet / "overlays/one/local.yaml").unlink()
    git(fleet, "update-index", "--assume-unchanged", "bases/y/a.yaml")
    (fleet / "bases/y/a.yaml").write_text(POD.format(name="a", tag="1.0"))
    assert counts(check(fleet))[1] == 1


def test_a_given_configuration_is_that_of_the_base(fleet: Path) -> None:
    (fleet / "other.yaml").write_text("environments: {prod: {paths: ['overlays/*']}}\n")
    commit(fleet, "configuration")
    (fleet / "overlays/one/kustomization.yaml").write_text(f"{KUSTOMIZATION}resources: [../../bases/y]\n")
    outcome = check(fleet, "--config", "other.yaml")
    assert (checked(outcome), counts(outcome)) == ({"overlays/one"}, (1, 0, 0))


def test_what_grew_worse_fails_and_is_shown(root: Path) -> None:
    (root / "a.yaml").write_text(POD.format(name="a", tag="latest").replace("'x:", "'miner:"))
    worse = check(root)
    assert (worse.code, worse.data["comparison"]["worse"], counts(worse)) == (1, 1, (0, 0, 0))
    assert worse.data["findings"][0]["worse"] == {
        "was": "docker.io/library/x",
        "now": "docker.io/library/miner",
    }
    assert check(root, "--fail-on", "warning").code == 1
    text = kustodian("check", ".", "--base", "main", *RULE, cwd=root).out
    assert "= was: docker.io/library/x; now: docker.io/library/miner" in text
    assert "0 new, 1 worse, 0 fixed, 0 unchanged" in text


def test_a_waived_finding_that_grew_worse_is_counted(root: Path) -> None:
    waiver = '# kustodian: allow unpinned-image reason="later" owner=ml expires=2999-01-01'
    pod = POD.format(name="a", tag="latest").rstrip("\n") + f" {waiver}\n"
    (root / "a.yaml").write_text(pod)
    commit(root, "waived")
    git(root, "branch", "--force", "main")
    (root / "a.yaml").write_text(pod.replace("'x:", "'miner:"))
    outcome = check(root)
    assert (outcome.code, outcome.data["summary"]["waived"]) == (0, 1)
    assert (outcome.data["comparison"]["worse"], outcome.data["comparison"]["waivedWorse"]) == (0, 1)
    text = kustodian("check", ".", "--base", "main", *RULE, cwd=root).out
    assert "1 waived finding is worse" in text
    assert "waived and worse: unpinned-image in a.yaml, was: docker.io/library/x; now:" in text
