"""A place in a source file: a node of YAML, perhaps inside a text that the file has in a scalar."""

from __future__ import annotations

from typing import NamedTuple

from kustodian.model.errors import UserError
from kustodian.model.finding import Location
from kustodian.repository.source_map import SourceFile, SourceNode, Span, parse_documents


class Inline(NamedTuple):
    """Converts positions in a text inside a scalar to those of the file: shifted, or pinned to the scalar."""

    lines: int = 0
    columns: int = 0
    pinned: Span | None = None

    def in_file(self, span: Span) -> Span:
        """A range of the text as a range of the file."""
        if self.pinned is not None:
            return self.pinned
        lines, columns = self.lines, self.columns
        return Span(
            span.line + lines, span.column + columns, span.end_line + lines, span.end_column + columns
        )


AS_IS = Inline()


class Place(NamedTuple):
    """A node of a file; `inline` converts its position if the node is in a text inside the file."""

    file: str
    node: SourceNode
    inline: Inline = AS_IS

    def location(self) -> Location:
        """The place as a finding's location: the key and value of one line, else the key."""
        return self._in_file(self.node.place)

    def value_location(self) -> Location:
        """The place of the value alone."""
        return self._in_file(self.node.span)

    def _in_file(self, span: Span) -> Location:
        return Location(self.file, *self.inline.in_file(span))


def inline_text(file: SourceFile, place: Place) -> tuple[list[SourceNode], Inline]:
    """The documents in a scalar, and how their positions convert to those of the file.

    The lines of a literal block scalar (`|`) are indented lines of the file. In another scalar, every node
    gets the place of the scalar. The list is empty if the text is not YAML.
    """
    scalar = place.node
    try:
        documents = parse_documents(scalar.text or "", file.shown)
    except UserError:
        documents = []
    first = scalar.span.line
    opening = file.lines[first - 1][scalar.span.column - 1 :] if first <= len(file.lines) else ""
    if place.inline != AS_IS or not opening.startswith("|"):
        return documents, Inline(pinned=place.inline.in_file(scalar.place))
    indent = next((len(line) - len(line.lstrip(" ")) for line in file.lines[first:] if line.strip()), 0)
    return documents, Inline(first, indent)
