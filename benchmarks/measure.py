"""Interleaved runs of commands, and the table of their medians."""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Contender:
    """One way to look at the input: `command` is run in `cwd`; `prepare` before each run, not counted.

    `coverage` says what it checks; exit codes in `accepted` are results, any other one is a failure.
    """

    name: str
    command: Sequence[str | Path]
    cwd: Path
    coverage: str
    accepted: tuple[int, ...] = (0, 1)
    prepare: Callable[[], object] | None = None
    seconds: list[float] = field(default_factory=list)

    @property
    def median(self) -> float:
        """Seconds of wall time."""
        return statistics.median(self.seconds)


def interleave(contenders: Sequence[Contender], runs: int) -> None:
    """Run all of them in turn, `runs` times. Raises RuntimeError where one fails: a failure is not fast."""
    for _ in range(runs):
        for contender in contenders:
            if contender.prepare is not None:
                contender.prepare()
            started = time.perf_counter()
            done = subprocess.run(
                [str(word) for word in contender.command], cwd=contender.cwd, stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=_environment(), check=False,
            )  # fmt: skip
            contender.seconds.append(time.perf_counter() - started)
            if done.returncode not in contender.accepted:
                said = done.stderr.decode("utf-8", "replace")[-600:]
                raise RuntimeError(f"{contender.name} exited with {done.returncode}: {said}")


def table(title: str, contenders: Sequence[Contender], reference: str) -> str:
    """A markdown table; ratios are to the contender named `reference`."""
    base = next(contender.median for contender in contenders if contender.name == reference)
    lines = [f"### {title}", "", f"| | median s | of {reference} | checks |", "|---|---:|---:|---|"]
    lines += [
        f"| {one.name} | {one.median:.2f} | {one.median / base:.2f} | {one.coverage} |" for one in contenders
    ]
    return "\n".join(lines) + "\n"


def peak_memory() -> int:
    """The most memory that one child process ever had, in MiB."""
    scale = 1024 if sys.platform != "darwin" else 1024 * 1024
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // scale


def _environment() -> dict[str, str]:
    """Byte code is written and used, as in an installed package."""
    return {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
