"""Shallow and partial clones, pointers of Git LFS, damaged and foreign git folders: named, never fetched, never clean."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.harness import SOURCE, Outcome, kustodian, write
from tests.cli.test_base import KUSTOMIZATION, POD, commit, counts, git
from tests.hostile.git_cases import Case, check, git_config

DIGESTS = [f"sha256:{letter * 64}" for letter in "abc"]


SKIPS = ("--rule", "image-skips-environment")


def _promoted(root: Path) -> Path:
    """Staging has run the first two digests; prod runs the first, which only the history shows."""
    pod = "apiVersion: v1\nkind: Pod\nmetadata: {{name: a}}\nspec: {{containers: [{{name: c, image: 'r.io/x@{}'}}]}}\n"
    write(root, {
        "kustodian.yaml": (
            "environments:\n  staging: {class: staging, paths: [overlays/staging]}\n"
            "  prod: {class: prod, paths: [overlays/prod]}\n"
        ),
        "overlays/staging/kustomization.yaml": f"{KUSTOMIZATION}resources: [pod.yaml]\n",
        "overlays/staging/pod.yaml": f"# staging\n{pod.format(DIGESTS[0])}",
        "overlays/prod/kustomization.yaml": f"{KUSTOMIZATION}resources: [pod.yaml]\n",
        "overlays/prod/pod.yaml": pod.format(DIGESTS[0]),
    })  # fmt: skip
    git(root, "init", "--quiet", "--initial-branch", "main")
    commit(root, "one")
    (root / "overlays/staging/pod.yaml").write_text(pod.format(DIGESTS[1]))
    commit(root, "two")
    return root


def _skips(root: Path, **variables: str) -> Outcome:
    return kustodian("check", ".", "--no-cache", "--format", "json", *SKIPS, cwd=root, **variables)


def test_the_whole_history_is_read(tmp_path: Path) -> None:
    root = _promoted(tmp_path / "repo")
    assert (_skips(root).code, _skips(root).data["findings"]) == (0, [])
    prod = root / "overlays/prod/pod.yaml"
    prod.write_text(prod.read_text().replace(DIGESTS[0], DIGESTS[2]))
    assert len(_skips(root).data["findings"]) == 1
    git(root, "rm", "--quiet", "overlays/staging/pod.yaml")
    commit(root, "gone")
    git(root, "checkout", "--quiet", "HEAD~1", "--", "overlays/staging/pod.yaml")
    commit(root, "back")
    assert not _skips(root).data["notChecked"], "a file that was deleted once is not missing"


@pytest.mark.parametrize("how", ["--depth=1", "--filter=blob:none", "--filter=tree:0"])
def test_an_incomplete_clone_is_not_clean_and_nothing_is_fetched(
    case: Case, tmp_path: Path, how: str
) -> None:
    origin = _promoted(tmp_path / "origin")
    git(origin, "config", "uploadpack.allowFilter", "true")
    git(tmp_path, "clone", "--quiet", how, f"file://{origin}", "clone")
    root = tmp_path / "clone"
    objects = sorted((root / ".git/objects").rglob("*"))
    for url in (f"file://{origin}", f"ext::{case.program}"):
        git(root, "config", "remote.origin.url", url)
        git(root, "config", "remote.origin.uploadpack", str(case.program))
        git(root, "config", "protocol.ext.allow", "always")
        outcome = _skips(root)
        assert outcome.code == 3, outcome.out
        said = str(outcome.data["notChecked"])
        assert "image-skips-environment could not look" in said
        assert ("shallow" if "depth" in how else "partial clone") in said
        compared = kustodian("check", ".", "--no-cache", "--base", "HEAD~1", cwd=root)
        assert compared.code in {2, 3} and "git fetch" in compared.err, compared.err
        shown = kustodian("diff", ".", "--base", "HEAD~1", cwd=root)
        assert shown.code in {2, 3} and "git fetch" in shown.err, shown.err
    assert sorted((root / ".git/objects").rglob("*")) == objects
    assert not case.ran()


def test_the_history_is_not_needed_where_staging_runs_the_image_now(tmp_path: Path) -> None:
    origin = _promoted(tmp_path / "origin")
    prod = origin / "overlays/prod/pod.yaml"
    prod.write_text(prod.read_text().replace(DIGESTS[0], DIGESTS[1]))
    commit(origin, "promoted")
    git(tmp_path, "clone", "--quiet", "--depth=1", f"file://{origin}", "clone")
    outcome = _skips(tmp_path / "clone")
    assert (outcome.code, outcome.data["notChecked"]) == (0, [])


def test_files_of_another_owner_are_read_all_the_same(tmp_path: Path) -> None:
    """Nothing of the repository's runs, so it does not matter whose it is, as in a container of CI."""
    root = _promoted(tmp_path / "repo")
    prod = root / "overlays/prod/pod.yaml"
    prod.write_text(prod.read_text().replace(DIGESTS[0], DIGESTS[2]))
    if os.geteuid() == 0:
        for path in (root, *root.rglob("*")):
            os.chown(path, 12345, 12345, follow_symlinks=False)
    # git itself has this switch for its own tests; without a stand-in folder of ours it refuses the repository
    assert len(_skips(root, GIT_TEST_ASSUME_DIFFERENT_OWNER="1").data["findings"]) == 1
    compared = kustodian("check", ".", "--no-cache", "--format", "json", "--base", "HEAD~1", *SKIPS, cwd=root)
    assert counts(compared) == (1, 0, 0), compared.err


@pytest.mark.parametrize("limit", [10, 12, 14])
def test_without_descriptors_the_check_is_not_clean(tmp_path: Path, limit: int) -> None:
    root = _promoted(tmp_path / "repo")
    prod = root / "overlays/prod/pod.yaml"
    prod.write_text(prod.read_text().replace(DIGESTS[0], DIGESTS[2]))
    done = subprocess.run(
        ["sh", "-c", f'ulimit -n {limit}; exec "$0" -m kustodian check . --no-cache --rule image-skips-environment', sys.executable],
        cwd=root, env={"PATH": os.environ["PATH"], "PYTHONPATH": str(SOURCE)},
        capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert "image-skips-environment" in done.stdout or done.returncode == 3, done.stdout + done.stderr


def test_a_file_with_a_damaged_index_is_an_error(case: Case) -> None:
    (case.root / ".git/index").write_bytes(b"DIRC nonsense")
    outcome = check(case.root)
    assert outcome.code == 3 and "git ls-files failed" in outcome.err


POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:{}\nsize {}\n"


def _with_pointer(case: Case, text: str) -> None:
    """The base has a pointer where the work tree has a pod, as after `git lfs checkout`."""
    content = text.encode()
    write(case.root, {
        ".gitattributes": "overlays/one/a.yaml filter=lfs diff=lfs merge=lfs -text\nmodel.bin filter=lfs\n",
        "overlays/one/a.yaml": POINTER.format(hashlib.sha256(content).hexdigest(), len(content)),
        "model.bin": POINTER.format("0" * 64, 5_000_000_000),
    })  # fmt: skip
    commit(case.root, "pointer")
    write(case.root, {"overlays/one/a.yaml": text, "model.bin": "weights"})


@pytest.mark.parametrize("command", [("check", "--no-cache"), ("diff",)])
def test_a_pointer_of_git_lfs_is_named(case: Case, command: tuple[str, ...]) -> None:
    _with_pointer(case, POD.format(name="a", tag="latest"))
    git_config(case)
    outcome = kustodian(*command, "--base", "HEAD", ".", cwd=case.root)
    assert outcome.code == 3
    assert "a Git LFS pointer" in outcome.err and "--> overlays/one/a.yaml" in outcome.err
    assert "git lfs fetch" in outcome.err
    assert not case.ran()


def test_a_pointer_whose_content_is_in_the_clone_is_followed(case: Case) -> None:
    text = POD.format(name="a", tag="latest")
    _with_pointer(case, text)
    name = hashlib.sha256(text.encode()).hexdigest()
    write(case.root / ".git/lfs/objects", {f"{name[:2]}/{name[2:4]}/{name}": text})
    (case.root / "overlays/one/b.yaml").write_text(POD.format(name="b", tag="1.0"))
    compared = check(case.root, "--base", "HEAD")
    assert counts(compared) == (0, 1, 1), compared.err
