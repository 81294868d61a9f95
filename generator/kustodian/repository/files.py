"""List the files of a repository, and replace a file."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from kustodian.model.errors import UserError
from kustodian.repository.git import git_program, repository_around
from kustodian.repository.snapshot import SKIPPED


def repository_files(root: Path) -> tuple[str, ...]:
    """Every regular file below `root`, relative to it, sorted; without what git ignores.

    Raises UserError if `root` is in a git repository and git fails.
    """
    listed = _listed(root)
    found = listed.split("\0") if listed is not None else _walk(root)
    above = f"{root}/"
    is_file = os.path.isfile  # thousands of files: a Path for each is slow
    return tuple(sorted({name for name in found if name and is_file(above + name)}))


def _listed(root: Path) -> str | None:
    """The files as git lists them; None without git, without a repository and for one that is not trusted."""
    if git_program() is None:
        return None
    try:
        repository = repository_around(root)
    except UserError:
        return None
    if repository is None:
        return None
    return repository.text("ls-files", "-z", "--cached", "--others", "--exclude-standard")


def _walk(root: Path) -> Iterator[str]:
    for folder, folders, files in os.walk(root):
        folders[:] = [name for name in folders if name not in SKIPPED]
        for name in files:
            yield (Path(folder) / name).relative_to(root).as_posix()


def replace_file(path: Path, content: bytes, *, executable: bool = False) -> None:
    """Write a file atomically; an existing one keeps its mode, `executable` is for a new one.

    Raises OSError and leaves the old file in place.
    """
    fresh = path.with_name(f".{path.name}.{os.getpid()}.kustodian-new")
    try:
        fresh.write_bytes(content)
        if path.exists():
            fresh.chmod(stat.S_IMODE(path.stat().st_mode))
        elif executable:
            fresh.chmod(fresh.stat().st_mode | 0o111)
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)
