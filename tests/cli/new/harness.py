"""`kustodian new` as a process, away from the person who runs the tests, and what it leaves behind."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
RECORD = ".kustodian-answers.yaml"


def environment(place: Path) -> dict[str, str]:
    """Nothing of the person who runs the tests."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(place.parent / "home"),
        "TMPDIR": str(place.parent / "temporary"),
        "GIT_CONFIG_NOSYSTEM": "1",
        "PYTHONPATH": str(ROOT / "generator"),
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def new(place: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "kustodian", "new", *arguments],
        cwd=place,
        env=environment(place),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=300,
    )


def files(folder: Path) -> dict[str, bytes]:
    """Contents of the files below a folder, without git's."""
    return {
        name: path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not (name := path.relative_to(folder).as_posix()).startswith(".git/")
    }


def everything(place: Path) -> list[str]:
    """All that exists at and beside the target, and among the temporary files."""
    return sorted(path.relative_to(place.parent).as_posix() for path in place.parent.rglob("*"))
