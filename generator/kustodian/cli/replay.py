"""Nothing has changed since a check: print what it printed.

What `kustodian check` says follows from the command line, the program, the files of the repository, what git
knows of them, and the day (waivers expire). Where all of that is as it was, the reports are written again as
they were, and nothing of the program but this is loaded. The cache is in `$XDG_CACHE_HOME/kustodian/check`
(`~/.cache` by default); `--no-cache` neither reads nor writes it. Files that cannot be read or written are
treated as if there were none: the check then runs as ever.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING

from kustodian.repository.snapshot import SKIPPED, Known, git_facts, take, unchanged

if TYPE_CHECKING:
    from kustodian.cli.output import Written
    from kustodian.model.json_value import JsonObject
    from kustodian.model.results.check_report import CheckReport

_FORMAT = 1
_KEPT_ENTRIES = 32
_KEPT_BYTES = 256 * 1024 * 1024
#: What may change what is printed, or what git answers.
_VARIABLES = ("NO_COLOR", "GITHUB_STEP_SUMMARY", "PATH", "HOME", "XDG_CONFIG_HOME")
_UNCHANGED = " (nothing has changed since it was checked)"


def replay(arguments: Sequence[str]) -> int | None:
    """Write the reports of the same run again and return its exit code; None where it is not the same."""
    entry = _entry(arguments)
    if entry is None:
        return None
    try:
        head, body = _read(entry)
        same = head["format"] == _FORMAT and head["from"] <= _today() <= (head["until"] or "9999")
        if not same or not unchanged(head["root"], head["files"], head["others"], frozenset(head["own"])):
            return None
        texts = [(file, body[start:end]) for file, start, end in head["outputs"]]
    except (OSError, ValueError, KeyError, TypeError, IndexError):
        return None
    for file, text in texts:
        if file is not None:
            from pathlib import Path

            from kustodian.repository.files import replace_file

            try:
                replace_file(Path(file), text)
            except OSError:
                return None  # the check says what is wrong with it
    sys.stdout.flush()
    for file, text in texts:
        if file is None:
            sys.stdout.buffer.write(text)
    sys.stdout.flush()
    with contextlib.suppress(OSError):
        os.utime(entry)  # used: among the last to be removed
    code: int = head["code"]
    return code


def remember(arguments: Sequence[str], report: CheckReport, written: list[Written], code: int) -> None:
    """Keep what a check wrote, unless the files changed meanwhile or it depends on more than can be known."""
    entry = _entry(arguments)
    inputs = report.inputs
    if entry is None or inputs is None or os.environ.get("GITHUB_STEP_SUMMARY"):
        return
    root = str(inputs.root)
    others = _others(root, inputs.files, inputs.absent, [str(path) for path in inputs.named])
    own = [os.path.relpath(output.file, root) for output in written if output.file is not None]
    files = take(root, others, frozenset(own), inputs.started)
    if files is None or not _as_read(root, files, inputs.files):
        return
    outputs, body = [], b""
    took = f" ({report.seconds:.1f} s)" if report.seconds is not None else ""
    for output in written:
        before, found, after = output.text.rpartition(took) if took else ("", "", output.text)
        text = f"{before}{_UNCHANGED}{after}" if found and output.file is None else output.text
        encoded = text.encode()
        file = str(output.file) if output.file is not None else None
        outputs.append((file, len(body), len(body) + len(encoded)))
        body += encoded
    head = {
        "format": _FORMAT, "root": root, "files": files, "others": others, "from": _today(),
        "until": inputs.until.isoformat() if inputs.until else None, "own": own,
        "outputs": outputs, "code": code,
    }  # fmt: skip
    with contextlib.suppress(OSError):
        _write(entry, head, body)


def _as_read(root: str, files: dict[str, Known], read: Mapping[str, str]) -> bool:
    """Whether the files are still what the engine read; a link is known by its target, not its content."""
    for name, content in read.items():
        known = files.get(name) or files.get(os.path.join(root, name))
        if known and not str(known[4]).startswith("link ") and known[4] != content:
            return False
    return True


def _entry(arguments: Sequence[str]) -> str | None:
    """The file of a command line's run; None where there is no place for a cache."""
    home = os.environ.get("HOME")
    base = os.environ.get("XDG_CACHE_HOME") or (os.path.join(home, ".cache") if home else "")
    if not base or not os.path.isabs(base):
        return None
    try:
        parts = [
            *arguments, "\0", os.getcwd(), str(sys.stdout.isatty()), sys.version, _program(),
            *(os.environ.get(name, "") for name in _VARIABLES),
        ]  # fmt: skip
    except OSError:
        return None
    name = hashlib.sha256("\0".join(parts).encode("utf-8", "surrogateescape")).hexdigest()
    return os.path.join(base, "kustodian", "check", name)


@cache
def _program() -> str:
    """Changes with every change of the program: its own files, its engine, the packages beside it."""
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
    """What decides and is not found by walking the repository: absolute paths, there or not."""
    others = set(git_facts(root)) | set(named)
    others |= {
        os.path.join(root, name) for name in (*files, *absent) if not SKIPPED.isdisjoint(name.split("/"))
    }
    above = os.path.dirname(root)
    while True:
        others |= {os.path.join(above, mark) for mark in ("kustodian.yaml", ".git")}
        if above == os.path.dirname(above):
            return sorted(others)
        above = os.path.dirname(above)


def _today() -> str:
    return time.strftime("%Y-%m-%d")


def _read(entry: str) -> tuple[JsonObject, bytes]:
    import json  # orjson loads more than there is to be read

    with open(entry, "rb") as file:
        return json.loads(file.readline()), file.read()


def _write(name: str, head: JsonObject, body: bytes) -> None:
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
