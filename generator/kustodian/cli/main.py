"""The `kustodian` command: one file a subcommand, one place where errors become messages and exit codes."""

from __future__ import annotations

import contextlib
import gc
import os
import sys
from typing import NoReturn


def run() -> NoReturn:
    """Run the command line and exit with a code of `kustodian.model.errors.ExitCode`."""
    if sys.argv[1:] in (["--version"], ["-V"]):
        # Asked for often and by scripts: it should not load the command line at all.
        from kustodian import __version__

        print(f"kustodian {__version__}")
        sys.exit(0)
    from kustodian.cli.boundary import guarded

    code = guarded(_app)
    if sys.argv[1:2] and sys.argv[1] in _RENDERING:
        _leave(code)
    sys.exit(code)


#: Commands that render, where nothing else is asked of them.
_RENDERING = ("check", "diff", "matrix")


def _app() -> int:
    # Short-lived, and most of what it makes it keeps: looking for garbage often only costs.
    gc.set_threshold(1_000_000)
    if sys.argv[1:2] == ["check"] and "--no-cache" not in sys.argv:
        from kustodian.cli.replay import replay

        if (code := replay(sys.argv[1:])) is not None:
            return code
    if sys.argv[1:2] and sys.argv[1] in _RENDERING and not {"-h", "--help"} & set(sys.argv):
        from kustodian.cli.engine import start_early

        start_early(sys.argv[2:])
    from kustodian.cli.app import command_line

    result = command_line(next(iter(sys.argv[1:]), None))(standalone_mode=False)
    sys.stdout.flush()  # here, where it is known what to do if nobody reads any more
    return result if isinstance(result, int) else 0


def _leave(code: int) -> NoReturn:
    """End without taking apart what a check knows: object by object that takes longer than the report."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):  # what there is to say of it has been said
            stream.flush()
    if "kustodian.cli.engine" in sys.modules:  # a report that was only written again has needed none
        from kustodian.cli.engine import end_engines

        end_engines()
    os._exit(code)
