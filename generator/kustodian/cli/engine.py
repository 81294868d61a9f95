"""The engine of this run, started before the command line is loaded: it works while Python imports."""

from __future__ import annotations

import atexit
import contextlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kustodian.render.engine import Engine

_started: list[Engine] = []


def start_early(arguments: Sequence[str]) -> None:
    """Start the engine for a command that will need it, and have it look at the repository already.

    What is wrong with it is said when it is used; what it was asked in vain is never read.
    """
    from kustodian.model.errors import UserError

    with contextlib.suppress(UserError):
        engine = _new()
        _started.append(engine)
        atexit.register(end_engines)
        if (root := _likely_root(arguments)) is not None:
            engine.begin_scan(root)


def the_engine() -> Engine:
    """The engine that was started early, or a new one. Raises EngineError where it does not start."""
    return _started.pop() if _started else _new()


def _likely_root(arguments: Sequence[str]) -> Path | None:
    """The repository that these arguments are probably about; options are not told from their values yet."""
    from kustodian.repository.layout import marked_root

    if "-" in arguments:
        return None
    given = [Path(word) for word in arguments if not word.startswith("-") and Path(word).exists()]
    first = given[0].resolve() if given else Path.cwd()
    return marked_root(first) if first.is_dir() else None


def _new() -> Engine:
    from kustodian.model.installed_files import engine_binary
    from kustodian.render.engine import Engine

    return Engine(engine_binary())


def end_engines() -> None:
    """End the engine that was started early if nothing was asked of it, and wait for those that are done."""
    while _started:
        with _started.pop():
            pass
    from kustodian.render.engine import wait_for_ended

    wait_for_ended()
