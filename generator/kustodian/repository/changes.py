"""Which files of a repository differ between a commit and the work tree or the index."""

from __future__ import annotations

import contextlib
import posixpath
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from kustodian.repository.files import repository_files
from kustodian.repository.revision import LINK_MODE, SUBMODULE_MODE, WorkTree, path_of

#: The flag of an entry that is compared with the work tree (`git ls-files -v`).
_CACHED = "H"
_DIFF = ("-z", "--name-only", "--no-renames", "--no-ext-diff", "--no-textconv", "--no-color")


@dataclass(frozen=True)
class Changes:
    """What changed: `files` and whole `folders`, relative to the repository root, with forward slashes.

    `tracked` are all files of the index, changed or not, and `links` the symbolic links among them.
    `has_others` says that there are untracked files.
    """

    files: frozenset[str]
    folders: frozenset[str] = frozenset()
    tracked: frozenset[str] = frozenset()
    links: frozenset[str] = frozenset()
    has_others: bool = False

    @cached_property
    def above(self) -> frozenset[str]:
        """Every folder with a change below it, at any depth."""
        return frozenset(folder for path in (*self.files, *self.folders) for folder in _parents(path))

    def touch(self, path: str) -> bool:
        """Whether a file, or anything in a folder of this name, changed."""
        if path in self._names:
            return True
        return bool(self.folders) and any(parent in self.folders for parent in _parents(path))

    @cached_property
    def _names(self) -> frozenset[str]:
        return self.files | self.folders | self.above


def changes(tree: WorkTree, commit: str, *, staged: bool = False) -> Changes:
    """The changes since a commit in the work tree, with untracked and ignored files; or those in the index.

    Submodules and files that git does not compare (skip-worktree, assume-unchanged) count as changed. So does
    every file that a later commit touched, even if it was reverted: some rules read the history.
    Raises UserError if git fails. Git does not look into submodules: it would follow their configuration.
    """
    found = {
        *_listed(
            tree, "diff", *_DIFF, *(["--cached"] if staged else []), "--ignore-submodules=dirty", commit
        ),
        *_listed(tree, "log", "-z", "--name-only", "--format=", "-c", "--no-renames", f"{commit}..HEAD"),
    }
    folders: set[str] = set()
    others = [] if staged else _listed(tree, "ls-files", "-z", "--others", "--directory")
    for path in others:
        (folders if path.endswith("/") else found).add(path.rstrip("/"))
    tracked, links = set(), set()
    for entry in _listed(tree, "ls-files", "-z", "-v", "--stage"):
        path = path_of(entry)
        if entry.startswith(f"{_CACHED} 100"):  # nearly all are plain files
            tracked.add(path)
            continue
        flag, mode = entry.split(" ", 2)[:2]
        if mode == SUBMODULE_MODE:
            folders.add(path)
            continue
        tracked.add(path)
        if mode == LINK_MODE:
            links.add(path)
        if flag != _CACHED:  # skip-worktree, assume-unchanged, in conflict
            found.add(path)
    return Changes(
        files=_inside(tree, found),
        folders=_inside(tree, folders),
        tracked=_inside(tree, tracked),
        links=_inside(tree, links),
        has_others=bool(others),
    )


def work_tree_files(root: Path, changes: Changes, known: Iterable[str]) -> tuple[str, ...]:
    """The files that `repository_files` returns, without a system call for each.

    `known` are the files of the commit that `changes` start from: unchanged ones still exist.
    """
    if changes.has_others:
        return repository_files(root)
    existing = (changes.tracked - changes.links).intersection(known)
    return tuple(
        sorted(
            name
            for name in changes.tracked
            if (name in existing and not changes.touch(name)) or (root / name).is_file()
        )
    )


def symbolic_links(root: Path, paths: Iterable[str]) -> dict[str, str]:
    """The targets of those paths below `root` that are symbolic links."""
    links = {}
    for path in paths:
        with contextlib.suppress(OSError):  # not a link, or missing
            links[path] = str((root / path).readlink())
    return links


def _listed(tree: WorkTree, *command: str) -> list[str]:
    return [path for path in tree.repository.text(*command).split("\0") if path.strip("\n")]


def _inside(tree: WorkTree, paths: Iterable[str]) -> frozenset[str]:
    """The paths relative to the repository, without those outside; a folder around it becomes `.`."""
    if not tree.prefix:
        return frozenset(paths)
    prefix = f"{tree.prefix}/"
    below = {path.removeprefix(prefix) for path in paths if path.startswith(prefix)}
    return frozenset(below | {"." for path in paths if prefix.startswith(f"{path}/")})


def _parents(path: str) -> Iterator[str]:
    while path := posixpath.dirname(path):
        yield path
    yield "."
