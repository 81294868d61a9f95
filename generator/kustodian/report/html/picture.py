"""The picture of an overlay's objects, as SVG: no script, nothing fetched, colours from the page's style."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from html import escape
from itertools import pairwise

from kustodian.model.results.object_graph import ObjectGraph, Relation
from kustodian.report.html.layout import WIDTH, Box, Line, lay_out

_MARGIN = 12
#: A picture of more boxes says nothing; the page then lists the objects instead.
MOST_NODES = 140
#: How many letters fit into a box in bold and in small type, above a straight line, and between two columns.
_NAME_LENGTH, _NOTE_LENGTH, _LONG_LABEL, _SHORT_LABEL = 21, 26, 32, 16
#: Relations with a style of their own; the others are plain.
_STYLED = (Relation.ALLOWS, Relation.SCALES, Relation.GUARDS, Relation.WATCHES, Relation.GRANTS)


def as_svg(graph: ObjectGraph, overlay: str, findings: Mapping[str, tuple[str, int]]) -> str:
    """The picture; `findings` maps an object's key to its worst severity and how many it has."""
    drawing = lay_out(graph)
    width, height = drawing.width + 2 * _MARGIN, drawing.height + 2 * _MARGIN
    # The title of each box and line is its full text: what is cut off is not lost.
    parts = [
        f'<svg class="picture" viewBox="{-_MARGIN} {-_MARGIN} {width:g} {height:g}" '
        f'width="{width:g}" height="{height:g}" role="group" '
        f'aria-label="Objects of {escape(overlay)} and how they relate">'
    ]
    parts += [_line(line) for line in drawing.lines]
    parts += [_box(box, findings.get(box.node.key)) for box in drawing.boxes]
    parts += _labels(drawing.lines)
    return "".join([*parts, "</svg>"])


def _line(line: Line) -> str:
    edge = line.edge
    style = edge.relation if edge.relation in _STYLED else "plain"
    title = f"{edge.source} {edge.relation} {edge.target}" + (f" ({edge.label})" if edge.label else "")
    return (
        f'<g class="edge {style}"><title>{escape(title)}</title>'
        f'<path d="{_path(line)}" marker-end="url(#arrow-{style})"/></g>'
    )


def _path(line: Line) -> str:
    points = line.points
    x, y = points[0]
    if line.inside:
        end = points[-1][1]
        return f"M{x:g} {y:g}C{x + 60:g} {y:g} {x + 60:g} {end:g} {x + 2:g} {end:g}"
    path = [f"M{x:g} {y:g}"]
    for (x1, y1), (x2, y2) in pairwise(points):
        middle = (x1 + x2) / 2
        straight = y1 == y2
        path.append(f"L{x2:g} {y2:g}" if straight else f"C{middle:g} {y1:g} {middle:g} {y2:g} {x2:g} {y2:g}")
    return "".join(path)


def _labels(lines: tuple[Line, ...]) -> list[str]:
    """What lets whom: a use says nothing that its two boxes do not say, so its label is in the title only."""
    ends = Counter(key for line in lines for key in (line.edge.source, line.edge.target))
    found: dict[tuple[str, ...], str] = {}
    for line in lines:
        edge = line.edge
        if not edge.label or edge.relation is Relation.USES:
            continue
        # Nearer the end with fewer lines, where they are apart; what meets there says it once.
        at_source = ends[edge.source] <= ends[edge.target]
        end = edge.source if at_source else edge.target
        place = (edge.target, edge.source) if len(line.points) > 2 or line.inside else (end,)
        found.setdefault((edge.label, *place), _label(line, 0.35 if at_source else 0.6))
    return list(found.values())


def _label(line: Line, part: float) -> str:
    """Above the straight piece of a line that passes a column, else `part` of the way along its curve."""
    straight = len(line.points) > 2
    (x1, y1), (x2, y2) = line.points[1:3] if straight else line.points[:2]
    if straight or line.inside:
        x, y = ((x1 + 47) if line.inside else (x1 + x2) / 2), (y1 + y2) / 2
    else:
        # The Bezier curve of `_path`, its middle points half-way and level with the ends.
        late = part * part * (3 - 2 * part)
        sides = 3 * part * (1 - part)
        x = (1 - part) ** 3 * x1 + sides * (x1 + x2) / 2 + part**3 * x2
        y = y1 + (y2 - y1) * late
    text = _cut(line.edge.label, _LONG_LABEL if straight else _SHORT_LABEL)
    return f'<text class="label" x="{x:g}" y="{y - 4:g}">{escape(text)}</text>'


def _box(box: Box, found: tuple[str, int] | None) -> str:
    node = box.node
    state = "" if node.in_overlay else " outside"
    state += f" {found[0]}" if found else ""
    said = f"{node.key}: {found[1]} findings, worst {found[0]}" if found else node.key
    said += "" if node.in_overlay else " (not in this overlay)"
    button = f' tabindex="0" role="button" data-object="{escape(node.key)}"' if found else ""
    place = f"translate({box.x:g} {box.y:g})"
    parts = [
        f'<g class="node{state}" transform="{place}"{button} aria-label="{escape(said)}">',
        f"<title>{escape(said)}</title>",
        f'<rect width="{WIDTH}" height="{box.height:g}" rx="7"/>',
        f'<text class="kind" x="12" y="18">{escape(_cut(node.kind, _NOTE_LENGTH))}</text>',
        f'<text class="name" x="12" y="35">{escape(_cut(node.name, _NAME_LENGTH))}</text>',
    ]
    for number, note in enumerate(node.notes):
        y = 51 + 15 * number
        parts.append(f'<text class="note" x="12" y="{y}">{escape(_cut(note, _NOTE_LENGTH))}</text>')
    if found:
        parts.append(f'<circle class="badge" cx="{WIDTH - 16}" cy="16" r="10"/>')
        parts.append(f'<text class="badge-text" x="{WIDTH - 16}" y="20">{min(found[1], 99)}</text>')
    return "".join([*parts, "</g>"])


def arrows() -> str:
    """The arrow heads, once a page: every picture points at them."""
    markers = "".join(
        f'<marker id="arrow-{style}" class="arrow {style}" viewBox="0 0 8 8" refX="7.5" refY="4" '
        f'markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0L8 4L0 8z"/></marker>'
        for style in ("plain", *_STYLED)
    )
    # Not display:none: markers of a picture that is not displayed are not drawn in some browsers.
    return f'<svg class="defs" width="0" height="0" aria-hidden="true"><defs>{markers}</defs></svg>'


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"
