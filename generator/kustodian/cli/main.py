"""The `kustodian` command: one file a subcommand, one place where errors become messages and exit codes."""

from __future__ import annotations

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

    sys.exit(guarded(_app))


def _app() -> int:
    from kustodian.cli.app import app

    result = app(standalone_mode=False)
    return result if isinstance(result, int) else 0
