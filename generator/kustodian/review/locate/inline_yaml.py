"""YAML inside a YAML scalar: an inline patch of a kustomization, with lines of the outer file."""

from __future__ import annotations

from collections.abc import Iterator

from kustodian.model.errors import UserError
from kustodian.repository.source_map import SourceFile, SourceNode, parse_documents
from kustodian.review.locate.source_path import InlinePlace


def inline_documents(source: SourceFile, scalar: SourceNode) -> Iterator[tuple[SourceNode, InlinePlace]]:
    """The documents inside a scalar, each with the conversion of its places to places in the file.

    The lines of a block scalar (`|`) are indented lines of the file. In a flow or quoted scalar, every node
    gets the place of the scalar.
    """
    text = scalar.text or ""
    first_line = scalar.span.line
    opening = (
        source.lines[first_line - 1][scalar.span.column - 1 :] if first_line <= len(source.lines) else ""
    )
    try:
        documents = parse_documents(text, source.shown)
    except UserError:
        return
    place = InlinePlace(pinned=scalar.place)
    if opening.startswith("|"):
        place = InlinePlace(first_line, _indent(source.lines[first_line:]))
    for document in documents:
        yield document, place


def _indent(lines: list[str]) -> int:
    for line in lines:
        if line.strip():
            return len(line) - len(line.lstrip(" "))
    return 0
