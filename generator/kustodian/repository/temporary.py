"""Temporary folders that are removed however the run ends: at the end of a block, or by `remove_all`.

A folder is registered before it exists, so that a signal in between cannot leave it behind.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_folders: set[Path] = set()
#: Has an entry once no new folder may be made.
_ended: list[bool] = []


@contextmanager
def temporary_folder(prefix: str) -> Iterator[Path]:
    """A new empty folder, readable by the user only, as an absolute path without links.

    Raises OSError if it cannot be made, and KeyboardInterrupt after `remove_all`.
    """
    folder = Path(tempfile.gettempdir()).resolve() / f"{prefix}{os.urandom(8).hex()}"
    _folders.add(folder)
    try:
        if _ended:
            raise KeyboardInterrupt
        folder.mkdir(0o700)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        _folders.discard(folder)


def remove_all() -> None:
    """Remove every folder that is left, and let no new one be made."""
    _ended.append(True)
    for folder in tuple(_folders):
        shutil.rmtree(folder, ignore_errors=True)
