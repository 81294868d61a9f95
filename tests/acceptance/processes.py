"""Programs that a test starts, and that are gone when it ends, however it ends.

Each program runs in a process group of its own. A supervisor process knows the groups and the temporary folder and
sees, by a pipe that closes, when the test run is gone: even after SIGKILL nothing keeps running and no file stays.
"""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

ROOT = Path(__file__).parents[2]


#: Below the range from which Linux takes a port for each connection, so that nobody gets one of these between the
#: look and the start of a program.
PORTS = range(10_000, 32_768)
#: What runs in this process, for the report of a test that failed.
RUNNING: list[Processes] = []


def free_port() -> int:
    """A port that nobody listens on at the moment, another one each time."""
    while True:
        port = random.choice(PORTS)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


@dataclass
class Process:
    """A program that was started, and its log."""

    name: str
    popen: subprocess.Popen[bytes]
    log: Path

    @property
    def is_running(self) -> bool:
        """Whether it has not ended."""
        return self.popen.poll() is None

    def stop(self) -> None:
        """End it and wait until it is gone."""
        if self.is_running:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.popen.pid, signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.popen.wait(timeout=10)
        # The group outlives its leader where the leader left children behind.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.popen.pid, signal.SIGKILL)
        self.popen.wait()

    def tail(self, lines: int = 8) -> str:
        """The last lines of its log."""
        found = self.log.read_text(errors="replace").splitlines()[-lines:]
        return "\n".join(line[:400] for line in found)


class Processes:
    """Programs around one temporary folder; `close` ends the programs, newest first, and deletes the folder."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="kustodian-acceptance-"))
        self.started: list[Process] = []
        self._supervisor = subprocess.Popen(
            [sys.executable, __file__, str(self.folder)], stdin=subprocess.PIPE, start_new_session=True
        )
        RUNNING.append(self)

    def spawn(
        self, name: str, command: Sequence[str | Path], env: Mapping[str, str] | None = None
    ) -> Process:
        """Start a program in a process group of its own; what it leaves is in the temporary folder."""
        log = self.folder / f"{name}.log"
        environment = {**os.environ, "TMPDIR": str(self.folder), **(env or {})}
        with log.open("ab") as output:
            popen = subprocess.Popen(
                [str(word) for word in command], cwd=self.folder, env=environment,
                stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip
        self._tell(popen.pid)
        process = Process(name, popen, log)
        self.started.append(process)
        return process

    def stop(self, name: str) -> None:
        """End the program of that name."""
        for process in [process for process in self.started if process.name == name]:
            self._stop(process)

    def close(self) -> None:
        """End everything and leave nothing behind."""
        if self in RUNNING:
            RUNNING.remove(self)
        for process in reversed(list(self.started)):
            self._stop(process)
        if self._supervisor.stdin and not self._supervisor.stdin.closed:
            self._supervisor.stdin.close()
        self._supervisor.wait()

    def _stop(self, process: Process) -> None:
        process.stop()
        self.started.remove(process)
        self._tell(-process.popen.pid)  # its number may soon be somebody else's

    def _tell(self, group: int) -> None:
        assert self._supervisor.stdin
        self._supervisor.stdin.write(f"{group}\n".encode())
        self._supervisor.stdin.flush()

    def wait(self, what: str, ready: Callable[[], object], seconds: float = 120) -> None:
        """Ask until it is so. Raises AssertionError with the logs where a program ended or time is up."""
        deadline = time.monotonic() + patience(seconds)
        while True:
            with contextlib.suppress(OSError):
                if ready():
                    return
            dead = [process for process in self.started if not process.is_running]
            if dead or time.monotonic() > deadline:
                why = f"{dead[0].name} ended" if dead else f"not within {seconds:.0f} s"
                raise AssertionError(f"{what}: {why}\n{self.logs(dead or self.started)}")
            time.sleep(0.1)

    def logs(self, processes: Sequence[Process] | None = None) -> str:
        """The end of the log of each program."""
        return "\n".join(
            f"--- {process.name} (ended with {process.popen.returncode})\n{process.tail()}"
            if not process.is_running
            else f"--- {process.name}\n{process.tail()}"
            for process in processes or self.started
        )


def patience(seconds: float) -> float:
    """How long to wait: a slow machine gets twice the time. Waits of a few seconds are for what should not come."""
    return 2 * seconds if seconds >= 10 else seconds


def supervise(folder: Path, groups: IO[bytes]) -> None:
    """Wait until the pipe closes, then end every group that was named on it and not taken back (with a minus)."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    running: set[int] = set()
    for line in groups:
        group = int(line)
        if group > 0:
            running.add(group)
        else:
            running.discard(-group)
    for group in running:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(group, signal.SIGKILL)
    for _ in range(20):
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            return
        time.sleep(0.1)


if __name__ == "__main__":
    supervise(Path(sys.argv[1]), sys.stdin.buffer)
