"""The state of all files of a repository at one moment, to find out later whether anything has changed.

As in git's index, a file with the same size, times and inode counts as unchanged. Otherwise its content is
compared, so a fresh clone of the same commit is unchanged. This module imports nothing else of the program:
`cli/cache.py` runs it before anything else is loaded.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Container, Iterable, Iterator, Mapping
from stat import S_ISDIR
from typing import TypeAlias

#: Folders that are not walked; files in them that rendering read are listed one by one.
SKIPPED = frozenset({".git", ".venv", "venv", "node_modules", "__pycache__"})
#: A file written this shortly before the snapshot could change again without a change of its times.
_RECENT_NANOSECONDS = 2_000_000_000
_LARGEST = 16 * 1024 * 1024
_LONGEST_FACT = 64 * 1024

#: size, modification time, change time (both nanoseconds), inode
Stat: TypeAlias = tuple[int, int, int, int]
#: The state of a file: the four numbers of Stat, a digest (see `_digest`), and whether it was written too
#: recently to trust its times. Empty for a file that does not exist. A list because it is stored as JSON.
State: TypeAlias = list[int | str | bool]
_CONTENT, _RECENT = 4, 5
_LINK = "link "


def take(
    root: str, others: Iterable[str], ignored: Container[str], started: int, skipped: Container[str]
) -> dict[str, State] | None:
    """The state of every file below `root` and of `others` (absolute paths, which may not exist).

    `ignored` are paths below `root` to leave out, `skipped` folders that are not walked; `started` is when
    the run began to read (nanoseconds). None if a file was written since, cannot be read or is too large.
    """
    now = time.time_ns()
    found: dict[str, State] = {}
    for name, stat in _all(root, others, skipped):
        if name in ignored:
            continue
        if stat is None:
            found[name] = []
            continue
        content = _digest(root, name, stat)
        if content is None or max(stat[1], stat[2]) >= started:
            return None
        is_recent = max(stat[1], stat[2]) > now - _RECENT_NANOSECONDS
        found[name] = [*stat, content, is_recent]
    return found


def unchanged(
    root: str,
    known: dict[str, State],
    others: Iterable[str],
    ignored: Container[str],
    skipped: Container[str],
) -> bool:
    """Whether exactly the files of `take` exist, each with the same content."""
    left = len(known)
    for name, stat in _all(root, others, skipped):
        if name in ignored:
            continue
        was = known.get(name)
        if was is None or bool(was) != (stat is not None):
            return False
        left -= 1
        if stat is None or (list(stat) == was[:_CONTENT] and not was[_RECENT]):
            continue
        if stat[0] != was[0] or _digest(root, name, stat) != was[_CONTENT]:
            return False
    return left == 0


def has_contents(root: str, known: Mapping[str, State], contents: Mapping[str, str]) -> bool:
    """Whether the files of `take` have these contents (sha256 by path); symbolic links are not compared."""
    for name, content in contents.items():
        state = known.get(name) or known.get(os.path.join(root, name))
        if state and state[_CONTENT] != content and not str(state[_CONTENT]).startswith(_LINK):
            return False
    return True


def skippable(root: str) -> list[str]:
    """The folders below `root`, relative to it, with the names of `SKIPPED` apart from `.git`; not nested."""
    found: list[str] = []
    folders = [""]
    while folders:
        prefix = folders.pop()
        with os.scandir(os.path.join(root, prefix)) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False) and entry.name != ".git":
                    if entry.name in SKIPPED:
                        found.append(prefix + entry.name)
                    else:
                        folders.append(f"{prefix}{entry.name}/")
    return found


def links(known: Mapping[str, State]) -> list[str]:
    """The paths of the symbolic links among the files of `take`."""
    return [name for name, state in known.items() if state and str(state[_CONTENT]).startswith(_LINK)]


def _all(root: str, others: Iterable[str], skipped: Container[str]) -> Iterator[tuple[str, Stat | None]]:
    yield from _below(root, "", skipped)
    for path in others:
        try:
            stat = os.stat(path)
        except OSError:
            yield path, None
            continue
        yield path, (0, 0, 0, 0) if S_ISDIR(stat.st_mode) else _stat(stat)


def _below(root: str, prefix: str, skipped: Container[str]) -> Iterator[tuple[str, Stat | None]]:
    """Files and symbolic links by their path below `root`; links are not followed."""
    folders = [prefix]
    while folders:
        prefix = folders.pop()
        with os.scandir(os.path.join(root, prefix)) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    if entry.name != ".git" and prefix + entry.name not in skipped:
                        folders.append(f"{prefix}{entry.name}/")
                    continue
                yield prefix + entry.name, _stat(entry.stat(follow_symlinks=False))


def _stat(stat: os.stat_result) -> Stat:
    return stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino


def _digest(root: str, name: str, stat: Stat) -> str | None:
    """The sha256 of a file's content, or of a link's target behind `link `; "folder" for a folder.

    None for a file that is too large or cannot be read.
    """
    path = os.path.join(root, name)
    try:
        if os.path.islink(path):
            return _LINK + hashlib.sha256(os.fsencode(os.readlink(path))).hexdigest()
        if os.path.isdir(path):
            return "folder"
        if stat[0] > _LARGEST or not os.path.isfile(path):
            return None
        with open(path, "rb") as file:
            return hashlib.sha256(file.read()).hexdigest()
    except OSError:
        return None
