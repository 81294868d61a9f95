"""Edits of YAML files as text: every byte outside the edited field stays the same.

A round trip through a YAML library keeps comments but not every indentation and line break, and would bury
the fix in the diff. So the text is cut at the positions of `source_map`. Each edit parses the text again, so
positions are never stale.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from kustodian.model.field_path import format_path
from kustodian.model.json_value import FieldPath
from kustodian.repository.source_map import SourceFile, SourceNode, Span

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_./-]*|[1-9][0-9]*[KMGT]i")
_RESERVED = frozenset({"true", "false", "yes", "no", "on", "off", "null", "y", "n"})
_STEP = 2


class CannotEdit(Exception):
    """The text is written in a form that only a person should edit; the message says which."""


def set_value(text: str, document: int, path: FieldPath, value: Any) -> str:
    """The text with a value at a path of a document; missing mappings on the path are created.

    Raises CannotEdit if a list item on the path does not exist or the text is in an unusual form.
    """
    root = document_of(text, document)
    _refuse_shared(text, root, path)
    node, depth = root.nearest(path)
    if depth == len(path):
        return _replace(text, root, path, value)
    missing = path[depth:]
    if any(isinstance(part, int) for part in missing):
        raise CannotEdit(f"{format_path(path)} names a list item that does not exist")
    for part in reversed(missing[1:]):
        value = {part: value}
    if node.text is not None:  # such as `securityContext:` without a value
        if not node.is_null:
            raise CannotEdit(f"{format_path(path[:depth])} is not a mapping")
        return _replace(text, root, path[:depth], {missing[0]: value})
    if node.is_list:
        raise CannotEdit(f"{format_path(path[:depth])} is a list")
    return _add_field(text, node, str(missing[0]), value)


def remove(text: str, document: int, path: FieldPath) -> str:
    """The text without a field or list item, and without mappings and lists that this leaves empty."""
    root = document_of(text, document)
    _refuse_shared(text, root, path)
    while len(path) > 1 and (parent := root.at(path[:-1])) is not None and len(parent.children) == 1:
        path = path[:-1]
    node, parent = root.at(path), root.at(path[:-1])
    if node is None or parent is None or len(parent.children) == 1:
        raise CannotEdit(f"{format_path(path)} cannot be removed alone")
    lines = text.splitlines(keepends=True)
    start = node.key_span or node.span
    if parent.is_flow:
        return _remove_from_flow(text, parent, node)
    before = lines[start.line - 1][: start.column - 1]
    last = last_line(node)
    if isinstance(path[-1], int):
        if before.strip() != "-":
            raise CannotEdit(f"{format_path(path)} is not on a line of its own")
        del lines[start.line - 1 : last]
    elif not before.strip():
        del lines[start.line - 1 : last]
    elif before.strip() == "-" and last < len(
        lines
    ):  # the first field of a list item: the next takes its line
        following = lines[last]
        lines[last] = before + following.lstrip(" ")
        del lines[start.line - 1 : last]
    else:
        raise CannotEdit(f"{format_path(path)} is not on a line of its own")
    return "".join(lines)


def move_to_end(text: str, document: int, path: FieldPath) -> str:
    """The text with a list item moved to the end of its list."""
    root = document_of(text, document)
    _refuse_shared(text, root, path)
    items = root.at(path[:-1])
    index = path[-1]
    if items is None or not items.is_list or index not in items.children:
        raise CannotEdit(f"{format_path(path)} is not an item of a list in this file")
    nodes = list(items.children.values())
    item, last = items.children[index], nodes[-1]
    if items.is_flow:
        parts = [_text_of(text, node) for node in nodes if node is not item] + [_text_of(text, item)]
        return _splice(text, _offset(text, nodes[0]), _end_offset(text, last), ", ".join(parts))
    lines = text.splitlines(keepends=True)
    if item is last:
        return text
    first, end = item.span.line - 1, last_line(item)
    if lines[first][: item.span.column - 1].strip() != "-":
        raise CannotEdit(f"{format_path(path)} is not on the line of its dash")
    moved = lines[first:end]
    after = last_line(last)
    _end_line(lines, after, last, text)
    return "".join([*lines[:first], *lines[end:after], *moved, *lines[after:]])


def rename(text: str, document: int, path: FieldPath, name: str) -> str:
    """The text with another name for a field."""
    node = document_of(text, document).at(path)
    if node is None or node.key_span is None:
        raise CannotEdit(f"{format_path(path)} does not exist")
    key = node.key_span
    start = position(text, key.line, key.column)
    return _splice(text, start, position(text, key.end_line, key.end_column), name)


def written(value: Any, indent: int = 0) -> str:
    """A value in block style as it follows `key:`, such as ` x`, or indented lines."""
    if isinstance(value, dict) and value:
        return "".join(
            f"\n{' ' * indent}{_key(key)}:{written(v, indent + _STEP)}" for key, v in value.items()
        )
    if isinstance(value, list) and any(isinstance(item, dict | list) for item in value):
        return "".join(f"\n{' ' * indent}- {_item(item, indent + _STEP)}" for item in value)
    return f" {in_flow(value)}"


def in_flow(value: Any) -> str:
    """A value on one line."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_key(key)}: {in_flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(in_flow(item) for item in value) + "]"
    if isinstance(value, str) and _PLAIN.fullmatch(value) and value.lower() not in _RESERVED:
        return value
    return json.dumps(value, ensure_ascii=False)


def _item(value: Any, indent: int) -> str:
    return written(value, indent).lstrip("\n ") if isinstance(value, dict | list) else in_flow(value)


def _key(key: object) -> str:
    return in_flow(str(key))


def document_of(text: str, document: int) -> SourceNode:
    """The root node of a document of a text. Raises CannotEdit if there is none."""
    documents = SourceFile(text, "").documents
    if document >= len(documents):
        raise CannotEdit("the document does not exist")
    return documents[document]


def _replace(text: str, root: SourceNode, path: FieldPath, value: Any) -> str:
    node = root.at(path)
    assert node is not None
    is_block = node.text is None and not node.is_flow
    if isinstance(path[-1], int) and (is_block or isinstance(value, dict | list)):
        raise CannotEdit(f"{format_path(path)} is a whole list item")
    if node.text is not None and node.span.line != node.span.end_line:
        raise CannotEdit(f"{format_path(path)} is a multi-line text")
    if node.key_span is None:
        start, end = _offset(text, node), _end_offset(text, node)
        gap = " " if text[start - 1 : start] == "-" else ""  # behind the dash of an empty item
        return _splice(text, start, end, gap + in_flow(value))
    behind_key = _behind_colon(text, node.key_span)
    if node.text is not None or node.is_flow:
        parent = root.at(path[:-1])
        flow = parent is not None and parent.is_flow
        column = node.key_span.column - 1 + _STEP
        new = f" {in_flow(value)}" if flow else written(value, column).replace("\n", line_end(text))
        return _splice(text, behind_key, _end_offset(text, node), new)
    lines = text.splitlines(keepends=True)
    end = sum(len(line) for line in lines[: last_line(node)])
    new = written(value, node.key_span.column - 1 + _STEP) + "\n"
    return _splice(text, behind_key, end, new.replace("\n", line_end(text)))


def _behind_colon(text: str, key: Span) -> int:
    """The offset behind the colon of a key. Raises CannotEdit if it has none, or not on the same line."""
    end = position(text, key.end_line, key.end_column)
    colon = text.find(":", end)
    if colon < 0 or text[end:colon].strip(" "):
        raise CannotEdit("the key has no colon on its line")
    return colon + 1


def _add_field(text: str, mapping: SourceNode, key: str, value: Any) -> str:
    if mapping.is_flow:
        end = _end_offset(text, mapping) - 1  # the closing brace
        inside = text[:end].rstrip()
        inside += " " if inside.endswith(":") else ""  # a key without a value
        separator = "" if inside.endswith("{") else (" " if inside.endswith(",") else ", ")
        return f"{inside}{separator}{_key(key)}: {in_flow(value)}{text[end:]}"
    if not mapping.children:
        raise CannotEdit("an empty mapping")
    own = [child for child in mapping.children.values() if child.key_span is not None]
    column = min(child.key_span.column for child in own if child.key_span) - 1
    line = max(last_line(child) for child in own)
    lines = text.splitlines(keepends=True)
    _end_line(lines, line, mapping, text)
    added = f"{' ' * column}{_key(key)}:{written(value, column + _STEP)}\n".replace("\n", line_end(text))
    return "".join([*lines[:line], added, *lines[line:]])


def _remove_from_flow(text: str, parent: SourceNode, node: SourceNode) -> str:
    nodes = list(parent.children.values())
    index = nodes.index(node)
    if index + 1 < len(nodes):
        return _splice(text, _offset(text, node, key=True), _offset(text, nodes[index + 1], key=True), "")
    return _splice(text, _end_offset(text, nodes[index - 1]), _end_offset(text, node), "")


def _end_line(lines: list[str], number: int, node: SourceNode, text: str) -> None:
    """Add the missing line break to the last line of a node."""
    if lines[number - 1].endswith("\n"):
        return
    while node.children and not node.is_flow:
        node = max(_own_children(node), key=last_line)
    if node.text is not None and node.span.line != node.span.end_line:
        raise CannotEdit("the file ends in a multi-line text without a line break")
    lines[number - 1] += line_end(text)


def line_end(text: str) -> str:
    """The line break of a text: that of its first line."""
    first, newline, _ = text.partition("\n")
    return "\r\n" if newline and first.endswith("\r") else "\n"


def _refuse_shared(text: str, root: SourceNode, path: FieldPath) -> None:
    """Raise CannotEdit if an anchor, an alias or a merge key shares the value with other fields."""
    node = root
    for depth, part in enumerate(path):
        child = node.children.get(part)
        if child is None:
            return
        outside = child.span.line < node.span.line or child.span.end_line > node.span.end_line
        if outside or text[_offset(text, child) : _offset(text, child) + 1] in ("&", "*", "!"):
            raise CannotEdit(f"{format_path(path[: depth + 1])} is shared through an anchor")
        node = child


def last_line(node: SourceNode) -> int:
    """The last line (1-based) with content of the node; PyYAML ends a block where the next token begins."""
    if node.children and not node.is_flow:
        return max(last_line(child) for child in _own_children(node))
    if node.span.end_column == 1 and node.span.end_line > node.span.line:
        return node.span.end_line - 1
    return node.span.end_line


def _own_children(node: SourceNode) -> Iterator[SourceNode]:
    """The children written inside the node; those merged with `<<` are written elsewhere."""
    for child in node.children.values():
        if child.span.line >= node.span.line and child.span.end_line <= node.span.end_line:
            yield child


def position(text: str, line: int, column: int) -> int:
    """The offset of a line and column (1-based) in a text."""
    lines = text.splitlines(keepends=True)
    return sum(len(one) for one in lines[: line - 1]) + column - 1


def _offset(text: str, node: SourceNode, key: bool = False) -> int:
    span = node.key_span if key and node.key_span is not None else node.span
    return position(text, span.line, span.column)


def _end_offset(text: str, node: SourceNode) -> int:
    return position(text, node.span.end_line, node.span.end_column)


def _text_of(text: str, node: SourceNode) -> str:
    return text[_offset(text, node) : _end_offset(text, node)]


def _splice(text: str, start: int, end: int, new: str) -> str:
    return text[:start] + new + text[end:]
