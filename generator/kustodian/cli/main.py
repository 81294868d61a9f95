"""The entry point of the `kustodian` command."""

from __future__ import annotations

# The built-in part of `signal`, which takes ten milliseconds to import.
import _signal  # type: ignore[import-not-found]
import sys

TYPE_CHECKING = False  # as typing's, without its import
if TYPE_CHECKING:
    from typing import NoReturn

    from kustodian.cli.early import CommandLine


def run() -> NoReturn:
    """Run the command line and exit with a code of `kustodian.model.errors.ExitCode`."""
    # Until the handlers are in place a signal ends the process, without a traceback.
    if _signal.getsignal(_signal.SIGINT) is not _signal.SIG_IGN:
        _signal.signal(_signal.SIGINT, _signal.SIG_DFL)
    from kustodian.cli.early import peek

    line = peek()
    if line.asks_version:
        from kustodian import __version__

        try:
            print(f"kustodian {__version__}", flush=True)
        except OSError:  # a full disk, a closed pipe
            _exit_at_once(3)
        sys.exit(0)
    from kustodian.cli import signals
    from kustodian.cli.boundary import guarded

    signals.install()
    _open_closed_streams()
    code = guarded(lambda: _run(line))
    if line.may_render:
        _exit_at_once(code)
    sys.exit(code)


def _open_closed_streams() -> None:
    """Put something in place of streams that the caller closed (`>&-`), and never fail on a character.

    Python has no object for a closed stream, and the next file that is opened would take its number.
    Writing to the replacement fails, as it should.
    """
    import os

    for number, name in enumerate(("stdin", "stdout", "stderr")):
        stream = getattr(sys, name)
        if stream is None:
            opened = os.open(os.devnull, os.O_RDONLY)
            if opened != number:
                os.dup2(opened, number)
                os.close(opened)
            mode = "r" if number == 0 else "w"
            stream = open(number, mode, encoding="utf-8", closefd=False)  # noqa: SIM115 - as long as the process
            setattr(sys, name, stream)
        if number and hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def _run(line: CommandLine) -> int:
    """Take the result from the cache, or run the command with an engine that starts meanwhile."""
    import gc

    # A short-lived process keeps most of the objects it makes: collections find little.
    gc.set_threshold(1_000_000)
    if line.may_use_cache:
        from kustodian.cli.cache import look_up

        stored = look_up(line.words)
        if stored is not None and stored.write_reports():
            return stored.code
    if not line.may_render:
        if line.may_read_repository:
            _limit_memory()
        return _command(line)
    from kustodian.cli.engine import end_engines, start_early

    start_early(line.likely_root())
    _limit_memory()
    try:
        return _command(line)
    finally:
        end_engines()


def _limit_memory() -> None:
    from kustodian.model.memory_limit import limit_python

    limit_python()


def _command(line: CommandLine) -> int:
    from kustodian.cli.app import command_line

    try:
        result = command_line(line.subcommand)(standalone_mode=False)
    except SystemExit as error:
        if isinstance(error.__context__, BrokenPipeError):  # typer would exit with 1, which means findings
            raise error.__context__ from None
        raise
    sys.stdout.flush()  # inside the error boundary, which handles a closed pipe
    return result if isinstance(result, int) else 0


def _exit_at_once(code: int) -> NoReturn:
    """Exit without freeing the objects of the run one by one, which takes longer than writing the report."""
    import contextlib
    import os

    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):  # a failed write has been reported already
            stream.flush()
    os._exit(code)
