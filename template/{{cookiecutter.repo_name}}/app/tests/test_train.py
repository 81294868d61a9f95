"""Training writes one revision, whole or not at all, and only where none is yet when asked so."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

APP = Path(__file__).resolve().parent.parent


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "train.py", *arguments], cwd=APP, capture_output=True, text=True, timeout=300, check=True
    )


def test_the_same_code_gives_the_same_model(tmp_path: Path) -> None:
    run("--output", str(tmp_path / "first"))
    run("--output", str(tmp_path / "second"))
    assert (tmp_path / "first").read_bytes() == (tmp_path / "second").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["first", "second"]


def test_a_revision_that_is_there_is_left_alone(tmp_path: Path) -> None:
    output = tmp_path / "revision" / "model.joblib"
    assert "wrote" in run("--if-missing", "--output", str(output)).stdout
    before = output.stat().st_mtime_ns
    assert "nothing to do" in run("--if-missing", "--output", str(output)).stdout
    assert output.stat().st_mtime_ns == before
