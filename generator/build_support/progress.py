"""Show the progress of the build although pip hides a build's output."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self, TextIO

from build_support.errors import BuildError, explain

#: Seconds between two progress lines of a step without output.
HEARTBEAT = 20.0


class Progress:
    """Writes lines to stderr, and also to the terminal if there is one and stderr is something else."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._terminal: TextIO | None = None
        if not sys.stderr.isatty():
            try:
                self._terminal = Path("/dev/tty").open("w", encoding="utf-8")  # noqa: SIM115 - open while we build
            except OSError:
                self._terminal = None

    def say(self, text: str) -> None:
        """Print a line; may be called from any thread."""
        with self._lock:
            print(f"kustodian: {text}", file=sys.stderr, flush=True)
            if self._terminal is not None:
                # pip may show a spinner on the current line: clear it.
                print(f"\r\033[Kkustodian: {text}", file=self._terminal, flush=True)

    def close(self) -> None:
        """Close the terminal."""
        if self._terminal is not None:
            self._terminal.close()
            self._terminal = None


class Commands:
    """The running commands of a build, which can be stopped together."""

    def __init__(self, progress: Progress) -> None:
        self.progress = progress
        self._running: set[subprocess.Popen[str]] = set()
        self._lock = threading.Lock()
        self._stopped = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Stop the running commands, and start no more."""
        with self._lock:
            self._stopped = True
            running = list(self._running)
        for process in running:
            process.terminate()

    def run(
        self,
        what: str,
        command: Sequence[str],
        *,
        cwd: Path,
        env: Mapping[str, str],
        status: Callable[[int], str] = lambda lines: "",
        relay: bool = False,
    ) -> None:
        """Run a command to its end. Raises BuildError with the end of its output if it fails.

        `status` formats the number of output lines so far for the progress line; `relay` shows every line.
        """
        started = time.monotonic()
        output: list[str] = []
        with self._lock:
            if self._stopped:
                raise BuildError(f"{what} was stopped")
            process = subprocess.Popen(
                command, cwd=cwd, env=env, text=True, errors="replace",
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            )  # fmt: skip
            self._running.add(process)
        finished = threading.Event()

        def beat() -> None:
            shown = 0
            while not finished.wait(HEARTBEAT):
                if not relay or shown == len(output):
                    seconds = time.monotonic() - started
                    self.progress.say(f"{what}: {status(len(output))}{seconds:.0f} s")
                shown = len(output)

        heart = threading.Thread(target=beat, daemon=True)
        heart.start()
        try:
            with process:
                assert process.stdout is not None
                for line in process.stdout:
                    output.append(line.rstrip())
                    if relay:
                        self.progress.say(line.rstrip())
            code = process.returncode
        finally:
            finished.set()
            with self._lock:
                self._running.discard(process)
        if code:
            raise explain(what, output)
