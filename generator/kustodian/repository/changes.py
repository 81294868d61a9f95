"""Which files of a repository differ between a commit and the work tree or the index."""

from __future__ import annotations

import contextlib
import posixpath
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from kustodian.model.errors import ExitCode, UserError
from kustodian.repository.history import git
from kustodian.repository.revision import SUBMODULE_MODE, WorkTree

_DIFF = ("-z", "--name-only", "--no-renames", "--no-ext-diff", "--no-textconv", "--no-color")


@dataclass(frozen=True)
class Changes:
    """Paths relative to the repository root, with forward slashes: `files`, and whole `folders`."""

    files: frozenset[str]
    folders: frozenset[str] = frozenset()

    @cached_property
    def above(self) -> frozenset[str]:
        """Every folder that something changed in, at any depth."""
        return frozenset(folder for path in (*self.files, *self.folders) for folder in _parents(path))

    @cached_property
    def _names(self) -> frozenset[str]:
        return self.files | self.folders | self.above

    def touch(self, path: str) -> bool:
        """Whether a file, or anything in a folder of this name, changed."""
        if path in self._names:
            return True
        return bool(self.folders) and any(parent in self.folders for parent in _parents(path))


def changes(tree: WorkTree, commit: str, *, staged: bool = False) -> Changes:
    """What differs from a commit: in the work tree, untracked and ignored files too; or in the index.

    Also named is what cannot be compared (submodules, files that git was told not to look at), and every file
    that a commit since then touched, even if another took it back: some rules read the history.
    Raises UserError where git fails.
    """
    found = {
        *_listed(tree, "diff", *_DIFF, *(["--cached"] if staged else []), "--ignore-submodules=none", commit),
        *_listed(tree, "log", "-z", "--name-only", "--format=", "-c", "--no-renames", f"{commit}..HEAD"),
    }
    folders: set[str] = set()
    for path in () if staged else _listed(tree, "ls-files", "-z", "--others", "--directory"):
        (folders if path.endswith("/") else found).add(path.rstrip("/"))
    for entry in _listed(tree, "ls-files", "-z", "-v", "--stage"):
        facts, _, path = entry.partition("\t")
        flag, mode = facts.split(" ")[:2]
        if mode == SUBMODULE_MODE:
            folders.add(path)
        elif flag == "S" or flag.islower():  # skip-worktree, assume-unchanged
            found.add(path)
    return Changes(frozenset(_inside(tree, found)), frozenset(_inside(tree, folders)))


def symbolic_links(root: Path, paths: Iterable[str]) -> dict[str, str]:
    """Those of some paths below a folder that are symbolic links, and what each says."""
    links = {}
    for path in paths:
        with contextlib.suppress(OSError):  # not a link, or not there
            links[path] = str((root / path).readlink())
    return links


def _listed(tree: WorkTree, *command: str) -> list[str]:
    output = git(tree.top, *command)
    if output is None:
        raise UserError(
            f"git {command[0]} failed, so what changed is not known",
            hint="`git fsck` says whether the clone is whole",
            exit_code=ExitCode.NOT_CHECKED,
        )
    return [path for path in output.split("\0") if path.strip("\n")]


def _inside(tree: WorkTree, paths: Iterable[str]) -> Iterator[str]:
    """The paths below the repository, relative to it; a folder around the repository is all of it."""
    prefix = f"{tree.prefix}/" if tree.prefix else ""
    for path in paths:
        if path.startswith(prefix):
            yield path.removeprefix(prefix)
        elif prefix.startswith(f"{path}/"):
            yield "."


def _parents(path: str) -> Iterator[str]:
    while path := posixpath.dirname(path):
        yield path
    yield "."
