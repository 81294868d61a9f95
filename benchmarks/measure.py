"""Run commands in turn, and print a table of their median times."""

from __future__ import annotations

import contextlib
import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Contender:
    """A command to measure, run in `cwd`; `prepare` runs before each run and is not measured.

    `coverage` says what it checks. Exit codes in `accepted` are results, any other is a failure. `given` is
    the file for standard input, `variables` are added to the environment. `memory` also measures the peak of
    all of its processes together, which slows it down slightly.
    """

    name: str
    command: Sequence[str | Path]
    cwd: Path
    coverage: str
    accepted: tuple[int, ...] = (0, 1)
    prepare: Callable[[], object] | None = None
    given: Path | None = None
    variables: Mapping[str, str] = field(default_factory=dict)
    memory: bool = False
    seconds: list[float] = field(default_factory=list)
    peaks: list[int] = field(default_factory=list)

    @property
    def median(self) -> float:
        """The median wall time in seconds."""
        return statistics.median(self.seconds)


def interleave(contenders: Sequence[Contender], runs: int) -> None:
    """Run all of them in turn, `runs` times. Raises RuntimeError if one fails."""
    for _ in range(runs):
        for contender in contenders:
            if contender.prepare is not None:
                contender.prepare()
            _run(contender)


def _run(contender: Contender) -> None:
    given = contender.given or Path(os.devnull)
    with given.open("rb") as stdin, tempfile.TemporaryFile() as errors:
        started = time.perf_counter()
        process = subprocess.Popen(
            [str(word) for word in contender.command],
            cwd=contender.cwd,
            stdin=stdin,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            env=_environment() | dict(contender.variables),
        )
        if contender.memory:
            contender.peaks.append(_peak_of_all(process))
        code = process.wait()
        contender.seconds.append(time.perf_counter() - started)
        if code not in contender.accepted:
            errors.seek(0)
            said = errors.read().decode("utf-8", "replace")[-600:]
            raise RuntimeError(f"{contender.name} exited with {code}: {said}")


def _peak_of_all(process: subprocess.Popen[bytes]) -> int:
    """The peak memory of a process and its children together, in MiB; shared pages count once."""
    peak = 0
    while process.poll() is None:
        peak = max(peak, sum(map(_proportional_kib, _with_children(process.pid))))
        time.sleep(0.02)
    return peak // 1024


def _with_children(process: int) -> list[int]:
    found = [process]
    for task in Path(f"/proc/{process}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            for child in task.read_text().split():
                found += _with_children(int(child))
    return found


def _proportional_kib(process: int) -> int:
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{process}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1])
    return 0


def line_through(points: Sequence[tuple[float, float]]) -> tuple[float, float, float]:
    """A least-squares fit: intercept, slope and coefficient of determination."""
    slope, intercept = statistics.linear_regression(*zip(*points, strict=True))
    explained = statistics.correlation(*zip(*points, strict=True)) ** 2
    return intercept, slope, explained


def table(title: str, contenders: Sequence[Contender], reference: str) -> str:
    """A markdown table; ratios are to the contender named `reference`."""
    base = next(contender.median for contender in contenders if contender.name == reference)
    rows = [("", "median s", f"of {reference}", "checks")]
    rows += [(one.name, f"{one.median:.2f}", f"{one.median / base:.3f}", one.coverage) for one in contenders]
    # A pipe of a shell command must not end the cell.
    cells = [" | ".join(cell.replace("|", "\\|") for cell in row) for row in rows]
    lines = [f"### {title}", "", f"| {cells[0]} |", "|---|---:|---:|---|", *(f"| {c} |" for c in cells[1:])]
    return "\n".join(lines) + "\n"


def _environment() -> dict[str, str]:
    """The environment for contenders, in which Python writes and uses byte code as in an installation."""
    return {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
