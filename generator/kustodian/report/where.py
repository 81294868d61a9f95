"""`kustodian where` as text."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import groupby
from typing import Any

from kustodian.model.field_path import format_path
from kustodian.model.finding import Location
from kustodian.model.results.value_origins import ValueOrigin, ValueOrigins
from kustodian.report.escape import plain, source_line

#: How many characters of a value are shown in a list.
_SHOWN = 60
#: Up to so many values, each is shown with its line and what it replaced.
_IN_FULL = 3


def as_text(found: ValueOrigins) -> str:
    """Each object with its values; a few values with their lines and what they replaced, many one a line."""
    blocks = [f"{plain(overlay)} is not looked at: {plain(message)}" for overlay, message in found.errors]
    write = _in_full if len(found.values) <= _IN_FULL else _in_list
    for (overlay, environment, reference), values in groupby(
        found.values, key=lambda each: (each.overlay, each.environment, each.object)
    ):
        named = f" ({environment})" if environment else ""
        head = f"{reference} in {overlay}{named}"
        blocks.append("\n".join([plain(head), *write(list(values))]))
    return "\n\n".join(blocks) + "\n"


def _in_full(values: list[ValueOrigin]) -> Iterator[str]:
    for each in values:
        yield f"  {plain(format_path(each.field))}: {_value(each.value)}"
        yield f"    set by {_by(each)} {_place(each.location)}".rstrip()
        if each.line and each.location is not None:
            yield f"      {each.location.line} | {source_line(each.line)}"
        if not each.exact:
            yield f"      not that text alone: {plain(each.reason)}"
        for earlier in each.chain:
            yield f"    was {_value(earlier.value)} from {_place(earlier.location)}"


def _in_list(values: list[ValueOrigin]) -> Iterator[str]:
    for each in values:
        note = "" if each.by == "origin" else f"  {_by(each)}"
        was = "".join(
            f", was {_value(earlier.value)} from {_place(earlier.location)}" for earlier in each.chain
        )
        mark = "" if each.exact else " (in part)"
        value = f"{plain(format_path(each.field))}: {_value(each.value)}"
        yield f"  {value}  {_place(each.location)}{note}{mark}{was}"


def _by(each: ValueOrigin) -> str:
    return {"origin": "the manifest"}.get(each.by, plain(each.by))


def _place(location: Location | None) -> str:
    return plain(f"{location.file}:{location.line}") if location is not None else "no file"


def _value(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    first = plain(text)
    return first if len(first) <= _SHOWN else first[: _SHOWN - 1] + "…"
