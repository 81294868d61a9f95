"""`git init` and the first commit of a generated repository."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Final

from kustodian import __version__

# What a person may set to steer git on purpose; every other GIT_ variable belongs to some other repository.
_KEPT: Final = (
    "GIT_AUTHOR_",
    "GIT_COMMITTER_",
    "GIT_CONFIG_GLOBAL",
    "GIT_CONFIG_SYSTEM",
    "GIT_CONFIG_NOSYSTEM",
    "GIT_EXEC_PATH",
)
_FALLBACK_NAME: Final = "kustodian"
_FALLBACK_EMAIL: Final = "kustodian@localhost"


def enclosing_repository(target: Path) -> Path | None:
    """The git repository that `target` would stand in, None where there is none."""
    for parent in Path(os.path.abspath(target)).parents:
        if (parent / ".git").exists():
            return parent
    return None


def make_first_commit(root: Path, branch: str) -> str:
    """Make `root` a git repository with everything in one commit; answers with one sentence on what was done.

    A commit that git refuses (a signing key that is locked, say) is not an error: the repository is complete
    and the sentence says what is left to do.
    """
    if shutil.which("git") is None:
        return "git is not installed: no repository was made; run `git init` once it is"
    for arguments in (("init", "--quiet", "--template=", f"--initial-branch={branch}"), ("add", "--all")):
        step = _git(root, *arguments)
        if step.returncode != 0:
            return f"git could not start a repository: {_last_line(step)}; run `git init` yourself"
    known = _git(root, "-c", "user.useConfigOnly=true", "var", "GIT_COMMITTER_IDENT").returncode == 0
    identity = [] if known else ["-c", f"user.name={_FALLBACK_NAME}", "-c", f"user.email={_FALLBACK_EMAIL}"]
    message = f"Add the repository that Kustodian {__version__} generated"
    done = _git(root, *identity, "commit", "--quiet", "--message", message)
    if done.returncode != 0:
        return f"git made no first commit: {_last_line(done)}; everything is staged, run `git commit`"
    if known:
        return f"first commit on branch {branch}"
    return (
        f"first commit on branch {branch} by {_FALLBACK_NAME} <{_FALLBACK_EMAIL}>, as git knows no user.name "
        "and user.email; set them before the next commit"
    )


def _git(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run git with nothing of the surroundings in it: no hooks, no global ignore file, no background work."""
    environment = {
        key: value for key, value in os.environ.items() if not key.startswith("GIT_") or key.startswith(_KEPT)
    }
    settings = (
        "core.hooksPath=/dev/null",
        "core.excludesFile=/dev/null",
        "gc.auto=0",
        "maintenance.auto=false",
    )
    options = [part for setting in settings for part in ("-c", setting)]
    return subprocess.run(
        ["git", *options, *arguments],
        cwd=root,
        env=environment,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )


def _last_line(process: subprocess.CompletedProcess[str]) -> str:
    lines = process.stderr.strip().splitlines()
    return lines[-1] if lines else f"exit code {process.returncode}"
