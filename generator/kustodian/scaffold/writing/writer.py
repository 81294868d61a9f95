"""Write a generated repository to its target: the whole of it, or nothing."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

from kustodian.model.errors import UserError
from kustodian.scaffold.answers.model import Answers
from kustodian.scaffold.writing.generate import generate
from kustodian.scaffold.writing.interrupts import Interrupts
from kustodian.scaffold.writing.workspace import workspace

_ELSEWHERE: Final = "choose a folder that does not exist yet"


def write(answers: Answers, target: Path, template: Path, finish: Callable[[Path], None]) -> list[str]:
    """Generate the repository at `target`; return the paths of its files, relative to it and sorted.

    `finish` is called on the generated folder before it moves (the first commit is made there). The folder is
    built next to the target, or inside if the target is an empty folder, so that the move stays on one file
    system. After an error or a signal the target is as it was before.

    Raises UserError if the target is not empty, and KeyboardInterrupt after SIGINT or SIGTERM.
    """
    refuse_occupied(target)
    target = Path(os.path.abspath(target))
    try:
        exists = target.is_dir()
        with (
            Interrupts() as interrupts,
            workspace(interrupts, target if exists else target.parent) as work,
        ):
            root = generate(answers, template, work, interrupts)
            files = files_below(root)
            finish(root)
            with interrupts.held():
                if exists:
                    _move_into(root, target)
                else:
                    root.rename(target)
    except OSError as error:
        where = str(error.filename or target)
        raise UserError(
            f"cannot write: {error.strerror or error}", where, hint="choose another folder"
        ) from error
    return files


def refuse_occupied(target: Path) -> None:
    """Raise UserError unless `target` is an empty folder or does not exist."""
    try:
        if target.is_symlink() and not target.exists():
            raise UserError("the target is a link to nothing", str(target), hint=_ELSEWHERE)
        if target.exists() and not target.is_dir():
            raise UserError("the target is a file", str(target), hint=_ELSEWHERE)
        held = sorted(path.name for path in target.iterdir()) if target.exists() else []
    except OSError as error:
        raise UserError(
            f"cannot look at the target: {error.strerror}", str(target), hint=_ELSEWHERE
        ) from error
    if held:
        some = ", ".join(held[:3]) + (f" and {len(held) - 3} more" if len(held) > 3 else "")
        raise UserError(
            f"the target is not empty: it holds {some}",
            str(target),
            hint=f"{_ELSEWHERE}, or compare with --dry-run",
        )


def files_below(root: Path) -> list[str]:
    """The paths of all files below `root`, relative to it, with `/`, sorted."""
    return sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if not path.is_dir())


def _move_into(root: Path, target: Path) -> None:
    """Move the content of `root`: the target itself may be a shell's working directory, or a mount."""
    moved: list[Path] = []
    try:
        for entry in sorted(root.iterdir()):
            if os.path.lexists(target / entry.name):
                raise FileExistsError(None, "it appeared meanwhile", str(target / entry.name))
            entry.rename(target / entry.name)
            moved.append(entry)
    except OSError:
        for entry in moved:
            (target / entry.name).rename(entry)
        raise
