"""`--dry-run`: the files that would be written, as a tree and as a diff against the target."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from kustodian.scaffold.answers.model import Answers
from kustodian.scaffold.writing.generate import generate
from kustodian.scaffold.writing.interrupts import Interrupts
from kustodian.scaffold.writing.workspace import workspace
from kustodian.scaffold.writing.writer import files_below

_Tree: TypeAlias = "dict[str, _Tree]"


@dataclass(frozen=True)
class Plan:
    """The files that would be written, and the lines of a unified diff that `git apply` accepts."""

    files: list[str]
    diff: list[str]


def plan(answers: Answers, target: Path, template: Path) -> Plan:
    """Generate into a temporary folder and compare; nothing at or beside the target changes."""
    with Interrupts() as interrupts, workspace(interrupts) as work:
        root = generate(answers, template, work, interrupts)
        files = files_below(root)
        diff = [line for name in files for line in _file_diff(name, root / name, target / name)]
    return Plan(files, diff)


def tree(title: str, files: Iterable[str]) -> Iterator[str]:
    """The files as lines of a tree, folders first at each level."""
    yield title
    root: _Tree = {}
    for name in files:
        node = root
        for part in name.split("/"):
            node = node.setdefault(part, {})
    yield from _branches(root, "")


def _branches(node: _Tree, indent: str) -> Iterator[str]:
    entries = sorted(node.items(), key=lambda entry: (not entry[1], entry[0]))
    for index, (name, below) in enumerate(entries):
        last = index == len(entries) - 1
        yield f"{indent}{'└── ' if last else '├── '}{name}{'/' if below else ''}"
        yield from _branches(below, indent + ("    " if last else "│   "))


def _file_diff(name: str, new: Path, old: Path) -> Iterator[str]:
    old_bytes = old.read_bytes() if old.is_file() else None
    yield from diff_lines(name, old_bytes, new.read_bytes(), executable=bool(new.stat().st_mode & 0o100))


def diff_lines(name: str, old: bytes | None, new: bytes | None, *, executable: bool) -> Iterator[str]:
    """The lines of git's diff of one file; None stands for a missing file."""
    if new == old:
        return
    mode = "100755" if executable else "100644"
    yield f"diff --git a/{name} b/{name}"
    if old is None:
        yield f"new file mode {mode}"
    if new is None:
        yield f"deleted file mode {mode}"
    before = "/dev/null" if old is None else f"a/{name}"
    after = "/dev/null" if new is None else f"b/{name}"
    new_text, old_text = _text(new or b""), _text(old or b"")
    if new_text is None or old_text is None:
        yield f"Binary files {before} and {after} differ"
        return
    for line in difflib.unified_diff(_lines(old_text), _lines(new_text), before, after, lineterm="\n"):
        yield line.removesuffix("\n")
        if not line.endswith("\n"):
            yield "\\ No newline at end of file"


def _text(raw: bytes) -> str | None:
    try:
        return None if b"\0" in raw else raw.decode("utf-8")
    except UnicodeDecodeError:
        return None


def _lines(text: str) -> list[str]:
    # Not splitlines(): it also splits at form feeds and the like, which git does not.
    parts = text.split("\n")
    return [part + "\n" for part in parts[:-1]] + ([parts[-1]] if parts[-1] else [])
