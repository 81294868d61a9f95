"""What the rules propose for each fixable finding, as replacements of text for machine-read reports.

`check --fix` makes the same changes, and only those that hold up on a copy of the repository. A report
proposes them one by one, unproven: somebody looks at each.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from difflib import SequenceMatcher

from kustodian.model.edit import Replacement
from kustodian.repository.edit import CannotEdit
from kustodian.review.check.run import Run
from kustodian.review.fix.changes import Change, changes_of, read_text


def propose(run: Run) -> None:
    """Give each fixable finding its replacements; none where the change is better made by hand."""
    texts: dict[str, str] = {}
    known: dict[tuple[Change, ...], tuple[Replacement, ...]] = {}
    for fixable in run.fixable:
        try:
            changes = tuple(changes_of(run, fixable))
            if changes not in known:
                known[changes] = tuple(_replacements(run, changes, texts))
            fixable.finding.replacements = known[changes]
        except CannotEdit:
            continue


def _replacements(run: Run, changes: Iterable[Change], texts: dict[str, str]) -> Iterator[Replacement]:
    after: dict[str, str] = {}
    for change in changes:
        if change.file not in texts:
            texts[change.file] = read_text(run.plan.root / change.file)
        after[change.file] = change.apply(after.get(change.file, texts[change.file]))
    for file, text in sorted(after.items()):
        yield from replacements_between(file, texts[file], text)


def replacements_between(file: str, before: str, after: str) -> Iterator[Replacement]:
    """The smallest stretches that turn one text into the other, in the order of the file."""
    # A byte order mark is no column.
    before, after = before.removeprefix("\ufeff"), after.removeprefix("\ufeff")
    old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    for tag, i, i_end, j, j_end in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            continue
        yield _trimmed(file, before, sum(map(len, old[:i])), "".join(old[i:i_end]), "".join(new[j:j_end]))


def _trimmed(file: str, before: str, start: int, gone: str, come: str) -> Replacement:
    """The replacement without what both texts begin and end with."""
    line_end = "\r\n" if before.endswith("\r\n") else "\n"
    at_end = start == len(before) and before.endswith(line_end)
    if at_end:
        # There is no line behind the last one: what comes there goes to its end.
        start, gone, come = start - len(line_end), line_end, line_end + come
    if tail := _shared(gone[::-1], come[::-1]):
        gone, come = gone[:-tail], come[:-tail]
    shared = 0 if at_end else _shared(gone, come)
    start, gone, come = start + shared, gone[shared:], come[shared:]
    return Replacement(file, *_position(before, start), *_position(before, start + len(gone)), come)


def _shared(one: str, other: str) -> int:
    pairs = enumerate(zip(one, other, strict=False))
    return next((index for index, (a, b) in pairs if a != b), min(len(one), len(other)))


def _position(text: str, offset: int) -> tuple[int, int]:
    """Line and column of an offset; a line break belongs to its line."""
    lines = text[:offset].splitlines(keepends=True)
    if not lines or lines[-1].endswith(("\n", "\r")):
        return len(lines) + 1, 1
    return len(lines), len(lines[-1]) + 1
