"""The process of the engine."""

from __future__ import annotations

import contextlib
import os
import subprocess
from pathlib import Path
from typing import IO

from kustodian.model.errors import EngineError, ExitCode

_PIPE_BYTES = 1 << 20


def start(binary: Path) -> subprocess.Popen[bytes]:
    """The engine as a process. Raises EngineError if it does not start."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("KUSTOMIZE_")}
    try:
        process = subprocess.Popen(
            [str(binary)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment
        )
    except OSError as error:
        raise EngineError(
            f"the rendering engine does not start: {error}",
            hint="install kustodian again; the engine is part of it",
            exit_code=ExitCode.NOT_CHECKED,
        ) from error
    _widen(process.stdout)
    return process


def _widen(pipe: IO[bytes] | None) -> None:
    """Enlarge the buffer of a pipe (Linux only), so that the engine is blocked less often."""
    with contextlib.suppress(ImportError, AttributeError, OSError):
        import fcntl

        assert pipe is not None
        fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
