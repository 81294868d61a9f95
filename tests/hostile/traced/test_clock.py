"""A clock that is wrong, and files of the future: never another verdict. The program faketime sets the clock."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.harness import SOURCE, Outcome, kustodian, write
from tests.cli.test_base import KUSTOMIZATION, commit, git
from tests.hostile.repositories import two_revisions

WAIVED = '# kustodian: allow unpinned-image reason="known" owner=ml expires=2026-06-30'


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return two_revisions(tmp_path_factory.mktemp("machine") / "repo")


def at(clock: str, words: tuple[str, ...], cwd: Path, **variables: str) -> Outcome:
    """A command with another clock."""
    done = subprocess.run(
        ["faketime", clock, sys.executable, "-m", "kustodian", *words],
        cwd=cwd, env={"PATH": os.environ["PATH"], "PYTHONPATH": str(SOURCE), "LC_ALL": "C.UTF-8", "TZ": "UTC", **variables},
        stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=180,
    )  # fmt: skip
    return Outcome(done.returncode, done.stdout, done.stderr)


CHECK = ("check", "--rule", "unpinned-image", "--rule", "waiver-expired", "--rule", "waiver-unused")


@pytest.fixture
def waived(tmp_path: Path) -> Path:
    """A repository whose only finding is waived until June 2026."""
    root = write(tmp_path / "repo", {
        "kustodian.yaml": "environments: {prod: {class: prod, paths: [overlays/prod]}}\n",
        "overlays/prod/kustomization.yaml": f"{KUSTOMIZATION}resources: [a.yaml]\n",
        "overlays/prod/a.yaml": f"apiVersion: v1\nkind: Pod\nmetadata: {{name: a}}\nspec:\n  containers:\n    - name: c\n      image: x:latest {WAIVED}\n",
    })  # fmt: skip
    git(root, "init", "--quiet")
    commit(root, "one")
    for path in root.rglob("*"):
        if ".git" not in path.parts:
            os.utime(path, (1_700_000_000, 1_700_000_000))
    return root


def test_a_stored_verdict_ends_with_a_waiver_and_is_not_used_before_its_day(
    waived: Path, tmp_path: Path
) -> None:
    cache = {"XDG_CACHE_HOME": str(tmp_path / "cache")}
    for clock, code in (
        ("2026-06-29 12:00", 0),
        ("2026-06-30 12:00", 0),
        ("2026-07-02 12:00", 1),
        ("2026-06-01 12:00", 0),
        ("2027-01-01 12:00", 1),
    ):
        for _ in range(2):
            outcome = at(clock, CHECK, waived, **cache)
            assert outcome.code == code, (clock, outcome)


def test_files_and_entries_of_the_future_are_no_shortcut(waived: Path, tmp_path: Path) -> None:
    """A file whose time lies ahead is compared by its content, and so is one that is as old as it was."""
    cache = {"XDG_CACHE_HOME": str(tmp_path / "cache")}
    file = waived / "overlays/prod/a.yaml"
    good = file.read_text().replace("x:latest " + WAIVED, "x:1.0000 " + " " * len(WAIVED))
    bad = file.read_text().replace(WAIVED, " " * len(WAIVED))
    assert len(good) == len(bad)
    for when in (4_000_000_000, 1_700_000_000):
        file.write_text(good)
        os.utime(file, (when, when))
        clean = [at("2026-03-01 12:00", CHECK, waived, **cache).code for _ in range(2)]
        for entry in (tmp_path / "cache").rglob("*"):
            if entry.is_file():
                os.utime(entry, (4_000_000_000, 4_000_000_000))
        file.write_text(bad)
        os.utime(file, (when, when))
        assert (clean, at("2026-03-01 12:00", CHECK, waived, **cache).code) == ([0, 0], 1), when


@pytest.mark.parametrize("clock", ["1999-12-31 12:00", "2037-12-31 12:00"])
def test_commits_of_another_time_compare_as_always(root: Path, clock: str) -> None:
    """The commits are later than the clock, or far earlier."""
    words = ("check", "--no-cache", "--base", "HEAD~1", "--rule", "unpinned-image", "--format", "json")
    usual, outcome = kustodian(*words, cwd=root), at(clock, words, root)
    assert outcome.code == usual.code == 1, outcome.err
    assert outcome.data["comparison"]["new"] == usual.data["comparison"]["new"] == 1
    for words in (("diff", "--base", "HEAD~1"), ("promote", "staging", "prod", "--dry-run")):
        assert at(clock, words, root).code == kustodian(*words, cwd=root).code
