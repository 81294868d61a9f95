"""YAML inside a YAML scalar: an inline patch of a kustomization, with lines of the outer file."""

from __future__ import annotations

from collections.abc import Iterator

from kustodian.model.errors import UserError
from kustodian.repository.source_map import SourceFile, SourceNode, parse_documents


def inline_documents(
    source: SourceFile, scalar: SourceNode
) -> Iterator[tuple[SourceNode, int, int]]:
    """The documents inside a scalar, with what to add to their lines and columns.

    A block scalar (`|`) keeps its lines, each indented; a flow or quoted scalar is one place, so every
    node of it gets the scalar's own line.
    """
    text = scalar.text or ""
    first_line = scalar.span.line
    opening = (
        source.lines[first_line - 1][scalar.span.column - 1 :]
        if first_line <= len(source.lines)
        else ""
    )
    try:
        documents = parse_documents(text, source.shown)
    except UserError:
        return
    if opening.startswith("|"):
        indent = _indent(source.lines[first_line:])
        for document in documents:
            yield document, first_line, indent
    else:
        for document in documents:
            yield _pinned(document, scalar), 0, 0


def _indent(lines: list[str]) -> int:
    for line in lines:
        if line.strip():
            return len(line) - len(line.lstrip(" "))
    return 0


def _pinned(node: SourceNode, scalar: SourceNode) -> SourceNode:
    """The same tree with every node at the scalar's place."""
    children = {key: _pinned(child, scalar) for key, child in node.children.items()}
    return SourceNode(scalar.span, scalar.key_span, children, node.text, node.is_list)
