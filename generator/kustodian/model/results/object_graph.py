"""An overlay's objects and how they depend on each other, for a picture of it."""

from __future__ import annotations

from enum import IntEnum, StrEnum
from typing import NamedTuple


class Layer(IntEnum):
    """The column an object stands in: traffic flows from the first to the last."""

    OUTSIDE = 0
    ROUTE = 1
    SERVICE = 2
    WORKLOAD = 3
    DEPENDENCY = 4
    SOURCE = 5


class Relation(StrEnum):
    """Why there is an edge."""

    ROUTES = "routes"
    SELECTS = "selects"
    USES = "uses"
    SCALES = "scales"
    GUARDS = "guards"
    WATCHES = "watches"
    ALLOWS = "allows"
    GRANTS = "grants"
    FILLS = "fills"


class GraphNode(NamedTuple):
    """One object, or something outside that the objects name.

    `key` is unique in the graph: `Deployment iris-prod/iris`, as `ObjectRef` prints it. `in_overlay` is
    False for what is only named (a Secret that somebody else makes, another namespace). `notes` are facts
    worth a line each: `2 replicas`, `ingress denied unless allowed`.
    """

    key: str
    kind: str
    name: str
    layer: Layer
    notes: tuple[str, ...] = ()
    in_overlay: bool = True


class GraphEdge(NamedTuple):
    """From what acts or depends to what it acts on or needs; both are node keys.

    `label` says by what: the network policy that allows, the binding that grants, the volume that mounts.
    """

    source: str
    target: str
    relation: Relation
    label: str = ""


class ObjectGraph(NamedTuple):
    """The graph of one overlay, sorted; `alone` are the keys of objects without any relation."""

    nodes: tuple[GraphNode, ...] = ()
    edges: tuple[GraphEdge, ...] = ()
    alone: tuple[str, ...] = ()
