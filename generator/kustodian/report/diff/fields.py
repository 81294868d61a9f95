"""A changed field as lines: long values are cut where nothing differs, never where something does."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from difflib import unified_diff
from typing import Any

from kustodian.model.results.difference import ABSENT, FieldChange

#: The most characters of a line, and the most lines of a value.
_LONGEST_LINE, _MOST_LINES = 160, 60
#: The number of characters of a long line that are shown before the first difference.
_LEAD = 40


def field_lines(field: FieldChange) -> Iterator[str]:
    """The path, then `-` lines with the old value and `+` lines with the new one."""
    if field.path:
        yield f"    {field.path}"
    before, after = field.before, field.after
    if isinstance(before, str) and isinstance(after, str) and "\n" in before + after:
        yield from _cut(list(_line_by_line(before, after)))
        return
    old, new = _written(before), _written(after)
    start = 0
    if len(old) == len(new) == 1:
        start = max(0, _shared(old[0], new[0]) - _LEAD)
    yield from _cut([f"-     {_window(line, start)}" for line in old])
    yield from _cut([f"+     {_window(line, start)}" for line in new])


def _shared(one: str, other: str) -> int:
    """The length of the common prefix."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((index for index, (a, b) in pairs if a != b), min(len(one), len(other)))


def _line_by_line(before: str, after: str) -> Iterator[str]:
    old, new = before.splitlines(), after.splitlines()
    for line in list(unified_diff(old, new, n=1, lineterm=""))[2:]:
        if line.startswith("@@"):
            yield "      …"
        else:
            yield f"{line[0]}     {_window(line[1:], 0)}"
    if old == new:
        yield f"{'+' if after.endswith(chr(10)) else '-'}     (the line break at the end)"


def _written(value: Any) -> list[str]:
    """A text as it is, a short value on one line, any other as YAML."""
    if value is ABSENT:
        return []
    if isinstance(value, str) and "\n" not in value and _reads_as_text(value):
        return [value]
    short = json.dumps(value, ensure_ascii=False)
    if not isinstance(value, dict | list | str) or (len(short) <= _LONGEST_LINE and "\\n" not in short):
        return [short]
    return value.splitlines() if isinstance(value, str) else _yaml(value)


def _reads_as_text(value: str) -> bool:
    """Whether the text, without quotes, cannot be taken for a number, a boolean or null."""
    if not value or value != value.strip():
        return False
    try:
        return isinstance(json.loads(value), str)
    except ValueError:
        return True


def _yaml(value: Any) -> list[str]:
    from io import StringIO

    from ruamel.yaml import YAML
    from ruamel.yaml.scalarstring import walk_tree

    yaml, stream = YAML(), StringIO()
    yaml.width = 1 << 20
    copy = json.loads(json.dumps(value))
    walk_tree(copy)  # writes texts of several lines as blocks
    yaml.dump(copy, stream)
    return stream.getvalue().splitlines()


def _window(line: str, start: int) -> str:
    if len(line) <= _LONGEST_LINE:
        return line
    end = start + _LONGEST_LINE
    return f"{'…' * (start > 0)}{line[start:end]}{'…' * (end < len(line))} ({len(line)} characters)"


def _cut(lines: Sequence[str]) -> Iterator[str]:
    yield from lines[:_MOST_LINES]
    if len(lines) > _MOST_LINES:
        yield f"      … {len(lines) - _MOST_LINES} more lines"
