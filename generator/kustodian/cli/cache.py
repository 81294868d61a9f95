"""The store of finished checks: where nothing has changed since a check, its reports are written again.

The result of `kustodian check` follows from the command line, the program, the files of the repository, what
git knows of them, and the day (waivers expire). The cache is in `$XDG_CACHE_HOME/kustodian/check`
(`~/.cache` by default); `--no-cache` neither reads nor writes it. A cache that cannot be read or written
counts as empty; `cli/cache_files.py` says whose entries are believed. An entry holds the verdict and the
reports of one command line, and only files that this command line names are written. Looking up imports
nothing else of the program, because that is most of its time.
"""

from __future__ import annotations

import hashlib
import os
import sys
import time
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

from kustodian.cli.cache_files import cache_folder, read_entry, touch_entry, write_entry
from kustodian.repository.snapshot import unchanged

if TYPE_CHECKING:
    from kustodian.cli.output import Output, Written
    from kustodian.model.results.check_report import CheckReport

#: The version of what an entry contains.
_FORMAT = 2
#: Variables that may change what is printed, or what git answers.
_VARIABLES = ("NO_COLOR", "GITHUB_STEP_SUMMARY", "PATH", "HOME", "XDG_CONFIG_HOME")


class StoredResult:
    """The result of a finished check.

    `folder` and `name` are those of its entry in the cache, `reports` are pairs of a file as the command line
    names it (None for standard output) and what it contains, `code` is the exit code.
    """

    def __init__(self, folder: str, name: str, reports: list[tuple[str | None, bytes]], code: int) -> None:
        """Hold the values; a plain class, because creating a named tuple takes half a millisecond."""
        self.folder, self.name, self.reports, self.code = folder, name, reports, code

    def write_reports(self) -> bool:
        """Write every report as the check did; False if a file cannot be written, and nothing is printed."""
        for file, content in self.reports:
            if file is not None and not _write_file(file, content):
                return False
        try:
            for file, content in self.reports:
                if file is None:
                    sys.stdout.buffer.write(content)
            sys.stdout.flush()
        except BrokenPipeError:
            from kustodian.cli.boundary import silence_output

            silence_output()  # the reader (head, less) has closed the pipe: the exit code is the same
        touch_entry(self.folder, self.name)
        return True


def look_up(words: Sequence[str]) -> StoredResult | None:
    """The stored result of the same command line; None if there is none or anything has changed since."""
    folder, name = cache_folder(), _name(words)
    if folder is None or name is None:
        return None
    content = read_entry(folder, name)
    if content is None:
        return None
    import json  # importing orjson takes longer than reading this with json

    try:
        first, _, body = content.partition(b"\n")
        head = json.loads(first)
        if not (head["from"] <= _today() <= (head["until"] or "9999")) or not unchanged(
            head["root"], head["files"], head["others"], frozenset(head["own"]), frozenset(head["skipped"])
        ):
            return None
        reports = [(file, body[start:end]) for file, start, end in head["outputs"]]
        if not all(file is None or _is_named(words, file) for file, _ in reports):
            return None
        return StoredResult(folder, name, reports, int(head["code"]))
    except (OSError, ValueError, KeyError, TypeError, IndexError, RecursionError):
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
    folder, name, inputs = cache_folder(), _name(words), report.inputs
    if folder is None or name is None or inputs is None or os.environ.get("GITHUB_STEP_SUMMARY"):
        return
    names = [str(output.file) for output in outputs if output.file is not None]
    if not all(_is_named(words, file) for file in names):
        return
    root = str(inputs.root)
    own = [os.path.relpath(one.file, root) for one in written if one.file is not None]
    try:
        from kustodian.cli.cache_state import capture

        state = capture(inputs, frozenset(own))
    except OSError:
        return
    if state is None:
        return
    places, body = [], b""
    for output, one in zip(outputs, written, strict=True):
        content = _later_text(report, output, one).encode("utf-8", "backslashreplace")
        file = str(output.file) if output.file is not None else None
        places.append((file, len(body), len(body) + len(content)))
        body += content
    head = {
        "root": root, **state._asdict(), "from": _today(),
        "until": inputs.until.isoformat() if inputs.until else None, "own": own,
        "outputs": places, "code": int(code),
    }  # fmt: skip
    write_entry(folder, name, _as_json(head) + b"\n" + body)


def _as_json(head: dict[str, object]) -> bytes:
    import json

    import orjson

    try:
        return orjson.dumps(head)
    except TypeError:  # the name of a file is not UTF-8
        return json.dumps(head).encode()


def _is_named(words: Sequence[str], file: str) -> bool:
    """Whether the command line names a file: as a word, behind `=`, or behind a short option."""
    wanted = os.path.normpath(file)
    for word in words:
        parts = [word, word[2:] if word[:1] == "-" and word[:2] != "--" else word]
        while "=" in parts[-1]:
            parts.append(parts[-1].partition("=")[2])
        if wanted in (os.path.normpath(part) for part in parts if part):
            return True
    return False


def _later_text(report: CheckReport, output: Output, written: Written) -> str:
    """What a later run writes: a text report on standard output then says that nothing has changed."""
    if output.format != "text" or written.file is not None:
        return written.text
    from kustodian.report.text import as_repeated

    return as_repeated(written.text, report)


def _name(words: Sequence[str]) -> str | None:
    """The name of the entry for a command line; None if the working directory is gone."""
    try:
        parts = [
            str(_FORMAT), *words, "\0", os.getcwd(), str(sys.stdout.isatty()), sys.version, _program(),
            *(os.environ.get(name, "") for name in _VARIABLES),
        ]  # fmt: skip
    except OSError:
        return None
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogateescape")).hexdigest()


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


def _today() -> str:
    return time.strftime("%Y-%m-%d")


def _write_file(name: str, content: bytes) -> bool:
    from pathlib import Path

    from kustodian.repository.files import replace_file

    try:
        replace_file(Path(name), content)
    except OSError:
        return False  # the check that follows reports it
    return True
