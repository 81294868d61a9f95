"""The files of a repository as they were at one moment, to see whether anything has changed since.

As in git's index, a file whose size, times and inode are as they were is taken to be unchanged; of any other
the content decides, so a fresh clone of the same commit is unchanged, too. Deliberately light: it is asked
before anything else of the program is loaded.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Container, Iterable, Iterator
from stat import S_ISDIR
from typing import TypeAlias

#: Folders whose files are never the repository's own; what rendering read there is named one by one.
SKIPPED = frozenset({".git", ".venv", "venv", "node_modules", "__pycache__"})
#: A file that was written so shortly before it was looked at could change again within one tick of the clock.
_RACY_NANOSECONDS = 2_000_000_000
_LARGEST = 16 * 1024 * 1024

#: size, modification time, change time (both nanoseconds), inode
Stat: TypeAlias = tuple[int, int, int, int]
#: A file's stat and the sha256 of its content; [] where there is none. JSON has no tuples.
Known: TypeAlias = list[int | str | bool]


def take(root: str, others: Iterable[str], ignored: Container[str], started: int) -> dict[str, Known] | None:
    """Every file below `root` and `others` (absolute paths; those that are not there stay known as absent).

    `ignored` are paths below `root` that do not count; `started` is when reading began (nanoseconds). None
    where a file was written since, cannot be read or is too large.
    """
    now = time.time_ns()
    found: dict[str, Known] = {}
    for name, stat in _all(root, others):
        if name in ignored:
            continue
        if stat is None:
            found[name] = []
            continue
        content = _digest(root, name, stat)
        if content is None or max(stat[1], stat[2]) >= started:
            return None
        racy = max(stat[1], stat[2]) > now - _RACY_NANOSECONDS
        found[name] = [*stat, content, racy]
    return found


def unchanged(root: str, known: dict[str, Known], others: Iterable[str], ignored: Container[str]) -> bool:
    """Whether the files are those of `take`: none more, none less, each with the same content."""
    left = len(known)
    for name, stat in _all(root, others):
        if name in ignored:
            continue
        was = known.get(name)
        if was is None or bool(was) != (stat is not None):
            return False
        left -= 1
        if stat is None or (list(stat) == was[:4] and not was[5]):
            continue
        if stat[0] != was[0] or _digest(root, name, stat) != was[4]:
            return False
    return left == 0


def git_facts(folder: str) -> list[str]:
    """The files that say what git tracks here, ignores and has as its history: absolute, maybe not there."""
    holder = folder
    while not os.path.exists(os.path.join(holder, ".git")):
        if holder == os.path.dirname(holder):
            return []
        holder = os.path.dirname(holder)
    own = os.path.join(holder, ".git")
    facts = []
    if os.path.isfile(own):  # a worktree or a submodule
        facts.append(own)
        own = os.path.join(holder, _text(own).removeprefix("gitdir:").strip())
    common = os.path.normpath(os.path.join(own, _text(os.path.join(own, "commondir")).strip()))
    head = os.path.join(own, "HEAD")
    branch = _text(head).removeprefix("ref:").strip()
    facts += [head, os.path.join(own, "index"), os.path.join(common, branch)]
    return facts + [
        os.path.join(common, name) for name in ("packed-refs", "shallow", "config", "info/exclude")
    ]


def _all(root: str, others: Iterable[str]) -> Iterator[tuple[str, Stat | None]]:
    yield from _below(root, "")
    for path in others:
        try:
            stat = os.stat(path)
        except OSError:
            yield path, None
            continue
        yield path, (0, 0, 0, 0) if S_ISDIR(stat.st_mode) else _stat(stat)


def _below(root: str, prefix: str) -> Iterator[tuple[str, Stat | None]]:
    """Files and symbolic links by their path below `root`; a link is one, wherever it leads."""
    with os.scandir(os.path.join(root, prefix)) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                if entry.name not in SKIPPED:
                    yield from _below(root, f"{prefix}{entry.name}/")
                continue
            yield prefix + entry.name, _stat(entry.stat(follow_symlinks=False))


def _stat(stat: os.stat_result) -> Stat:
    return stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino


def _digest(root: str, name: str, stat: Stat) -> str | None:
    """The sha256 of a file's content, of a link's target; None for what is too large or cannot be read."""
    path = os.path.join(root, name)
    try:
        if os.path.islink(path):
            return "link " + hashlib.sha256(os.fsencode(os.readlink(path))).hexdigest()
        if os.path.isdir(path):
            return "folder"
        if stat[0] > _LARGEST or not os.path.isfile(path):
            return None
        with open(path, "rb") as file:
            return hashlib.sha256(file.read()).hexdigest()
    except OSError:
        return None


def _text(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""
