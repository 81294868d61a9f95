"""Temporary files and folders, which are removed however the run ends.

That is where they were made, or in `remove_all`.

Each is registered before it exists, so that a signal in between cannot leave it behind.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_paths: set[Path] = set()
#: Has an entry once no new folder may be made.
_ended: list[bool] = []


@contextmanager
def temporary_folder(prefix: str) -> Iterator[Path]:
    """A new empty folder, readable by the user only, as an absolute path without links.

    Raises OSError if it cannot be made, and KeyboardInterrupt after `remove_all`.
    """
    folder = _place().resolve() / f"{prefix}{os.urandom(8).hex()}"
    with registered(folder):
        if _ended:
            raise KeyboardInterrupt
        folder.mkdir(0o700)
        yield folder


@contextmanager
def registered(path: Path) -> Iterator[None]:
    """Remove a file or folder, if it is still there, at the end of a block and in `remove_all`."""
    _paths.add(path)
    try:
        yield
    finally:
        _remove(path)
        if not path.exists():  # a process that is not dead yet may still write there
            _paths.discard(path)


def remove_all() -> None:
    """Remove everything that is registered, and let no new folder be made."""
    _ended.append(True)
    for path in tuple(_paths):
        _remove(path)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        _remove_folder(path)
    else:
        with suppress(OSError):
            path.unlink(missing_ok=True)


def _remove_folder(path: Path) -> None:
    """Remove a folder with all that can be removed; `shutil.rmtree` fails in thousands of nested folders."""
    folders = [str(path)]
    for folder in folders:
        with suppress(OSError), os.scandir(folder) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    folders.append(entry.path)
                else:
                    with suppress(OSError):
                        os.unlink(entry.path)  # noqa: PTH108 - thousands of files: a Path for each is slow
    for folder in reversed(folders):
        with suppress(OSError):
            os.rmdir(folder)  # noqa: PTH106


def _place() -> Path:
    """The folder for temporary files. `tempfile` would try it out with a file that a signal may leave."""
    for name in ("TMPDIR", "TEMP", "TMP"):
        if (given := os.environ.get(name)) and Path(given).is_dir():
            return Path(given)
    if Path("/tmp").is_dir():
        return Path("/tmp")
    import tempfile

    return Path(tempfile.gettempdir())
