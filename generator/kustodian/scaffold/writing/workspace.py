"""A temporary folder that is removed even after an interrupt."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from kustodian.scaffold.writing.interrupts import Interrupts

_IGNORE = ".gitignore"


@contextmanager
def workspace(interrupts: Interrupts, beside: Path | None = None) -> Iterator[Path]:
    """An empty folder in `beside` (by default among the system's temporary files), removed afterwards.

    Missing parents are made, `beside` included, and removed again if they end up empty.
    """
    made: list[Path] = []
    work: Path | None = None
    try:
        with interrupts.held():
            for parent in reversed([beside, *beside.parents]) if beside else ():
                if not parent.exists():
                    parent.mkdir()
                    made.append(parent)
            work = Path(tempfile.mkdtemp(prefix=".kustodian-", dir=beside))
            _hide_from_git(work)
        yield work
    finally:
        with interrupts.held():
            if work is not None:
                _remove(work)
            for parent in reversed(made):
                with suppress(OSError):  # not empty: the repository is in it
                    parent.rmdir()


def _remove(folder: Path) -> None:
    """Remove the folder, and last of all what hides it from git."""
    for entry in folder.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry, ignore_errors=True)
        elif entry.name != _IGNORE:
            with suppress(OSError):
                entry.unlink()
    if [entry.name for entry in folder.iterdir()] == [_IGNORE]:
        shutil.rmtree(folder, ignore_errors=True)


def _hide_from_git(folder: Path) -> None:
    """Let git ignore a folder, so that no commit takes it along if the process is killed.

    The file that says so is made inside `.git`, which git ignores by itself.
    """
    aside = folder / ".git"
    aside.mkdir()
    (aside / "ignore").write_text("*\n", encoding="utf-8")
    (aside / "ignore").rename(folder / _IGNORE)
    aside.rmdir()
