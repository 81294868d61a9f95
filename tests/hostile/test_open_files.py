"""Few open files: the result as always, or one clear error, never another verdict."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.harness import SOURCE, Outcome, kustodian
from tests.hostile.repositories import two_revisions

COMMANDS: tuple[tuple[str, ...], ...] = (
    ("check", "--no-cache"), ("check", "--no-cache", "--base", "HEAD~1"), ("check", "--no-cache", "--format", "sarif"), ("check", "--no-cache", "--diff"),
    ("diff", "--base", "HEAD~1"), ("matrix",), ("rules",), ("explain", "unpinned-image"), ("promote", "staging", "prod", "--dry-run"),
    ("export", "admission", "--output", "-"), ("report", "merge", "report.json"), ("new", "fresh", "--defaults", "--no-check", "--no-git", "--dry-run"),
)  # fmt: skip


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return two_revisions(tmp_path_factory.mktemp("machine") / "repo")


def limited(words: tuple[str, ...], cwd: Path, files: int) -> Outcome:
    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))

    done = subprocess.run(
        [sys.executable, "-m", "kustodian", *words],
        cwd=cwd, env={"PATH": os.environ["PATH"], "PYTHONPATH": str(SOURCE), "LC_ALL": "C.UTF-8", "COLUMNS": "120"}, stdin=subprocess.DEVNULL,
        capture_output=True, text=True, check=False, timeout=120, preexec_fn=limit,
    )  # fmt: skip
    return Outcome(done.returncode, done.stdout, done.stderr)


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_64_open_files_are_enough(root: Path, words: tuple[str, ...]) -> None:
    usual, few = kustodian(*words, cwd=root), limited(words, root, 64)
    assert few.code == usual.code, few.err
    assert without_seconds(few.out) == without_seconds(usual.out)


@pytest.mark.parametrize("files", [8, 10, 16, 24])
@pytest.mark.parametrize("words", COMMANDS[:6], ids=" ".join)
def test_fewer_are_an_error_or_enough(root: Path, words: tuple[str, ...], files: int) -> None:
    usual, few = kustodian(*words, cwd=root), limited(words, root, files)
    assert few.code in (usual.code, 2, 3), few
    if few.code == usual.code and usual.code in (0, 1):
        assert without_seconds(few.out) == without_seconds(usual.out)
    elif files > 8:  # with fewer Python itself cannot load its modules
        assert "Traceback" not in few.err and "error" in few.err + few.out, few.err


def without_seconds(text: str) -> str:
    return "\n".join(line for line in text.splitlines() if not line.rstrip().endswith((" s)", " s)_")))
