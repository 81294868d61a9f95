"""The cache of finished checks: a second check of the same files prints the stored reports, never outdated ones."""

from __future__ import annotations

import hmac
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.harness import Outcome, kustodian, write
from tests.cli.test_base import commit, git

KUSTOMIZATION = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n"
POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: c, image: 'x:latest'}]}\n"
AGAIN = "nothing has changed since it was checked"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write(tmp_path / "repo", {
        "kustodian.yaml": "waivers: []\n",
        "overlays/prod/kustomization.yaml": f"{KUSTOMIZATION}resources: [a.yaml, .hidden/b.yaml]\n",
        "overlays/prod/a.yaml": POD,
        "overlays/prod/.venv/note": "not ours",
        "overlays/prod/.hidden/b.yaml": POD.replace("name: a", "name: b"),
    })  # fmt: skip


@pytest.fixture
def check(root: Path, tmp_path: Path) -> Callable[..., Outcome]:
    def run(*arguments: str, cwd: Path = root) -> Outcome:
        return kustodian("check", *arguments, cwd=cwd, XDG_CACHE_HOME=str(tmp_path / "cache"))

    return run


def test_a_second_run_prints_the_stored_reports(root: Path, check: Callable[..., Outcome]) -> None:
    first, second = check(), check()
    assert AGAIN not in first.out
    assert AGAIN in second.out
    assert (first.code, first.out.splitlines()[:-1]) == (second.code, second.out.splitlines()[:-1])
    assert check("--format", "json").out == check("--format", "json").out
    assert AGAIN not in check("--no-cache").out
    assert AGAIN not in check("--rule", "unpinned-image").out


def test_report_files_are_written_again(root: Path, check: Callable[..., Outcome]) -> None:
    arguments = ("--format", "json=report.json", "--format", "text")
    check(*arguments)
    before = (root / "report.json").read_text()
    (root / "report.json").unlink()
    assert AGAIN in check(*arguments).out
    assert (root / "report.json").read_text() == before


CHANGES: dict[str, Callable[[Path], object]] = {
    "a manifest": lambda root: (root / "overlays/prod/a.yaml").write_text(POD.replace("latest", "newest")),
    "a file in a dot-folder": lambda root: (root / "overlays/prod/.hidden/b.yaml").write_text(POD),
    "a new overlay": lambda root: write(root, {"overlays/x/kustomization.yaml": KUSTOMIZATION + "resources: []"}),
    "a deleted file": lambda root: (root / "overlays/prod/a.yaml").unlink(),
    "the configuration": lambda root: (root / "kustodian.yaml").write_text("kubernetesVersion: '1.33'\n"),
    "a renamed folder": lambda root: (root / "overlays/prod").rename(root / "overlays/dev"),
    "a link": lambda root: (root / "overlays/prod/link.yaml").symlink_to("a.yaml"),
}  # fmt: skip


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_change_is_noticed(
    root: Path, check: Callable[..., Outcome], change: Callable[[Path], object]
) -> None:
    check()
    assert AGAIN in check().out
    change(root)
    after = check()
    assert AGAIN not in after.out
    fresh = check("--no-cache")
    assert (after.code, after.out.rpartition("(")[0]) == (fresh.code, fresh.out.rpartition("(")[0])


def test_a_file_with_the_same_content_is_unchanged(root: Path, check: Callable[..., Outcome]) -> None:
    check()
    manifest = root / "overlays/prod/a.yaml"
    manifest.unlink()
    manifest.write_text(POD)
    assert AGAIN in check().out
    stat = manifest.stat()
    manifest.write_text(POD.replace("latest", "newest"))  # same size, same modification time
    os.utime(manifest, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert AGAIN not in check().out


def test_the_git_history_counts(root: Path, check: Callable[..., Outcome]) -> None:
    git(root, "init", "--quiet")
    commit(root, "one")
    check()
    assert AGAIN in check().out
    git(root, "commit", "--quiet", "--amend", "--message", "another history")
    assert AGAIN not in check().out


def test_a_repository_around_it_counts(root: Path, check: Callable[..., Outcome]) -> None:
    check()
    (root.parent / ".git").mkdir()
    assert AGAIN not in check().out


def test_the_expiry_of_a_waiver_counts(root: Path, check: Callable[..., Outcome], tmp_path: Path) -> None:
    waiver = "{rule: unpinned-image, object: Pod/a, reason: soon, owner: me, expires: 2999-01-01}"
    (root / "kustodian.yaml").write_text(f"waivers: [{waiver}]\n")
    check()
    assert AGAIN in check().out
    entries = tmp_path / "cache" / "kustodian"
    (entry,) = (entries / "check").iterdir()
    head, _, body = entry.read_bytes()[32:].partition(b"\n")
    known = json.loads(head)
    assert known["until"] == "2999-01-01"
    content = json.dumps({**known, "until": "2020-01-01"}).encode() + b"\n" + body
    key = (entries / "key").read_bytes()
    signed = hmac.digest(key, entry.name.encode() + b"\0" + content, "sha256")
    entry.write_bytes(signed + content)
    assert AGAIN not in check().out
    entry.write_bytes(
        hmac.digest(key, entry.name.encode() + b"\0" + head + b"\n" + body, "sha256") + head + b"\n" + body
    )
    assert AGAIN in check().out, "it was the date"


def test_a_damaged_entry_is_ignored(root: Path, check: Callable[..., Outcome], tmp_path: Path) -> None:
    first = check()
    (entry,) = (tmp_path / "cache" / "kustodian" / "check").iterdir()
    for content in (b"", b"{}\n", b"no json", b"[1]\n"):
        entry.write_bytes(content)
        again = check()
        assert (again.code, AGAIN in again.out) == (first.code, False)
        assert (
            again.err
            == f"note: the stored result is not used: {entry} is damaged, or was not written with the key here\n"
        )


def test_incomplete_and_remote_checks_are_not_stored(root: Path, check: Callable[..., Outcome]) -> None:
    (root / "overlays/prod/a.yaml").write_text("a: [")
    assert check().code == 3
    assert AGAIN not in check().out
    (root / "overlays/prod/a.yaml").write_text(POD)
    assert AGAIN not in check("--allow-remote").out + check("--allow-remote").out


def test_policies_outside_of_the_repository_are_refused(root: Path, check: Callable[..., Outcome]) -> None:
    policy = 'package main\n\ndeny contains "policy says one" if true\n'
    elsewhere = write(root.parent / "policies", {"main.rego": policy})
    (root / "kustodian.yaml").write_text(f"rego: {{policy: [{elsewhere}]}}\n")
    for _ in range(2):
        outcome = check()
        assert outcome.code == 3
        assert "leads out of the repository" in outcome.err
