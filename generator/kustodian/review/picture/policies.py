"""Network policies as edges, from each allowed peer to the pods that it may reach.

Source: Kubernetes API reference, networking.k8s.io/v1 NetworkPolicy: a pod that any policy selects for a
direction is isolated in it; rules of several policies add up; an absent peer list means anyone.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from kustodian.kubernetes.network_policy import DIRECTIONS, Direction, Policy, peers, policies, ports
from kustodian.kubernetes.object_set import ObjectSet
from kustodian.kubernetes.pod_selection import pods_selected
from kustodian.kubernetes.selector import is_empty_selector
from kustodian.model.json_value import JsonObject, mapping, mappings, sequence, string_map, text
from kustodian.model.results.object_graph import GraphEdge, Layer, Relation

_NAMESPACE_NAME = "kubernetes.io/metadata.name"


class Outside(Protocol):
    """Makes the node of something outside the overlay; returns its key."""

    def __call__(
        self, kind: str, name: str, layer: Layer, namespace: str | None = None, note: str = ""
    ) -> str:
        """`kind`, `name` and `note` are what the picture shows."""


def policy_edges(
    objects: ObjectSet, outside: Outside, isolation: set[tuple[str, str]]
) -> Iterator[tuple[GraphEdge | None, str]]:
    """(edge, key of its policy); (None, key) for a policy that allows nothing.

    Adds (workload key, "in" or "out") to `isolation` for every direction that some policy closes.
    """
    for policy in policies(objects):
        key = str(policy.manifest.ref)
        yield None, key
        pods = [pod for pod in objects.pods_in(policy.namespace) if policy.selects(pod)]
        for direction in DIRECTIONS:
            for pod in pods if direction in policy.directions else ():
                isolation.add((str(pod.owner.ref), "in" if direction == "ingress" else "out"))
                for peer, port_words in _peers(policy, direction, objects, outside):
                    ends = (peer, str(pod.owner.ref))
                    source, target = ends if direction == "ingress" else ends[::-1]
                    if source != target:
                        label = f"{policy.manifest.name} {port_words}".rstrip()
                        yield GraphEdge(source, target, Relation.ALLOWS, label), key


def _peers(
    policy: Policy, direction: Direction, objects: ObjectSet, outside: Outside
) -> Iterator[tuple[str, str]]:
    layer = Layer.OUTSIDE if direction == "ingress" else Layer.DEPENDENCY
    for _, rule in policy.rules(direction):
        port_words = _ports(rule)
        allowed = peers(rule, direction)
        if not allowed:
            yield outside("Network", "anywhere", layer), port_words
        for _, peer in allowed:
            for key in _peer(peer, policy, objects, outside, layer):
                yield key, port_words


def _peer(
    peer: JsonObject, policy: Policy, objects: ObjectSet, outside: Outside, layer: Layer
) -> Iterator[str]:
    if "ipBlock" in peer:
        yield outside("Network", text(mapping(peer["ipBlock"]).get("cidr"), "addresses"), layer)
    elif "namespaceSelector" in peer:
        note = _words(peer["podSelector"]) if "podSelector" in peer else ""
        yield outside("Namespace", _namespaces(peer["namespaceSelector"]), layer, note=note)
    elif "podSelector" in peer:
        pods = pods_selected(peer["podSelector"], policy.namespace, objects)
        yield from sorted({str(pod.owner.ref) for pod in pods})
        if not pods:
            yield outside("Pods", _words(peer["podSelector"]), layer)


def _namespaces(selector: object) -> str:
    if is_empty_selector(selector):
        return "any namespace"
    labels = string_map(mapping(selector).get("matchLabels"))
    if set(labels) == {_NAMESPACE_NAME} and not mapping(selector).get("matchExpressions"):
        return labels[_NAMESPACE_NAME]
    return _words(selector)


def _words(selector: object) -> str:
    """A LabelSelector in short: `app=iris, tier in (web, api)`."""
    labels = string_map(mapping(selector).get("matchLabels"))
    words = [f"{key.rpartition('/')[2]}={value}" for key, value in sorted(labels.items())]
    for _, expression in mappings(mapping(selector).get("matchExpressions")):
        values = ", ".join(str(value) for value in sequence(expression.get("values")))
        operator = text(expression.get("operator")).lower()
        words.append(f"{text(expression.get('key'))} {operator} {f'({values})' if values else ''}".rstrip())
    return ", ".join(words) or "any pod"


def _ports(rule: JsonObject) -> str:
    numbers = [port.get("port") for _, port in ports(rule)]
    return " ".join(dict.fromkeys(f":{port}" for port in numbers if isinstance(port, (int, str))))
