"""Proposes fixes in reports, as replacements of text for each fixable finding.

`check --fix` makes the same changes, but tries them on a copy of the repository first. The proposals in a
report are not tried.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from difflib import SequenceMatcher

from kustodian.model.edit import Replacement
from kustodian.repository.edit import CannotEdit
from kustodian.review.check.run import Run
from kustodian.review.fix.changes import Change, changes_of, read_text


def propose(run: Run) -> None:
    """Set the replacements of each fixable finding; none if the change has to be made by hand."""
    texts: dict[str, str] = {}
    by_changes: dict[tuple[Change, ...], tuple[Replacement, ...]] = {}
    for fixable in run.fixable:
        try:
            changes = tuple(changes_of(run, fixable))
            if changes not in by_changes:
                by_changes[changes] = tuple(_replacements(run, changes, texts))
            fixable.finding.replacements = by_changes[changes]
        except CannotEdit:
            continue


def _replacements(run: Run, changes: Iterable[Change], texts: dict[str, str]) -> Iterator[Replacement]:
    after: dict[str, str] = {}
    for change in changes:
        if change.file not in texts:
            texts[change.file] = read_text(run.plan.root, change.file)
        after[change.file] = change.apply(after.get(change.file, texts[change.file]))
    for file, text in sorted(after.items()):
        yield from replacements_between(file, texts[file], text)


def replacements_between(file: str, before: str, after: str) -> Iterator[Replacement]:
    """The smallest replacements that turn one text into the other, in the order of the file."""
    # Columns do not count a byte order mark.
    before, after = before.removeprefix("\ufeff"), after.removeprefix("\ufeff")
    old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    for tag, i, i_end, j, j_end in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            continue
        yield _shortest(file, before, sum(map(len, old[:i])), "".join(old[i:i_end]), "".join(new[j:j_end]))


def _shortest(file: str, text: str, start: int, deleted: str, inserted: str) -> Replacement:
    """The replacement at an offset of the text, without the common beginning and end of both strings."""
    line_end = "\r\n" if text.endswith("\r\n") else "\n"
    at_end = start == len(text) and text.endswith(line_end)
    if at_end:
        # There is no line after the last line break: the new lines go before it.
        start, deleted, inserted = start - len(line_end), line_end, line_end + inserted
    if tail := _common_prefix(deleted[::-1], inserted[::-1]):
        deleted, inserted = deleted[:-tail], inserted[:-tail]
    head = 0 if at_end else _common_prefix(deleted, inserted)
    start, deleted, inserted = start + head, deleted[head:], inserted[head:]
    return Replacement(file, *_position(text, start), *_position(text, start + len(deleted)), inserted)


def _common_prefix(one: str, other: str) -> int:
    """The length of the longest prefix of both."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((index for index, (a, b) in pairs if a != b), min(len(one), len(other)))


def _position(text: str, offset: int) -> tuple[int, int]:
    """Line and column of an offset; a line break is part of the line that it ends."""
    lines = text[:offset].splitlines(keepends=True)
    if not lines or lines[-1].endswith(("\n", "\r")):
        return len(lines) + 1, 1
    return len(lines), len(lines[-1]) + 1
