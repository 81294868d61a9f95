"""The sample application of a generated repository, in an environment made from its own lock files.

Its tests train a model, start the server with the container's command, post the article's example, stop it while
a request is on its way, and run the pipeline's steps as processes of their own.
"""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tests.generator.repositories import answers_of, make

LOCKS = ("requirements.txt", "requirements-dev.txt", "requirements-cache.txt")


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("app") / "repository"
    make(answers_of(None, {"accelerator": "none", "cache": "redis", "pipeline": "spark"}), root)
    return root / "app"


@pytest.fixture(scope="module")
def python(app: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of an environment with exactly what the lock files say."""
    folder = tmp_path_factory.mktemp("venv")
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    install = [folder / "bin" / "python", "-m", "pip", "install", "--quiet", "--require-hashes"]
    for lock in LOCKS:
        install += ["--requirement", app / lock]
    subprocess.run(install, check=True)
    return folder / "bin" / "python"


def test_its_own_tests_succeed_and_none_is_skipped(app: Path, python: Path) -> None:
    done = _run([python, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-rs"], app)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "skipped" not in done.stdout


def test_a_model_is_loaded_by_a_second_process_that_may_only_read(
    app: Path, python: Path, tmp_path: Path
) -> None:
    environment = {"MODEL_DIR": str(tmp_path / "models"), "MODEL_REVISION": "1.0.0"}
    trained = _run([python, "train.py"], app, **environment)
    assert trained.returncode == 0, trained.stderr
    for path in [tmp_path / "models", *(tmp_path / "models").rglob("*")]:
        path.chmod(path.stat().st_mode & ~(stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH))
    code = "from model import load, model_path; print(load(model_path()).predict([[6.0, 2.9, 4.5, 1.5]]).tolist())"
    loaded = _run([python, "-c", code], app, **environment)
    assert loaded.stdout.strip() == "[1]", loaded.stderr


def _run(command: list[Path | str], cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    variables = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", **environment}
    return subprocess.run(
        [str(word) for word in command], cwd=cwd, env=variables, capture_output=True, text=True, check=False
    )
