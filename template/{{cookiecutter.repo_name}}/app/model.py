"""Where a model revision lies on disk, and how it is written and read.

A revision is a folder, ``$MODEL_DIR/$MODEL_REVISION/``, that holds ``model.joblib``. A revision never changes once it
is written: a new model is a new revision, so that rolling back is choosing the old name again.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import joblib
from sklearn.base import ClassifierMixin

MODEL_FILE = "model.joblib"


def model_path() -> Path:
    """The model file that the environment variables MODEL_DIR and MODEL_REVISION name."""
    return Path(os.environ.get("MODEL_DIR", "models")) / os.environ.get("MODEL_REVISION", "local") / MODEL_FILE


def save(model: ClassifierMixin, path: Path) -> None:
    """Write the model in one step: a reader sees the whole file or none, even on a shared volume."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".writing-")
    os.close(handle)
    try:
        joblib.dump(model, temporary)
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    finally:
        Path(temporary).unlink(missing_ok=True)


def load(path: Path) -> ClassifierMixin:
    """Read a model. joblib files can run code when they are read: only load what your own training wrote."""
    if not path.is_file():
        raise FileNotFoundError(
            f"no model at {path}: train this revision first (python train.py) or correct MODEL_DIR and MODEL_REVISION"
        )
    return joblib.load(path)
