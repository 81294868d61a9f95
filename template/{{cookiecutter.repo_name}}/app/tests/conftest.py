"""A model trained once for all tests, exactly as the container trains it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

APP = Path(__file__).resolve().parent.parent
REVISION = "test"


@pytest.fixture(scope="session")
def model_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that train.py has filled with the revision "test"."""
    folder = tmp_path_factory.mktemp("models")
    environment = {**os.environ, "MODEL_DIR": str(folder), "MODEL_REVISION": REVISION}
    subprocess.run([sys.executable, "train.py"], cwd=APP, env=environment, check=True, timeout=300)
    return folder


@pytest.fixture(scope="session", autouse=True)
def _environment(model_dir: Path) -> None:
    # app.py loads its model when it is imported, as the server does: the tests import it after this.
    os.environ.update(MODEL_DIR=str(model_dir), MODEL_REVISION=REVISION)
    sys.path.insert(0, str(APP))
