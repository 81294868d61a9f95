"""The process of the engine."""

from __future__ import annotations

import contextlib
import os
import subprocess
from pathlib import Path
from typing import IO, BinaryIO, NamedTuple

from kustodian.model.errors import EngineError, ExitCode
from kustodian.model.memory_limit import engine_memory, unlimited

_PIPE_BYTES = 1 << 20
#: How much is read of what a crashed engine printed.
_LOGGED = 16_384


class Process(NamedTuple):
    """A running engine, and the file that takes what it prints if it crashes (on Linux)."""

    popen: subprocess.Popen[bytes]
    log: BinaryIO | None

    def ended(self) -> tuple[int, str]:
        """Wait for its end: the exit code, and what it printed."""
        code = self.popen.wait()
        if self.log is None:
            return code, ""
        self.log.seek(0)
        return code, self.log.read(_LOGGED).decode("utf-8", "replace")

    def close(self) -> None:
        """Close what belongs to it, without waiting for its end."""
        for stream in (self.popen.stdin, self.popen.stdout, self.log):
            with contextlib.suppress(BrokenPipeError):
                if stream is not None:
                    stream.close()


def start(binary: Path) -> Process:
    """Start the engine. Raises EngineError if that fails."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("KUSTOMIZE_")}
    environment |= engine_memory()
    log: BinaryIO | None = None
    if hasattr(os, "memfd_create"):
        log = os.fdopen(os.memfd_create("kustodian-engine"), "w+b")
    try:
        with unlimited():
            popen = subprocess.Popen(
                [str(binary)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, env=environment
            )
    except OSError as error:
        raise EngineError(
            f"the rendering engine does not start: {error}",
            hint="install kustodian again; the engine is part of it",
            exit_code=ExitCode.NOT_CHECKED,
        ) from error
    _widen(popen.stdout)
    return Process(popen, log)


def _widen(pipe: IO[bytes] | None) -> None:
    """Enlarge the buffer of a pipe (Linux only), so that the engine is blocked less often."""
    with contextlib.suppress(ImportError, AttributeError, OSError):
        import fcntl

        assert pipe is not None
        fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
