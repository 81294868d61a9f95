"""`cookiecutter template/` alone writes and refuses what `kustodian new` does."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.new.harness import RECORD, ROOT, environment, files, new

TEMPLATE = ROOT / "template"


def cookiecutter(place: Path, *answers: str) -> subprocess.CompletedProcess[str]:
    """`cookiecutter template/` where nobody has installed Kustodian."""
    absent = place.parent / "absent"
    absent.mkdir()
    (absent / "kustodian.py").write_text("raise ImportError('the template must not need Kustodian')\n")
    command = [sys.executable, "-m", "cookiecutter", str(TEMPLATE), "--no-input"]
    return subprocess.run(
        [*command, "--output-dir", str(place), *answers],
        env={**environment(place), "PYTHONPATH": str(absent)},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


def test_plain_cookiecutter_gives_the_same_files(default_repository: Path, place: Path) -> None:
    made = cookiecutter(place)
    assert made.returncode == 0, made.stdout + made.stderr
    plain, ours = files(place / "iris-model"), files(default_repository)
    assert sorted(plain) == sorted(ours)
    assert [name for name in plain if plain[name] != ours[name]] == []
    result = new(place, "again", "--answers", str(place / "iris-model" / RECORD), "--no-check", "--no-git")
    assert (result.returncode, result.stderr) == (0, "")
    assert files(place / "again") == files(default_repository)


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        (
            ["rollout=canary", "exposure=cluster-only"],
            "a canary needs a traffic router: choose exposure gateway-api",
        ),
        (
            ["accelerator=nvidia-dra", "kubernetes_version=1.33"],
            "choose a kubernetes_version of 1.34 or later",
        ),
        (
            ["exposure=node-port"],
            "a node port has no TLS and prod is of class prod: choose exposure gateway-api",
        ),
        (["model_name=Iris"], "model_name must be a DNS label"),
    ],
)
def test_plain_cookiecutter_refuses_what_does_not_go_together(
    place: Path, answers: list[str], said: str
) -> None:
    result = cookiecutter(place, *answers)
    assert result.returncode != 0
    assert said in result.stdout + result.stderr
    assert list(place.iterdir()) == []
