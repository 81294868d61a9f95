"""Changes of a work tree, and its files without a system call for each."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from kustodian.repository.changes import changes, symbolic_links, work_tree_files
from kustodian.repository.files import repository_files
from kustodian.repository.revision import checkout, work_tree

FILES = ("base/a.yaml", "base/b.yaml", "overlays/dev/c.yaml", "overlays/dev/d.yaml", ".gitignore")


def git(root: Path, *arguments: str) -> str:
    """Run git with a fixed identity."""
    command = [
        "git",
        "-C",
        str(root),
        "-c",
        "user.name=Test",
        "-c",
        "user.email=test@example.com",
        *arguments,
    ]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Five files and two symbolic links, committed; one link leads to a folder, so it does not count as a file."""
    git(tmp_path, "init", "--quiet")
    for name in FILES:
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("*.out\nbuild/\n" if name == ".gitignore" else f"name: {name}\n")
    (tmp_path / "link.yaml").symlink_to("base/a.yaml")
    (tmp_path / "folder").symlink_to("base")
    git(tmp_path, "add", "--all")
    git(tmp_path, "commit", "--quiet", "-m", "first")
    return tmp_path


def nothing(root: Path) -> None:
    """No change."""


def edited(root: Path) -> None:
    """A changed, a deleted, a new and an ignored file."""
    (root / "base/a.yaml").write_text("name: other\n")
    (root / "base/b.yaml").unlink()
    (root / "overlays/dev/e.yaml").write_text("name: e\n")
    (root / "overlays/dev/log.out").write_text("")


def folders(root: Path) -> None:
    """New folders, one of them ignored; a link replaced by a file, and a file by a folder."""
    for folder in ("build", "overlays/prod"):
        (root / folder).mkdir()
        (root / folder / "x.yaml").write_text("name: x\n")
    (root / "folder").unlink()
    (root / "folder").write_text("name: folder\n")
    (root / "base/a.yaml").unlink()
    (root / "base/a.yaml").mkdir()


def nothing_new(root: Path) -> None:
    """Only tracked files: one changed, one deleted, a link replaced by a file."""
    (root / "base/a.yaml").write_text("name: other\n")
    (root / "base/b.yaml").unlink()
    (root / "folder").unlink()
    (root / "folder").write_text("name: folder\n")


def committed(root: Path) -> None:
    """A later commit with a file that is deleted again; another file is staged and deleted."""
    for name in ("base/later.yaml", "base/staged.yaml"):
        (root / name).write_text("name: later\n")
        git(root, "add", name)
        if name == "base/later.yaml":
            git(root, "commit", "--quiet", "-m", "second")
        (root / name).unlink()


def sparse(root: Path) -> None:
    """A sparse checkout: some tracked files are missing, and git does not report it."""
    git(root, "sparse-checkout", "set", "--no-cone", "/base/", "/.gitignore")


@pytest.mark.parametrize(
    "change", [nothing, edited, folders, nothing_new, committed, sparse], ids=lambda f: f.__name__
)
def test_work_tree_files_are_those_of_repository_files(
    change: Callable[[Path], None], repository: Path
) -> None:
    first = git(repository, "rev-parse", "HEAD")
    change(repository)
    tree = work_tree(repository)
    found = changes(tree, first)
    with checkout(tree, first) as base:
        assert set(base.files) == {*FILES, "link.yaml", "folder"}
        assert base.links == {"link.yaml", "folder"}
        assert work_tree_files(repository, found, base.files) == repository_files(repository)


def test_the_targets_of_symbolic_links(repository: Path) -> None:
    found = changes(work_tree(repository), git(repository, "rev-parse", "HEAD"))
    assert found.links == {"link.yaml", "folder"}
    assert symbolic_links(repository, found.links) == {"link.yaml": "base/a.yaml", "folder": "base"}


def test_paths_are_relative_to_the_repository_in_a_subfolder(repository: Path) -> None:
    (repository / "base/a.yaml").write_text("name: other\n")
    found = changes(work_tree(repository / "base"), git(repository, "rev-parse", "HEAD"))
    assert found.files == {"a.yaml"}
    assert found.tracked == {"a.yaml", "b.yaml"}
