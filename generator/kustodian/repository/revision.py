"""Another revision of a repository, laid out beside it; the work tree and the index are never touched.

A revision is checked out in a temporary clone that shares the objects: unlike an archive it has its history
(some rules ask for it), takes no notice of `export-ignore`, and leaves nothing behind in `.git`.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from kustodian.model.errors import ExitCode, UserError
from kustodian.repository.history import git


@dataclass(frozen=True, slots=True)
class WorkTree:
    """The git work tree around a repository; `prefix` is the repository's folder in it, "" at the top."""

    top: Path
    prefix: str

    def inside(self, clone: Path) -> Path:
        """The repository in a clone of the work tree."""
        return clone / self.prefix


def work_tree(root: Path) -> WorkTree:
    """The work tree that holds a folder. Raises UserError where there is none, or no git."""
    if shutil.which("git") is None:
        raise UserError("--base needs git, and there is none on PATH", hint="install git")
    found = git(root, "rev-parse", "--show-toplevel", "--show-prefix")
    if found is None:
        raise UserError(
            f"{root} is in no git work tree", hint="--base compares with a revision: run it in a clone"
        )
    top, _, prefix = found.partition("\n")
    return WorkTree(Path(top), prefix.strip().rstrip("/"))


def merge_base(tree: WorkTree, revision: str) -> str:
    """The commit where HEAD and a revision parted. Raises UserError that says what to do."""
    known = git(tree.top, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    if known is None:
        raise UserError(f"--base {revision}: git knows no such commit", hint=_fetch_hint(tree, revision))
    found = git(tree.top, "merge-base", "HEAD", known.strip())
    if found is None:
        if git(tree.top, "rev-parse", "--verify", "--quiet", "HEAD") is None:
            raise UserError("there is no commit yet, so there is nothing to compare with")
        raise UserError(
            f"--base {revision}: HEAD and it have no commit in common here", hint=_fetch_hint(tree, revision)
        )
    return found.strip()


def head_commit(tree: WorkTree) -> str:
    """The commit that is checked out."""
    found = git(tree.top, "rev-parse", "--verify", "HEAD")
    if found is None:
        raise UserError("there is no commit yet, so there is nothing to compare with")
    return found.strip()


@contextmanager
def checked_out(tree: WorkTree, commit: str, *, index: bool = False) -> Iterator[Path]:
    """The repository at a commit, or with `index` what is staged on top of it, in a temporary folder.

    Raises UserError where git cannot lay it out.
    """
    content = git(tree.top, "write-tree") if index else commit
    if content is None:
        raise UserError("the index holds conflicts", hint="resolve them, `git add`, and try again")
    folder = Path(tempfile.mkdtemp(prefix="kustodian-base-")).resolve()
    clone = folder / "clone"
    try:
        steps = (
            (tree.top, ("clone", "--quiet", "--shared", "--no-checkout", str(tree.top), str(clone))),
            (clone, ("update-ref", "--no-deref", "HEAD", commit)),
            (clone, ("read-tree", "--reset", "-u", content.strip())),
        )
        for where, command in steps:
            if git(where, "-c", "core.hooksPath=/dev/null", *command) is None:
                raise UserError(
                    f"git {command[0]} failed for {commit[:12]}",
                    hint="`git fsck` says whether the clone is whole",
                    exit_code=ExitCode.NOT_CHECKED,
                )  # fmt: skip
        yield tree.inside(clone)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _fetch_hint(tree: WorkTree, revision: str) -> str:
    if git(tree.top, "rev-parse", "--is-shallow-repository") == "true\n":
        return (
            "this clone is shallow: `git fetch --unshallow`, or fetch-depth: 0 for actions/checkout, "
            "GIT_DEPTH: 0 for GitLab"
        )
    branch = revision.rpartition("/")[2]
    return f"`git fetch origin {branch}`, then name it as origin/{branch}"
