"""Runs the command under strace, which kills it or lets one of its system calls fail."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from tests.cli.harness import SOURCE, Outcome

#: The calls that change files.
CALLS = (
    "write", "pwrite64", "fsync", "fchmod", "openat", "mkdir", "mkdirat", "rmdir", "rename", "renameat", "renameat2", "link", "linkat",
    "symlink", "symlinkat", "unlink", "unlinkat", "chmod", "ftruncate",
)  # fmt: skip
_CALL = re.compile(r"^(\w+)\(")


class Moment(NamedTuple):
    """The `number`-th call of a system call, counted from 1."""

    call: str
    number: int


def run(words: tuple[str, ...], cwd: Path, temporary: Path, *options: str) -> Outcome:
    """The command under strace with some options; temporary files and the cache are in a folder of their own."""
    temporary.mkdir(exist_ok=True)
    done = subprocess.run(
        ["strace", "-qqq", *options, sys.executable, "-m", "kustodian", *words],
        cwd=cwd, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=180,
        env={
            "PATH": os.environ["PATH"], "PYTHONPATH": str(SOURCE), "LC_ALL": "C.UTF-8", "TMPDIR": str(temporary),
            "XDG_CACHE_HOME": str(temporary.parent / "cache"), "PYTHONDONTWRITEBYTECODE": "1",
        },
    )  # fmt: skip
    return Outcome(done.returncode, done.stdout, done.stderr)


def moments(
    words: tuple[str, ...], cwd: Path, temporary: Path, folders: tuple[Path, ...], most: int
) -> list[Moment]:
    """When a run changes something in these folders, at most so many moments, spread over the run.

    The last ones are always among them: that is when results are put in place.
    """
    log = temporary.parent / "strace.log"
    run(words, cwd, temporary, "-y", "-o", str(log), "-e", f"trace={','.join(CALLS)}")
    counted: Counter[str] = Counter()
    found = []
    for line in log.read_text(errors="replace").splitlines():
        match = _CALL.match(line)
        if match is None:
            continue
        counted[match[1]] += 1
        if match[1] == "openat" and "O_CREAT" not in line:
            continue
        if any(str(folder) in line for folder in folders):
            found.append(Moment(match[1], counted[match[1]]))
    late = found[-most * 2 // 3 :]
    early = found[: len(found) - len(late)]
    return [*early[:: max(1, len(early) // max(1, most // 3))], *late]


def killed(words: tuple[str, ...], cwd: Path, temporary: Path, moment: Moment, signal: str) -> Outcome:
    """A run that gets a signal at a moment."""
    return run(
        words,
        cwd,
        temporary,
        "-e",
        f"trace={moment.call}",
        "-e",
        f"inject={moment.call}:signal={signal}:when={moment.number}",
        "-o",
        "/dev/null",
    )


def failing(words: tuple[str, ...], cwd: Path, temporary: Path, moment: Moment, error: str) -> Outcome:
    """A run in which a call fails with an error."""
    return run(
        words,
        cwd,
        temporary,
        "-e",
        f"trace={moment.call}",
        "-e",
        f"inject={moment.call}:error={error}:when={moment.number}",
        "-o",
        "/dev/null",
    )


def committed(root: Path) -> dict[str, bytes]:
    """What `git add --all` would take along, by path."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=root, check=True, capture_output=True
    ).stdout  # fmt: skip
    names = {os.fsdecode(name) for name in listed.split(b"\0") if name}
    return {name: (root / name).read_bytes() for name in sorted(names) if (root / name).is_file()}
