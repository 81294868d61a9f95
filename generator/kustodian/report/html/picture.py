"""The picture of an overlay's objects: the place and the text of each box, line and label."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from itertools import pairwise
from typing import NamedTuple

from kustodian.model.environment import Severity
from kustodian.model.results.object_graph import GraphNode, ObjectGraph, Relation
from kustodian.report.html.layout import WIDTH, Box, Line, lay_out

_MARGIN = 12
#: How many letters fit into a box in bold and in small type, above a straight line, and between columns.
_NAME_LENGTH, _NOTE_LENGTH, _LONG_LABEL, _SHORT_LABEL = 21, 26, 32, 16
#: The styles of lines with their meaning, for the legend; a relation without its own style is plain.
ARROWS: Mapping[str, str] = {
    "plain": "traffic, use",
    Relation.ALLOWS: "network policy allows",
    Relation.SCALES: "scales",
    Relation.GUARDS: "disruption budget",
    Relation.WATCHES: "monitoring",
    Relation.GRANTS: "role binding",
}


class Found(NamedTuple):
    """The worst severity and the number of the findings in an object."""

    worst: Severity
    number: int


class DrawnLine(NamedTuple):
    """An edge; `path` is its SVG path, `title` its whole text."""

    style: str
    title: str
    path: str


class DrawnBox(NamedTuple):
    """A node; `title` is its whole text, `worst` and `badge` are "" if nothing was found in it."""

    node: GraphNode
    x: str
    y: str
    width: int
    height: str
    title: str
    kind: str
    name: str
    notes: list[str]
    worst: str
    badge: str


class Label(NamedTuple):
    """A word at a line."""

    x: str
    y: str
    text: str


class Picture(NamedTuple):
    """Everything that is drawn; `origin` is the x and y of the upper left corner."""

    overlay: str
    origin: int
    width: str
    height: str
    lines: list[DrawnLine]
    boxes: list[DrawnBox]
    labels: list[Label]


def picture_of(graph: ObjectGraph, overlay: str, found: Mapping[str, Found]) -> Picture:
    """The picture of a graph; `found` maps the key of an object to what was found in it."""
    drawing = lay_out(graph)
    return Picture(
        overlay=overlay,
        origin=-_MARGIN,
        width=f"{drawing.width + 2 * _MARGIN:g}",
        height=f"{drawing.height + 2 * _MARGIN:g}",
        lines=[_line(line) for line in drawing.lines],
        boxes=[_box(box, found.get(box.node.key)) for box in drawing.boxes],
        labels=_labels(drawing.lines),
    )


def _line(line: Line) -> DrawnLine:
    edge = line.edge
    style = edge.relation if edge.relation in ARROWS else "plain"
    title = f"{edge.source} {edge.relation} {edge.target}" + (f" ({edge.label})" if edge.label else "")
    return DrawnLine(style, title, _path(line))


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


def _labels(lines: tuple[Line, ...]) -> list[Label]:
    """The labels of all lines except uses: their two boxes say enough, and the title has the label."""
    ends = Counter(key for line in lines for key in (line.edge.source, line.edge.target))
    found: dict[tuple[str, ...], Label] = {}
    for line in lines:
        edge = line.edge
        if not edge.label or edge.relation is Relation.USES:
            continue
        # Near the end with fewer lines; equal labels that meet there are written once.
        at_source = ends[edge.source] <= ends[edge.target]
        end = edge.source if at_source else edge.target
        place = (edge.target, edge.source) if len(line.points) > 2 or line.inside else (end,)
        found.setdefault((edge.label, *place), _label(line, 0.35 if at_source else 0.6))
    return list(found.values())


def _label(line: Line, part: float) -> Label:
    """The label: above the straight piece of a line that passes a column, or `part` of the way along."""
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
    return Label(f"{x:g}", f"{y - 4:g}", text)


def _box(box: Box, found: Found | None) -> DrawnBox:
    node = box.node
    title = f"{node.key}: {found.number} findings, worst {found.worst}" if found else node.key
    return DrawnBox(
        node=node,
        x=f"{box.x:g}",
        y=f"{box.y:g}",
        width=WIDTH,
        height=f"{box.height:g}",
        title=title + ("" if node.in_overlay else " (not in this overlay)"),
        kind=_cut(node.kind, _NOTE_LENGTH),
        name=_cut(node.name, _NAME_LENGTH),
        notes=[_cut(note, _NOTE_LENGTH) for note in node.notes],
        worst=str(found.worst) if found else "",
        badge=str(min(found.number, 99)) if found else "",
    )


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"
