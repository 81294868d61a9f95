"""Run git with a clean environment, without touching the work tree."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

_TIMEOUT_SECONDS = 30


def git(root: Path, *arguments: str, given: str = "") -> str | None:
    """The output of a git command in a folder; None if git fails, is missing or takes too long.

    `given` is its standard input.
    """
    environment = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    environment |= {"GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"}
    try:
        done = subprocess.run(
            ["git", "-C", str(root), *arguments],
            env=environment,
            input=given.encode("utf-8", "surrogateescape"),
            capture_output=True,
            check=False,
            timeout=_TIMEOUT_SECONDS,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.decode("utf-8", "replace") if done.returncode == 0 else None


def past_texts(root: Path, file: str, limit: int = 200) -> list[str]:
    """The contents of a file in the commits that HEAD reaches, newest first.

    Empty if they are not known for certain: no git, a shallow clone, or more than `limit` commits.
    """
    if git(root, "rev-parse", "--is-shallow-repository") != "false\n":
        return []
    revisions = (git(root, "log", f"--max-count={limit + 1}", "--format=%H", "--", file) or "").split()
    if len(revisions) > limit:
        return []
    texts = (git(root, "show", "--no-ext-diff", f"{rev}:./{file}") for rev in revisions)
    return [text for text in texts if text is not None]
