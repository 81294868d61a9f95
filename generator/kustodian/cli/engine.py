"""The engine process of this run, started before the command line is parsed."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from kustodian.render.engine import Engine

_unused: list[Engine] = []


def start_early(root: Path | None) -> None:
    """Start the engine for a command that will probably need it, and let it scan the repository at `root`.

    Never raises: an engine that does not start is reported when a command asks for it, and an unwanted scan
    is not read.
    """
    from kustodian.model.errors import UserError

    with contextlib.suppress(UserError):
        engine = _start()
        _unused.append(engine)
        if root is not None:
            engine.begin_scan(root)


def the_engine() -> Engine:
    """The engine that was started early, or a new one. Raises EngineError if it does not start."""
    return _unused.pop() if _unused else _start()


def end_engines() -> None:
    """End the engine that no command used, and wait for the processes of those that were used."""
    from kustodian.render.engine import wait_for_ended

    while _unused:
        with _unused.pop():
            pass
    wait_for_ended()


def _start() -> Engine:
    from kustodian.model.installed_files import engine_binary
    from kustodian.render.engine import Engine

    return Engine(engine_binary())
