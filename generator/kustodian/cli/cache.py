"""The store of finished checks: where nothing has changed since a check, its reports are written again.

The result of `kustodian check` follows from the command line, the program, the files of the repository, what
git knows of them, and the day (waivers expire). The cache is in `$XDG_CACHE_HOME/kustodian/check`
(`~/.cache` by default); `--no-cache` neither reads nor writes it. A cache that cannot be read or written
counts as empty. Looking up imports nothing else of the program, because that is most of its time.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import sys
import time
from collections.abc import Iterable, Sequence
from functools import cache
from typing import TYPE_CHECKING

from kustodian.repository.snapshot import SKIPPED, has_contents, take, unchanged

if TYPE_CHECKING:
    from kustodian.cli.output import Output, Written
    from kustodian.model.json_value import JsonObject
    from kustodian.model.results.check_report import CheckReport

_FORMAT = 1
_KEPT_ENTRIES = 32
_KEPT_BYTES = 256 * 1024 * 1024
#: Variables that may change what is printed, or what git answers.
_VARIABLES = ("NO_COLOR", "GITHUB_STEP_SUMMARY", "PATH", "HOME", "XDG_CONFIG_HOME")


class StoredResult:
    """The result of a finished check.

    `entry` is its file in the cache, `reports` are pairs of a file (absolute; None for standard output) and
    what it contains, `code` is the exit code.
    """

    def __init__(self, entry: str, reports: list[tuple[str | None, bytes]], code: int) -> None:
        """Hold the values; a plain class, because creating a named tuple takes half a millisecond."""
        self.entry, self.reports, self.code = entry, reports, code

    def write_reports(self) -> bool:
        """Write every report as the check did; False if a file cannot be written, and nothing is printed."""
        for file, content in self.reports:
            if file is not None and not _write_file(file, content):
                return False
        sys.stdout.flush()
        for file, content in self.reports:
            if file is None:
                sys.stdout.buffer.write(content)
        sys.stdout.flush()
        with contextlib.suppress(OSError):
            os.utime(self.entry)  # the entries used last are kept longest
        return True


def look_up(words: Sequence[str]) -> StoredResult | None:
    """The stored result of the same command line; None if there is none or anything has changed since."""
    entry = _entry(words)
    if entry is None:
        return None
    try:
        head, body = _read_entry(entry)
        is_current = head["format"] == _FORMAT and head["from"] <= _today() <= (head["until"] or "9999")
        if not is_current or not unchanged(
            head["root"], head["files"], head["others"], frozenset(head["own"])
        ):
            return None
        reports = [(file, body[start:end]) for file, start, end in head["outputs"]]
        return StoredResult(entry, reports, int(head["code"]))
    except (OSError, ValueError, KeyError, TypeError, IndexError):
        return None


def store(
    words: Sequence[str],
    report: CheckReport,
    outputs: Sequence[Output],
    written: Sequence[Written],
    code: int,
) -> None:
    """Store the reports of a check; `written` are those of `outputs`, in the same order.

    Does nothing if a file changed meanwhile, or if the result depends on more than can be compared later.
    """
    entry = _entry(words)
    inputs = report.inputs
    if entry is None or inputs is None or os.environ.get("GITHUB_STEP_SUMMARY"):
        return
    root = str(inputs.root)
    others = _others(root, inputs.files, inputs.absent, [str(path) for path in inputs.named])
    own = [os.path.relpath(one.file, root) for one in written if one.file is not None]
    files = take(root, others, frozenset(own), inputs.started)
    if files is None or not has_contents(root, files, inputs.files):
        return
    places, body = [], b""
    for output, one in zip(outputs, written, strict=True):
        content = _later_text(report, output, one).encode()
        places.append((str(one.file) if one.file is not None else None, len(body), len(body) + len(content)))
        body += content
    head = {
        "format": _FORMAT, "root": root, "files": files, "others": others, "from": _today(),
        "until": inputs.until.isoformat() if inputs.until else None, "own": own,
        "outputs": places, "code": code,
    }  # fmt: skip
    with contextlib.suppress(OSError):
        _write_entry(entry, head, body)


def _later_text(report: CheckReport, output: Output, written: Written) -> str:
    """What a later run writes: a text report on standard output then says that nothing has changed."""
    if output.format != "text" or written.file is not None:
        return written.text
    from kustodian.report.text import as_repeated

    return as_repeated(written.text, report)


def _entry(words: Sequence[str]) -> str | None:
    """The cache file for a command line; None if there is no place for a cache."""
    home = os.environ.get("HOME")
    base = os.environ.get("XDG_CACHE_HOME") or (os.path.join(home, ".cache") if home else "")
    if not base or not os.path.isabs(base):
        return None
    try:
        parts = [
            *words, "\0", os.getcwd(), str(sys.stdout.isatty()), sys.version, _program(),
            *(os.environ.get(name, "") for name in _VARIABLES),
        ]  # fmt: skip
    except OSError:
        return None
    name = hashlib.sha256("\0".join(parts).encode("utf-8", "surrogateescape")).hexdigest()
    return os.path.join(base, "kustodian", "check", name)


@cache
def _program() -> str:
    """A hash of the times of the program's files, its engine and the packages beside it."""
    package = os.path.dirname(os.path.dirname(__file__))
    packages = [path for path in sys.path if path.endswith(("site-packages", "dist-packages"))]
    stats = [(path, os.stat(path).st_mtime_ns) for path in packages if os.path.isdir(path)]
    folders = [package]
    while folders:
        with os.scandir(folders.pop()) as entries:
            for entry in entries:
                if entry.is_dir():
                    if entry.name not in ("__pycache__", "crds"):
                        folders.append(entry.path)
                else:
                    stats.append((entry.path, entry.stat().st_mtime_ns))
    return hashlib.sha256(repr(sorted(stats)).encode()).hexdigest()


def _others(root: str, files: Iterable[str], absent: Iterable[str], named: Iterable[str]) -> list[str]:
    """Absolute paths, existing or not, that a check depends on and that a walk of the repository misses."""
    others = set(_git_facts(root)) | set(named)
    others |= {
        os.path.join(root, name) for name in (*files, *absent) if not SKIPPED.isdisjoint(name.split("/"))
    }
    above = os.path.dirname(root)
    while True:
        others |= {os.path.join(above, mark) for mark in ("kustodian.yaml", ".git")}
        if above == os.path.dirname(above):
            return sorted(others)
        above = os.path.dirname(above)


def _git_facts(root: str) -> list[str]:
    """Absolute paths of the files that decide what git answers; some may not exist."""
    from kustodian.repository.git import user_files
    from kustodian.repository.git_folder import UntrustedGit, find_git_folder

    try:
        folder = find_git_folder(root)
    except UntrustedGit as error:
        return [error.path]
    if folder is None:
        return [os.path.join(root, ".git"), os.path.join(root, ".git", "HEAD")]
    return [*folder.facts(), *user_files()]


def _today() -> str:
    return time.strftime("%Y-%m-%d")


def _read_entry(entry: str) -> tuple[JsonObject, bytes]:
    import json  # importing orjson takes longer than reading this with json

    with open(entry, "rb") as file:
        return json.loads(file.readline()), file.read()


def _write_entry(name: str, head: JsonObject, body: bytes) -> None:
    from pathlib import Path

    import orjson

    from kustodian.repository.files import replace_file

    entry = Path(name)
    entry.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    replace_file(entry, orjson.dumps(head) + b"\n" + body)
    entries = sorted(entry.parent.iterdir(), key=lambda path: path.stat().st_mtime_ns, reverse=True)
    room = _KEPT_BYTES
    for position, path in enumerate(entries):
        room -= path.stat().st_size
        if position >= _KEPT_ENTRIES or room < 0:
            path.unlink(missing_ok=True)


def _write_file(name: str, content: bytes) -> bool:
    from pathlib import Path

    from kustodian.repository.files import replace_file

    try:
        replace_file(Path(name), content)
    except OSError:
        return False  # the check that follows reports it
    return True
