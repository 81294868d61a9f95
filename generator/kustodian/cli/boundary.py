"""The error boundary: turns an error of the user into one message and a named exit code, not a traceback."""

from __future__ import annotations

import sys
from collections.abc import Callable

from kustodian.model.errors import ExitCode, UserError


def guarded(command: Callable[[], int]) -> int:
    """Run a command and return its exit code, or that of the error it raised."""
    try:
        return command()
    except UserError as error:
        return report_error(error)
    except KeyboardInterrupt:
        print("\ninterrupted; nothing was left half-done", file=sys.stderr)
        return ExitCode.INTERRUPTED
    except BrokenPipeError:
        silence_output()  # the reader (head, less) has closed the pipe
        return ExitCode.CLEAN
    except Exception as error:
        return _from_click(error)


def silence_output() -> None:
    """Discard further output, which the interpreter would fail to flush."""
    import os

    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def report_error(error: UserError) -> int:
    """Print an error on stderr, and return its exit code."""
    print(f"{_paint('error')}: {error.message}", file=sys.stderr)
    if error.place():
        print(f"  --> {error.place()}", file=sys.stderr)
    if error.hint:
        print(f"  = {error.hint}", file=sys.stderr)
    return error.exit_code


def _from_click(error: Exception) -> int:
    """Handle an error of the command line's parser; any other one is a defect, printed with its traceback."""
    from typer import Abort, Exit

    if isinstance(error, Exit):
        return error.exit_code
    if isinstance(error, Abort):
        print("\ninterrupted; nothing was left half-done", file=sys.stderr)
        return ExitCode.INTERRUPTED
    # typer bundles its own copy of click, so a usage error is recognised by its method.
    show = getattr(error, "show", None)
    if callable(show):
        show()
        return ExitCode.USAGE
    import traceback

    traceback.print_exception(error)
    print("error: this is a defect of kustodian; please report the lines above", file=sys.stderr)
    return ExitCode.NOT_CHECKED


def _paint(word: str) -> str:
    import os

    colour = sys.stderr.isatty() and not os.environ.get("NO_COLOR")
    return f"\x1b[1;31m{word}\x1b[0m" if colour else word
