from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def tracked_files(folder: Path) -> list[Path]:
    """What a commit of everything would hold: tracked and new files, without the git-ignored ones."""
    done = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=folder, capture_output=True, text=True, check=True,
    )  # fmt: skip
    names = sorted(set(done.stdout.split("\0")) - {""})
    return [Path(name) for name in names if (folder / name).is_file()]


def export(target: Path) -> Path:
    """A copy of the sources as a clone would have them: nothing that a build or a test left behind."""
    for name in tracked_files(ROOT):
        destination = target / name
        destination.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, destination)
    return target


@pytest.fixture(scope="session")
def clean_export(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return export(tmp_path_factory.mktemp("export"))
