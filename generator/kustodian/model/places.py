"""Where the values of a rendered object were written, as the engine says it.

kustomize moves the nodes of the files that it reads, and each node carries its file and line. The engine
sends them as text beside the object (engine/README.md), which is read only for fields that have a finding.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import Any, NamedTuple

from kustodian.model.json_value import FieldPath, JsonObject, mapping, text


class ValueSource(NamedTuple):
    """A file with values, or an entry of a configuration in it that sets values.

    `file` is relative to the repository root. `field` leads to the entry ("images/2"), empty for a file whose
    lines count. `by` is the kind of the transformer or generator that wrote the value, empty if none did.
    """

    file: str
    field: str = ""
    by: str = ""
    removed: str = ""
    removed_at: tuple[int, int, int] | None = None
    inner: tuple[int, int, int] | None = None
    over: tuple[int, int, int] | None = None
    over_text: str = ""


class Written(NamedTuple):
    """Where a value was written: line and column are 1-based, 0 if the source is an entry.

    `computed` says that no single text has the value. `removed_at` is where a patch removed the key
    `removed` from this mapping. `before` is the value that this one replaced, with its text. `named_by` is
    the entry that names the file, for a value that a generator read from one.
    """

    source: ValueSource
    line: int
    column: int
    computed: bool = False
    removed: tuple[tuple[str, Written], ...] = ()
    before: tuple[Written, str] | None = None
    named_by: Written | None = None


class Places:
    """Where all values of one object were written."""

    def __init__(self, encoded: str, sources: Sequence[ValueSource]) -> None:
        """`encoded` has a word for each value, in the order of the object's JSON."""
        self._encoded = encoded
        self._sources = sources
        self._positions: dict[int, dict[str | int, int]] = {}

    def at(self, data: JsonObject, path: FieldPath) -> Written | None:
        """Where the value at a path of the object was written; None if the path does not exist."""
        position, value = 0, data
        for part in path:
            step = self._step(value, position, part)
            if step is None:
                return None
            position, value = step
        return self._read(position)

    def _step(self, value: Any, position: int, part: str | int) -> tuple[int, Any] | None:
        """The position of an entry of a mapping or list, and its value."""
        if not isinstance(value, dict | list):
            return None
        if position not in self._positions:
            keys: Iterable[str | int] = value if isinstance(value, dict) else range(len(value))
            self._positions[position] = dict(zip(keys, self._inside(position), strict=False))
        inner = self._positions[position].get(part)
        return (inner, value[part]) if inner is not None else None  # type: ignore[index]

    def _inside(self, position: int) -> Iterator[int]:
        """The positions of the values directly inside a mapping or list."""
        last = position + _values_in(self._words[position])
        position += 1
        while position <= last < len(self._words):
            yield position
            position += 1 + _values_in(self._words[position])

    @cached_property
    def _words(self) -> list[str]:
        return self._encoded.split()

    @cached_property
    def _named_sources(self) -> list[int]:
        """The positions of the words that name a source; it holds up to the next one."""
        return [position for position, word in enumerate(self._words) if "@" in word]

    def _read(self, position: int) -> Written | None:
        if position >= len(self._words):
            return None
        named = self._named_sources
        number = int(self._words[named[bisect_right(named, position) - 1]].partition("@")[0])
        place, computed, _ = self._words[position].rpartition("@")[2].partition("+")[0].partition("!")
        line, _, column = place.partition(".")
        return self._written((number, int(line), int(column)), bool(computed))

    def _written(self, at: tuple[int, int, int], computed: bool = False) -> Written:
        source = self._sources[at[0]]
        removed: list[tuple[str, Written]] = []
        while source.removed and source.removed_at and source.inner:
            removed.append((source.removed, self._written(source.removed_at)))
            source = self._sources[source.inner[0]]
        before = (self._written(source.over), source.over_text) if source.over else None
        named_by = self._written(source.inner) if source.inner else None
        return Written(source, at[1], at[2], computed, tuple(removed), before, named_by)


def _values_in(word: str) -> int:
    return int(word.partition("+")[2] or 0)


def value_source(data: JsonObject) -> ValueSource:
    """A source as the engine sends it."""

    def at(name: str) -> tuple[int, int, int] | None:
        place = mapping(data.get(name))
        return (place["source"], place["line"], place.get("column", 0)) if place else None

    return ValueSource(
        text(data.get("file")), text(data.get("field")), text(data.get("by")),
        text(data.get("removed")), at("removedAt"), at("inner"), at("over"), text(data.get("overText")),
    )  # fmt: skip
