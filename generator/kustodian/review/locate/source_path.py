"""Follows the path of a rendered field through a source document.

List indexes differ between the two: a strategic-merge patch names a list item by its merge key, and other
patches insert items. So an item is found by the merge key of the rendered item, a scalar by its value.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, NamedTuple

from kustodian.model.finding import Location
from kustodian.model.json_value import FieldPath
from kustodian.model.linear_pattern import linear_pattern, matches_whole
from kustodian.model.manifest import Manifest
from kustodian.repository.source_map import MERGE_KEYS, SourceNode, Span


class InlinePlace(NamedTuple):
    """Converts places in an inline patch to places in its file: shifted, or pinned to the whole scalar."""

    lines: int = 0
    columns: int = 0
    pinned: Span | None = None


AS_IS = InlinePlace()


class Place(NamedTuple):
    """A node of a file; `inline` converts its position if the node is part of an inline patch."""

    file: str
    node: SourceNode
    inline: InlinePlace = AS_IS

    def location(self) -> Location:
        """The place as a finding's location."""
        if self.inline.pinned is not None:
            span, lines, columns = self.inline.pinned, 0, 0
        else:
            span, lines, columns = self.node.place, self.inline.lines, self.inline.columns
        return Location(
            self.file,
            span.line + lines,
            span.column + columns,
            span.end_line + lines,
            span.end_column + columns,
        )


class Subject(NamedTuple):
    """The object being located, and its origin document (for the name it had before any prefix).

    `files` are those that rendering its overlay read.
    """

    manifest: Manifest
    origin: SourceNode | None
    files: Collection[str] = ()

    def has_name(self, name: str, pattern: bool = False) -> bool:
        """Whether the object has this name, or had it before prefixes and suffixes were added."""
        names = {self.manifest.name}
        original = self.origin.scalar("metadata", "name") if self.origin is not None else None
        original = original or (self.origin.scalar("name") if self.origin is not None else None)
        if original:
            names.add(original)
        if pattern:
            if any(matches_whole(name, candidate) for candidate in names):
                return True
            compiled = linear_pattern(name)
            return compiled is not None and compiled.search(self.manifest.name)
        return name in names or bool(original and original in name and name in self.manifest.name)


def align(node: SourceNode | None, rendered: Any, path: FieldPath) -> SourceNode | None:
    """The source node of a rendered path, None if this source does not have it."""
    for part in path:
        if node is None:
            return None
        if isinstance(part, int):
            item = rendered[part] if isinstance(rendered, list) and part < len(rendered) else None
            node = _item(node, item, part, rendered)
            rendered = item
        else:
            node = node.children.get(part)
            rendered = rendered.get(part) if isinstance(rendered, dict) else None
    return node


def _item(node: SourceNode, item: Any, index: int, rendered: Any) -> SourceNode | None:
    if not node.is_list:
        return None
    if isinstance(item, dict):
        for key in MERGE_KEYS:
            if not isinstance(item.get(key), str | int):
                continue
            items = node.items_by(key)
            matches = items.get(str(item[key]))
            if matches:
                return _closest(matches, item)
            if items:
                return None
    elif item is not None and not isinstance(item, list):
        return node.first_by_text.get(_yaml_text(item))
    same_length = isinstance(rendered, list) and len(rendered) == len(node.children)
    return node.children.get(index) if same_length or item is None else _by_shape(node, item)


def _closest(matches: list[SourceNode], item: dict[str, Any]) -> SourceNode:
    """Of items with the same merge key (a port in TCP and UDP), the one with the most equal scalars."""
    if len(matches) == 1:
        return matches[0]
    return max(
        matches, key=lambda child: sum(child.scalar(key) == _yaml_text(value) for key, value in item.items())
    )


def _by_shape(node: SourceNode, item: Any) -> SourceNode | None:
    """The item with the same keys, for items without a merge key."""
    if not isinstance(item, dict):
        return None
    return node.first_by_keys.get(frozenset(item))


def _yaml_text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
