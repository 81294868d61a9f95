"""`git init` and the first commit of a generated repository."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from kustodian import __version__
from kustodian.repository.git import git_program

if TYPE_CHECKING:
    from git.cmd import Git

# Variables that people set on purpose; every other GIT_ variable belongs to some other repository.
_KEPT: Final = (
    "GIT_AUTHOR_",
    "GIT_COMMITTER_",
    "GIT_CONFIG_GLOBAL",
    "GIT_CONFIG_SYSTEM",
    "GIT_CONFIG_NOSYSTEM",
    "GIT_EXEC_PATH",
)
# No hooks, no global ignore file, no background work.
_SETTINGS: Final = (
    "safe.bareRepository=explicit",
    "core.fsmonitor=false",
    "core.hooksPath=/dev/null",
    "submodule.recurse=false",
    "core.excludesFile=/dev/null",
    "gc.auto=0",
    "maintenance.auto=false",
)
_FALLBACK_NAME: Final = "kustodian"
_FALLBACK_EMAIL: Final = "kustodian@localhost"


def enclosing_repository(target: Path) -> Path | None:
    """The git repository that contains `target`, None if there is none."""
    for parent in Path(os.path.abspath(target)).parents:
        if (parent / ".git").exists():
            return parent
    return None


def make_first_commit(root: Path, branch: str) -> str:
    """Make `root` a git repository with everything in one commit; return a sentence about the result.

    A commit that git refuses (a locked signing key, say) is not an error: the repository is complete and the
    sentence says what is left to do.
    """
    program = git_program()
    if program is None:
        return "git is not installed: no repository was made; run `git init` once it is"
    with _clean_environment(root, program):
        try:
            from git.cmd import Git
        except ImportError as error:  # it runs `git version`: git is installed but does not work
            return f"git could not start a repository: {_last_line(str(error))}; run `git init` yourself"
        return _first_commit(Git(root), branch)


def _first_commit(git: Git, branch: str) -> str:
    for step in (("init", "--quiet", "--template=", f"--initial-branch={branch}"), ("add", "--all")):
        refused = _run(git, *step)
        if refused is not None:
            return f"git could not start a repository: {refused}; run `git init` yourself"
    known = _run(git, "-c", "user.useConfigOnly=true", "var", "GIT_COMMITTER_IDENT") is None
    identity = () if known else ("-c", f"user.name={_FALLBACK_NAME}", "-c", f"user.email={_FALLBACK_EMAIL}")
    message = f"Add the repository that Kustodian {__version__} generated"
    refused = _run(git, *identity, "commit", "--quiet", "--message", message)
    if refused is not None:
        return f"git made no first commit: {refused}; everything is staged, run `git commit`"
    if known:
        return f"first commit on branch {branch}"
    return (
        f"first commit on branch {branch} by {_FALLBACK_NAME} <{_FALLBACK_EMAIL}>, as git knows no user.name "
        "and user.email; set them before the next commit"
    )


def _run(git: Git, *arguments: str) -> str | None:
    """Run a git command; None if it succeeds, otherwise the last line of its errors."""
    options = [part for setting in _SETTINGS for part in ("-c", setting)]
    status, _, said = git.execute(
        [git.GIT_PYTHON_GIT_EXECUTABLE or "git", *options, *arguments],
        with_extended_output=True,
        with_exceptions=False,
    )
    return None if status == 0 else _last_line(said) or f"exit code {status}"


@contextmanager
def _clean_environment(root: Path, program: str) -> Iterator[None]:
    """Name the repository and git, and remove other repositories' variables.

    GitPython passes this process's environment to git, which would otherwise look for a repository around
    `root` and run what its configuration names.
    """
    removed = {
        key: value
        for key, value in os.environ.items()
        if key.startswith("GIT_") and not key.startswith(_KEPT)
    }
    for key in removed:
        del os.environ[key]
    top = os.path.abspath(root)
    own = {"GIT_DIR": f"{top}/.git", "GIT_WORK_TREE": top, "GIT_PYTHON_GIT_EXECUTABLE": program}
    os.environ.update(own)
    try:
        yield
    finally:
        for key in own:
            del os.environ[key]
        os.environ.update(removed)


def _last_line(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[-1].strip() if lines else ""
