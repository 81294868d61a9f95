"""The cache of build results, keyed by a hash of the sources."""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

#: The number of results of each kind in the cache, enough to switch between branches.
KEPT = 3
#: Scratch folders older than this (seconds) were left behind by builds that were killed.
STALE = 24 * 3600


def digest(root: Path, files: Iterable[Path], *extra: str) -> str:
    """A hash of the names and contents of files below `root`, the platform, and `extra`."""
    result = hashlib.sha256()
    for word in (sys.platform, platform.machine(), *extra):
        result.update(word.encode() + b"\0")
    for file in sorted(files):
        result.update(file.relative_to(root).as_posix().encode() + b"\0")
        result.update(hashlib.sha256(file.read_bytes()).digest())
    return result.hexdigest()[:32]


def engine_sources(engine: Path) -> Iterator[Path]:
    """The files that determine the engine binary: without tests and the module in crds/."""
    for file in engine.rglob("*"):
        parts = file.relative_to(engine).parts
        if parts[0] == "crds" or "testdata" in parts or file.name.endswith(("_test.go", ".md")):
            continue
        if file.is_file():
            yield file


def schema_sources(crds: Path) -> Iterator[Path]:
    """The files that determine the schemas."""
    for file in crds.iterdir():
        is_program = file.suffix == ".go" and not file.name.endswith("_test.go")
        if is_program or file.name in {"modules.json", "go.mod", "go.sum"}:
            yield file


def cache_folder() -> Path | None:
    """The folder of build results in the user's cache; None if the user has no home."""
    base = os.environ.get("XDG_CACHE_HOME")
    home = os.environ.get("HOME") or os.environ.get("USERPROFILE")
    if base:
        return Path(base) / "kustodian" / "build"
    return Path(home) / ".cache" / "kustodian" / "build" if home else None


def fetch(name: str, key: str, target: Path) -> bool:
    """Copy a cached result to `target`; returns False if there is none."""
    folder = cache_folder()
    if folder is None or not (folder / f"{name}-{key}").exists():
        return False
    try:
        place(folder / f"{name}-{key}", target)
    except OSError:
        return False
    return True


def keep(name: str, key: str, result: Path) -> None:
    """Store a result in the cache; does nothing if the cache cannot be written."""
    folder = cache_folder()
    if folder is None:
        return
    try:
        folder.mkdir(parents=True, exist_ok=True)
        place(result, folder / f"{name}-{key}")
        entries = sorted(folder.glob(f"{name}-*"), key=lambda entry: entry.stat().st_mtime)
        for entry in entries[:-KEPT]:
            remove(entry)
    except OSError:
        return


def place(source: Path, target: Path) -> None:
    """Copy a file or folder; the target is never incomplete."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".new-", dir=target.parent) as temporary:
        fresh = Path(temporary) / "copy"
        if source.is_dir():
            shutil.copytree(source, fresh)
            remove(target)
        else:
            shutil.copy2(source, fresh)
        fresh.replace(target)
        os.utime(target)


def remove(path: Path) -> None:
    """Delete a file or folder if it exists."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """A temporary folder for the compiler's caches (up to 2 GB).

    It is in the user's cache rather than in /tmp, which is often small and in memory.
    """
    parent = cache_folder()
    if parent is not None:
        try:
            parent.mkdir(parents=True, exist_ok=True)
            for old in parent.glob("tmp-*"):
                if time.time() - old.stat().st_mtime > STALE:
                    shutil.rmtree(old, ignore_errors=True)
        except OSError:
            parent = None
    folder = Path(tempfile.mkdtemp(prefix="tmp-", dir=parent))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
