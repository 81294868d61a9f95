"""Places the objects of a picture in columns by layer, with few crossings.

A layered drawing after Sugiyama: an edge that skips columns passes through an empty slot in each of them, so
it goes between the boxes and not behind them. The order is fixed: the same graph gives the same drawing.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from itertools import pairwise

from kustodian.model.results.object_graph import GraphEdge, GraphNode, ObjectGraph

WIDTH = 190
COLUMN = 295
#: Height of a box without notes, and of each note in it.
BASE_HEIGHT = 46
NOTE_HEIGHT = 15
GAP = 18
_SLOT_HEIGHT = 10
_SWEEPS = 6


@dataclass(frozen=True, slots=True)
class Box:
    """A node and its place; `x` and `y` are the upper left corner, in pixels."""

    node: GraphNode
    x: float
    y: float
    height: float


@dataclass(frozen=True, slots=True)
class Line:
    """An edge as the points that it passes, from box to box; `inside` if both ends are in one column."""

    edge: GraphEdge
    points: tuple[tuple[float, float], ...]
    inside: bool = False


@dataclass(frozen=True, slots=True)
class Drawing:
    """All boxes and lines, and the size of the picture."""

    boxes: tuple[Box, ...]
    lines: tuple[Line, ...]
    width: float
    height: float


@dataclass(slots=True)
class _Slot:
    """A node, or if `node` is None the place where an edge passes a column."""

    column: int
    height: float
    node: GraphNode | None = None
    y: float = 0


def lay_out(graph: ObjectGraph) -> Drawing:
    """The drawing of a graph."""
    columns = {layer: index for index, layer in enumerate(sorted({node.layer for node in graph.nodes}))}
    slots: dict[str, _Slot] = {
        node.key: _Slot(columns[node.layer], BASE_HEIGHT + NOTE_HEIGHT * len(node.notes), node)
        for node in graph.nodes
    }
    edges = [edge for edge in graph.edges if edge.source in slots and edge.target in slots]
    chains = [(edge, _chain(number, edge, slots)) for number, edge in enumerate(edges)]
    order = _order(slots, [chain for _, chain in chains], len(columns))
    height = _stack(order, slots)
    boxes = tuple(
        Box(slot.node, slot.column * COLUMN, slot.y, slot.height) for slot in slots.values() if slot.node
    )
    lines = tuple(_line(edge, [slots[key] for key in chain]) for edge, chain in chains)
    width = max(len(columns) - 1, 0) * COLUMN + WIDTH
    # A line inside the last column bends out to its right.
    bend = 70 if any(line.inside for line in lines) else 0
    return Drawing(boxes, lines, width + bend, height)


def _chain(number: int, edge: GraphEdge, slots: dict[str, _Slot]) -> list[str]:
    """The slots that an edge passes; adds the empty ones between its ends to `slots`."""
    first, last = slots[edge.source].column, slots[edge.target].column
    step = 1 if last > first else -1
    between = []
    for column in range(first + step, last, step) if first != last else ():
        key = f"\0{number}/{column}"
        slots[key] = _Slot(column, _SLOT_HEIGHT)
        between.append(key)
    return [edge.source, *between, edge.target]


def _order(slots: dict[str, _Slot], chains: list[list[str]], columns: int) -> list[list[str]]:
    """The slots of each column from top to bottom, sorted by the mean position of their neighbours."""
    neighbours: dict[str, list[str]] = defaultdict(list)
    for chain in chains:
        for left, right in pairwise(chain):
            neighbours[left].append(right)
            neighbours[right].append(left)
    order: list[list[str]] = [[] for _ in range(columns)]
    for key, slot in slots.items():
        order[slot.column].append(key)
    place = {key: index / max(len(column), 1) for column in order for index, key in enumerate(column)}
    for sweep in range(_SWEEPS):
        forward = sweep % 2 == 0
        side = -1 if forward else 1
        for column in order if forward else reversed(order):
            middles = {key: _middle(key, side, slots, neighbours, place) for key in column}
            column.sort(key=lambda key: middles[key])  # stable: ties keep their order
            place |= {key: (index + 0.5) / len(column) for index, key in enumerate(column)}
    return order


def _middle(
    key: str, side: int, slots: dict[str, _Slot], neighbours: dict[str, list[str]], place: dict[str, float]
) -> float:
    column = slots[key].column + side
    found = [place[other] for other in neighbours[key] if slots[other].column == column]
    return sum(found) / len(found) if found else place[key]


def _stack(order: list[list[str]], slots: dict[str, _Slot]) -> float:
    """Set the `y` of every slot, columns centred vertically; return the height."""
    heights = [sum(slots[key].height + GAP for key in column) - GAP for column in order]
    height = max(heights, default=0)
    for column, own in zip(order, heights, strict=True):
        y = (height - own) / 2
        for key in column:
            slots[key].y = y
            y += slots[key].height + GAP
    return height


def _line(edge: GraphEdge, passed: list[_Slot]) -> Line:
    first, last = passed[0], passed[-1]
    if first.column == last.column:
        x = first.column * COLUMN + WIDTH
        return Line(edge, ((x, _center(first)), (x, _center(last))), inside=True)
    forward = last.column > first.column
    out, into = (WIDTH, 0) if forward else (0, WIDTH)
    points = [(first.column * COLUMN + out, _center(first))]
    for slot in passed[1:-1]:
        x = slot.column * COLUMN
        ends = [(x, _center(slot)), (x + WIDTH, _center(slot))]
        points += ends if forward else ends[::-1]
    points.append((last.column * COLUMN + into, _center(last)))
    return Line(edge, tuple(points))


def _center(slot: _Slot) -> float:
    return slot.y + slot.height / 2
