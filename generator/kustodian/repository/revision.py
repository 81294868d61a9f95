"""Check out another revision of a repository without touching its work tree and index.

The revision is checked out in a temporary clone that shares git's objects. Unlike an archive, a clone has the
history that some rules read, ignores `export-ignore`, and leaves nothing behind in `.git`.
"""

from __future__ import annotations

import os
import shutil
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from kustodian.model.errors import ExitCode, UserError
from kustodian.repository.history import git
from kustodian.repository.temporary import temporary_folder

SUBMODULE_MODE, LINK_MODE = "160000", "120000"
_NO_HOOKS = ("-c", f"core.hooksPath={os.devnull}")
_CHECKOUT = (*_NO_HOOKS, "checkout-index", "--force", "--quiet")


class WorkTree(NamedTuple):
    """The git work tree around a repository; `prefix` is the repository's folder in it, "" at the top."""

    top: Path
    prefix: str

    def inside(self, clone: Path) -> Path:
        """The repository in a clone of the work tree."""
        return clone / self.prefix


def work_tree(root: Path) -> WorkTree:
    """The work tree that contains a folder. Raises UserError if there is none, or no git."""
    if shutil.which("git") is None:
        raise UserError("--base needs git, which is not on PATH", hint="install git")
    found = git(root, "rev-parse", "--show-toplevel", "--show-prefix")
    if found is None:
        raise UserError(
            f"{root} is not in a git work tree", hint="--base compares with a revision: run it in a clone"
        )
    top, _, prefix = found.partition("\n")
    return WorkTree(Path(top), prefix.strip().rstrip("/"))


def merge_base(tree: WorkTree, revision: str) -> str | None:
    """The merge base of HEAD and a revision; None for `HEAD` before the first commit.

    Raises UserError if there is none.
    """
    if revision == "HEAD" and git(tree.top, "rev-parse", "--verify", "--quiet", "HEAD") is None:
        return None
    known = git(tree.top, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    if known is None:
        raise UserError(f"--base {revision}: git does not find this commit", hint=_fetch_hint(tree, revision))
    found = git(tree.top, "merge-base", "HEAD", known.strip())
    if found is None:
        if git(tree.top, "rev-parse", "--verify", "--quiet", "HEAD") is None:
            raise UserError("there is no commit to compare with yet", hint="commit first, or use --base HEAD")
        raise UserError(
            f"--base {revision}: it has no commit in common with HEAD in this clone",
            hint=_fetch_hint(tree, revision),
        )
    return found.strip()


def empty_tree(tree: WorkTree) -> str:
    """The id of the tree without files."""
    return (git(tree.top, "hash-object", "-t", "tree", os.devnull) or "").strip()


class Checkout:
    """A revision of the repository in a temporary folder; `root` is the repository in it.

    Files are checked out on demand: comparing a change to one overlay needs few files of its base.
    """

    def __init__(self, tree: WorkTree, clone: Path) -> None:
        """`clone` has an index and no files yet."""
        self.root = tree.inside(clone)
        self._tree, self._clone = tree, clone
        self._laid_out: set[str] = set()
        self.root.mkdir(parents=True, exist_ok=True)

    @cached_property
    def files(self) -> tuple[str, ...]:
        """Every tracked file, relative to `root`."""
        return tuple(map(path_of, self._entries))

    @cached_property
    def links(self) -> frozenset[str]:
        """The tracked symbolic links, relative to `root`."""
        return frozenset(path_of(entry) for entry in self._entries if entry.startswith(LINK_MODE))

    @cached_property
    def _entries(self) -> list[str]:
        return _index(self.root)

    def lay_out(self, names: Iterable[str]) -> None:
        """Check out files of these names, and folders with all their files. Raises UserError if git fails."""
        if not self._laid_out:
            self._lay_out_submodules()
        wanted = {file for name in set(names) for file in self._meant_by(name)} - self._laid_out
        if wanted:
            given = "\0".join(sorted(wanted)) + "\0"
            _require(git(self.root, *_CHECKOUT, "-z", "--stdin", given=given), "files")
            self._laid_out |= wanted

    def _meant_by(self, name: str) -> tuple[str, ...]:
        """The file of this name, or all files below the folder of this name."""
        if name == ".":
            return self.files
        first = bisect_left(self._sorted, name)
        if first < len(self._sorted) and self._sorted[first] == name:
            return (name,)
        first = bisect_left(self._sorted, f"{name}/", first)
        # "0" is the character after "/": this is where paths that begin with the folder end.
        return tuple(self._sorted[first : bisect_left(self._sorted, f"{name}0", first)])

    @cached_property
    def _sorted(self) -> list[str]:
        return sorted(self.files)  # git sorts by bytes

    def lay_out_all(self) -> None:
        """Check out all files. Raises UserError if git fails."""
        _require(git(self._clone, *_CHECKOUT, "--all"), "files")
        self._lay_out_submodules()
        self._laid_out = set(self.files)

    def _lay_out_submodules(self) -> None:
        """Check out the submodules.

        One whose commit is missing here stays empty: overlays that read it then do not render.
        """
        listed = git(self._clone, "ls-files", "-z", "--", ".gitmodules")
        for path, commit in _submodules(self._clone) if listed else ():
            source = self._tree.top / path
            here = (source / ".git").exists()
            if here and git(source, "cat-file", "-e", f"{commit}^{{commit}}") is not None:
                shutil.rmtree(self._clone / path, ignore_errors=True)
                _clone(source, self._clone / path, commit, commit)
                Checkout(WorkTree(source, ""), self._clone / path).lay_out_all()


@contextmanager
def checkout(tree: WorkTree, commit: str | None, *, index: bool = False) -> Iterator[Checkout]:
    """The repository at a commit, or with `index` as it is staged.

    Raises UserError if git cannot check it out.
    """
    content = git(tree.top, "write-tree") if index else commit
    if content is None:
        raise UserError("the index has conflicts", hint="resolve them, `git add`, and try again")
    parent = git(tree.top, "rev-parse", "--verify", "--quiet", "HEAD") if index else commit
    with temporary_folder("kustodian-base-") as folder:
        _clone(tree.top, folder / "clone", parent, content.strip())
        yield Checkout(tree, folder / "clone")


def _clone(source: Path, clone: Path, parent: str | None, content: str) -> None:
    """Clone without files; `parent` becomes HEAD and the tree `content` the index."""
    shared = ("clone", "--quiet", "--shared", "--no-checkout", str(source), str(clone))
    _require(git(source, *_NO_HOOKS, *shared), content)
    if parent is not None:
        _require(git(clone, "update-ref", "--no-deref", "HEAD", parent.strip()), content)
    _require(git(clone, "read-tree", "--reset", content), content)


def _require(output: str | None, what: str) -> None:
    if output is None:
        raise UserError(
            f"git cannot check out {what[:12]} in a temporary folder",
            hint="run `git fsck` to see whether the clone is damaged",
            exit_code=ExitCode.NOT_CHECKED,
        )


def _submodules(clone: Path) -> Iterator[tuple[str, str]]:
    """The path and commit of each submodule."""
    for entry in _index(clone):
        if entry.startswith(SUBMODULE_MODE):
            yield path_of(entry), entry.split(" ")[1]


def _index(folder: Path) -> list[str]:
    """The entries of the index below a folder: mode, id, stage, a tab and the path."""
    return [entry for entry in (git(folder, "ls-files", "-z", "--stage") or "").split("\0") if entry]


def path_of(entry: str) -> str:
    """The path of an entry of `git ls-files --stage`."""
    return entry[entry.index("\t") + 1 :]


def _fetch_hint(tree: WorkTree, revision: str) -> str:
    if git(tree.top, "rev-parse", "--is-shallow-repository") == "true\n":
        return (
            "this clone is shallow: run `git fetch --unshallow`, or set fetch-depth: 0 for actions/checkout, "
            "GIT_DEPTH: 0 for GitLab"
        )
    branch = revision.rpartition("/")[2]
    return f"run `git fetch origin {branch}`, then use --base origin/{branch}"
