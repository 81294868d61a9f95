"""YAML inside a YAML scalar, such as an inline patch of a kustomization, with lines of the outer file."""

from __future__ import annotations

from collections.abc import Iterator

from kustodian.model.errors import UserError
from kustodian.model.json_value import FieldPath
from kustodian.model.manifest import Inside
from kustodian.repository.source_map import SourceFile, SourceMaps, SourceNode, parse_documents
from kustodian.review.locate.source_path import AS_IS, InlinePlace, Place


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


def place_in_text(maps: SourceMaps, scalar: Place, inside: Inside, path: FieldPath) -> Place:
    """The place of a field, or its nearest ancestor, of an object in a text; else that of the whole text."""
    source = maps.file(scalar.file)
    if source is None or scalar.inline != AS_IS or scalar.node.text is None:
        return scalar
    documents = list(inline_documents(source, scalar.node))
    if inside.document is None or inside.document >= len(documents):
        return scalar
    document, inline = documents[inside.document]
    item = document if inside.item is None else document.at(("items", inside.item))
    node, _ = (item or document).nearest(path)
    return Place(scalar.file, node, inline)


def _indent(lines: list[str]) -> int:
    for line in lines:
        if line.strip():
            return len(line) - len(line.lstrip(" "))
    return 0
