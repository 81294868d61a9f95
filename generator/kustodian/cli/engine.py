"""The engine of this run, started before the command line is loaded: it wakes up while Python imports."""

from __future__ import annotations

import atexit
import contextlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kustodian.render.engine import Engine

_started: list[Engine] = []


def start_early() -> None:
    """Start the engine for a command that will need it. What is wrong with it is said when it is used."""
    from kustodian.model.errors import UserError

    with contextlib.suppress(UserError):
        _started.append(_new())
        atexit.register(_end_unused)


def the_engine() -> Engine:
    """The engine that was started early, or a new one. Raises EngineError where it does not start."""
    return _started.pop() if _started else _new()


def _new() -> Engine:
    from kustodian.model.resources import engine_binary
    from kustodian.render.engine import Engine

    return Engine(engine_binary())


def _end_unused() -> None:
    """A usage error ended the run before anything was asked."""
    while _started:
        with _started.pop():
            pass
