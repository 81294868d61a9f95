"""The error boundary: turns an error of the user into one message and a named exit code, not a traceback."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable

from kustodian.cli import signals
from kustodian.model.errors import ExitCode, UserError


def guarded(command: Callable[[], int]) -> int:
    """Run a command and return its exit code, or that of the error it raised."""
    try:
        return command()
    except UserError as error:
        return report_error(error)
    except KeyboardInterrupt as error:
        return _interrupted(error)
    except BrokenPipeError:
        silence_output()  # the reader (head, less) has closed the pipe
        return ExitCode.CLEAN
    except OSError as error:
        silence_output()  # if it was standard output that failed, the interpreter would try again at its end
        return report_error(_of_the_system(error))
    except (RecursionError, MemoryError) as error:
        return report_error(_too_much(error))
    except Exception as error:
        return _from_click(error)


def silence_output() -> None:
    """Discard further output, which the interpreter would fail to flush."""
    discarded = os.open(os.devnull, os.O_WRONLY)
    os.dup2(discarded, sys.stdout.fileno())
    os.close(discarded)


def report_error(error: UserError) -> int:
    """Print an error on stderr, and return its exit code."""
    from kustodian.report.escape import own_lines, plain

    lines = [f"{_paint('error')}: {own_lines(error.message)}"]
    if error.place():
        lines.append(f"  --> {plain(error.place())}")
    if error.hint:
        lines.append(f"  = {own_lines(error.hint)}")
    with contextlib.suppress(OSError):  # nobody can be told
        print(*lines, sep="\n", file=sys.stderr, flush=True)
    return error.exit_code


def _of_the_system(error: OSError) -> UserError:
    """What the operating system refused: a full disk, a folder that is gone, a closed stream."""
    from pathlib import Path

    try:
        Path.cwd()
    except OSError:
        return UserError(
            "the working directory does not exist any more",
            hint="change to a folder that does",
            exit_code=ExitCode.NOT_CHECKED,
        )
    reason = error.strerror or str(error) or type(error).__name__
    if error.filename is None:
        return UserError(
            f"cannot go on: {reason}",
            hint="look at standard output, free space, and open files",
            exit_code=ExitCode.NOT_CHECKED,
        )
    file = os.fsdecode(error.filename) if isinstance(error.filename, str | bytes | os.PathLike) else None
    return UserError(f"cannot go on: {reason}", file, exit_code=ExitCode.NOT_CHECKED)


def _too_much(error: RecursionError | MemoryError) -> UserError:
    if isinstance(error, MemoryError):
        from kustodian.model.memory_limit import VARIABLE

        return UserError(
            "there is not enough memory, or the limit for it is reached",
            hint=f"check fewer overlays at once, or set {VARIABLE} to more than 2GiB",
            exit_code=ExitCode.NOT_CHECKED,
        )
    return UserError(
        "a file, or a folder, is nested too deeply to be read",
        hint="look for thousands of nested lists, mappings or folders",
        exit_code=ExitCode.NOT_CHECKED,
    )


def _interrupted(error: KeyboardInterrupt) -> int:
    with contextlib.suppress(OSError):
        print("\ninterrupted; nothing was left half-done", file=sys.stderr)
    return signals.exit_code(error)


def _from_click(error: Exception) -> int:
    """Handle an error of the command line's parser; any other one is a defect, printed with its traceback."""
    from typer import Abort, Exit

    if isinstance(error, Exit):
        return error.exit_code
    if isinstance(error, Abort):
        return _interrupted(KeyboardInterrupt())
    # typer bundles its own copy of click, so a usage error is recognised by its method.
    show = getattr(error, "show", None)
    if callable(show):
        with contextlib.suppress(OSError):
            show()
        return ExitCode.USAGE
    import traceback

    traceback.print_exception(error)
    print("error: this is a defect of kustodian; please report the lines above", file=sys.stderr)
    return ExitCode.NOT_CHECKED


def _paint(word: str) -> str:
    colour = sys.stderr.isatty() and not os.environ.get("NO_COLOR")
    return f"\x1b[1;31m{word}\x1b[0m" if colour else word
