"""The first commit, with a real git in surroundings that would mislead it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from kustodian import __version__
from kustodian.scaffold.writing.first_commit import enclosing_repository, make_first_commit
from tests.unit.scaffold.conftest import ROOT


@pytest.fixture(autouse=True)
def lonely_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No configuration of the machine or of the person who runs the tests."""
    home = tmp_path / "home"
    home.mkdir()
    for key in list(os.environ):
        if key.startswith("GIT_") or key in ("EMAIL", "XDG_CONFIG_HOME"):
            monkeypatch.delenv(key)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    return home


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "repository"
    (folder / "overlays").mkdir(parents=True)
    (folder / "README.md").write_text("hello\n")
    (folder / "overlays" / "notes.bak").write_text("kept\n")
    return folder


def git(root: Path, *arguments: str) -> str:
    return subprocess.run(
        ["git", *arguments], cwd=root, check=True, capture_output=True, encoding="utf-8"
    ).stdout.strip()


def test_everything_is_in_one_commit_on_the_branch(root: Path, lonely_git: Path) -> None:
    (lonely_git / ".gitconfig").write_text("[user]\n name = Ada\n email = ada@example.com\n")
    assert make_first_commit(root, "trunk") == "first commit on branch trunk"
    assert git(root, "log", "--format=%an <%ae> %cn|%s") == (
        f"Ada <ada@example.com> Ada|Add the repository that Kustodian {__version__} generated"
    )
    assert git(root, "symbolic-ref", "HEAD") == "refs/heads/trunk"
    assert git(root, "status", "--porcelain") == ""
    assert git(root, "ls-files").splitlines() == ["README.md", "overlays/notes.bak"]


def test_without_an_identity_one_is_lent_for_this_commit_only(root: Path, lonely_git: Path) -> None:
    said = make_first_commit(root, "main")
    assert "kustodian <kustodian@localhost>" in said
    assert git(root, "log", "--format=%an <%ae> %cn <%ce>") == (
        "kustodian <kustodian@localhost> kustodian <kustodian@localhost>"
    )
    assert "kustodian" not in (root / ".git" / "config").read_text()
    assert list(lonely_git.iterdir()) == []


def test_variables_of_another_repository_do_not_redirect_it(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    git(other, "init", "--quiet")
    before = sorted(path.as_posix() for path in other.rglob("*"))
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(other))
    monkeypatch.setenv("GIT_INDEX_FILE", str(other / "index"))
    make_first_commit(root, "main")
    for key in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"):
        monkeypatch.delenv(key)
    assert git(root, "rev-list", "--count", "HEAD") == "1"
    assert sorted(path.as_posix() for path in other.rglob("*")) == before


def test_global_hooks_templates_and_ignore_files_have_no_say(
    root: Path, lonely_git: Path, tmp_path: Path
) -> None:
    for folder in ("hooks", "template/hooks"):
        hook = tmp_path / folder / "pre-commit"
        hook.parent.mkdir(parents=True)
        hook.write_text("#!/bin/sh\nexit 1\n")
        hook.chmod(0o755)
    (tmp_path / "ignore").write_text("*.bak\n")
    (lonely_git / ".gitconfig").write_text(
        f"[core]\n hooksPath = {tmp_path}/hooks\n excludesFile = {tmp_path}/ignore\n"
        f"[init]\n templateDir = {tmp_path}/template\n"
    )
    assert make_first_commit(root, "main").startswith("first commit on branch main")
    assert git(root, "ls-files").splitlines() == ["README.md", "overlays/notes.bak"]


def test_a_commit_that_git_refuses_is_told_and_left_staged(root: Path, lonely_git: Path) -> None:
    (lonely_git / ".gitconfig").write_text(
        "[user]\n name = Ada\n email = a@example.com\n[commit]\n gpgSign = true\n[gpg]\n program = false\n"
    )
    said = make_first_commit(root, "main")
    assert said.startswith("git made no first commit: ") and said.endswith("run `git commit`")
    assert git(root, "diff", "--cached", "--name-only").splitlines() == ["README.md", "overlays/notes.bak"]


def test_without_git_it_says_so(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    assert make_first_commit(root, "main").startswith("git is not installed")
    assert not (root / ".git").exists()


def test_a_git_that_does_not_run_is_told(root: Path, tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "git").write_text("#!/bin/sh\necho 'no developer tools' >&2\nexit 1\n")
    (tmp_path / "bin" / "git").chmod(0o755)
    # In a process of its own: GitPython tries git when it is imported.
    program = (
        "import pathlib, sys; from kustodian.scaffold.writing.first_commit import make_first_commit as commit; "
        "print(commit(pathlib.Path(sys.argv[1]), 'main'))"
    )
    path = f"{tmp_path / 'bin'}:{os.environ['PATH']}"
    said = subprocess.run(
        [sys.executable, "-c", program, str(root)],
        env={**os.environ, "PATH": path, "PYTHONPATH": str(ROOT / "generator")},
        check=True,
        capture_output=True,
        encoding="utf-8",
    ).stdout
    assert said.startswith("git could not start a repository: ") and "no developer tools" in said


def test_the_environment_is_as_it_was_afterwards(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_DIR", "elsewhere")
    before = dict(os.environ)
    make_first_commit(root, "main")
    assert dict(os.environ) == before


def test_an_enclosing_repository_is_found(tmp_path: Path) -> None:
    assert enclosing_repository(tmp_path / "a" / "b") is None
    git(tmp_path, "init", "--quiet")
    assert enclosing_repository(tmp_path / "a" / "b") == tmp_path
