"""The graph of an overlay's objects and their relations."""

from __future__ import annotations

from enum import IntEnum, StrEnum
from typing import NamedTuple


class Layer(IntEnum):
    """The column of an object in the picture; traffic flows from the first to the last."""

    OUTSIDE = 0
    ROUTE = 1
    SERVICE = 2
    WORKLOAD = 3
    DEPENDENCY = 4
    SOURCE = 5


class Relation(StrEnum):
    """The kind of an edge."""

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
    """An object of the overlay, or one that its objects refer to.

    `key` is unique in the graph: `Deployment iris-prod/iris`, as `ObjectRef` prints it. `in_overlay` is
    False for an object outside of the overlay, such as a Secret that an operator creates. `notes` are shown
    one a line: `2 replicas`, `ingress denied unless allowed`.
    """

    key: str
    kind: str
    name: str
    layer: Layer
    notes: tuple[str, ...] = ()
    in_overlay: bool = True


class GraphEdge(NamedTuple):
    """An edge from the node that acts or depends to the one that it acts on or needs; both are node keys.

    `label` names the means: the network policy that allows, the binding that grants, the volume that mounts.
    """

    source: str
    target: str
    relation: Relation
    label: str = ""


class ObjectGraph(NamedTuple):
    """The graph of an overlay, sorted; `alone` are the keys of objects without relations."""

    nodes: tuple[GraphNode, ...] = ()
    edges: tuple[GraphEdge, ...] = ()
    alone: tuple[str, ...] = ()
