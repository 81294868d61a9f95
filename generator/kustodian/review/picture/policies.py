"""Network policies as edges: from each peer that is allowed to the pods that it may reach.

Source: Kubernetes API reference, networking.k8s.io/v1 NetworkPolicy: a pod that any policy selects for a
direction is isolated in it; rules of several policies add up; an absent peer list means anyone.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from kustodian.kubernetes.object_set import ObjectSet, namespace_of
from kustodian.kubernetes.pods.template import PodTemplate
from kustodian.kubernetes.selector import is_empty_selector
from kustodian.model.json_value import JsonObject, mapping, mappings, sequence, string_map, text
from kustodian.model.manifest import Manifest
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
    for policy in objects.of("networking.k8s.io", "NetworkPolicy"):
        key = str(policy.ref)
        yield None, key
        pods = objects.pods_selected(policy.spec.get("podSelector"), namespace_of(policy))
        for direction in _directions(policy):
            for pod in pods:
                isolation.add((str(pod.owner.ref), "in" if direction == "Ingress" else "out"))
                for peer, ports in _peers(policy, direction, objects, outside):
                    ends = (peer, str(pod.owner.ref))
                    source, target = ends if direction == "Ingress" else ends[::-1]
                    if source != target:
                        label = f"{policy.name} {ports}".rstrip()
                        yield GraphEdge(source, target, Relation.ALLOWS, label), key


def _directions(policy: Manifest) -> list[str]:
    given = [d for d in sequence(policy.spec.get("policyTypes")) if d in ("Ingress", "Egress")]
    if given:
        return given
    # As the API server fills it in.
    return ["Ingress", "Egress"] if policy.spec.get("egress") else ["Ingress"]


def _peers(
    policy: Manifest, direction: str, objects: ObjectSet, outside: Outside
) -> Iterator[tuple[str, str]]:
    rules, peers_field = ("ingress", "from") if direction == "Ingress" else ("egress", "to")
    layer = Layer.OUTSIDE if direction == "Ingress" else Layer.DEPENDENCY
    for _, rule in mappings(policy.spec.get(rules)):
        ports = _ports(rule)
        peers = mappings(rule.get(peers_field))
        if not peers:
            yield outside("Network", "anywhere", layer), ports
        for _, peer in peers:
            for key in _peer(peer, policy, objects, outside, layer):
                yield key, ports


def _peer(
    peer: JsonObject, policy: Manifest, objects: ObjectSet, outside: Outside, layer: Layer
) -> Iterator[str]:
    if "ipBlock" in peer:
        yield outside("Network", text(mapping(peer["ipBlock"]).get("cidr"), "addresses"), layer)
    elif "namespaceSelector" in peer:
        pods = _words(peer["podSelector"]) if "podSelector" in peer else ""
        yield outside("Namespace", _namespaces(peer["namespaceSelector"]), layer, note=pods)
    elif "podSelector" in peer:
        found: list[PodTemplate] = objects.pods_selected(peer["podSelector"], namespace_of(policy))
        yield from sorted({str(pod.owner.ref) for pod in found})
        if not found:
            yield outside("Pods", _words(peer["podSelector"]), layer)


def _namespaces(selector: object) -> str:
    if is_empty_selector(selector):
        return "any namespace"
    labels = string_map(mapping(selector).get("matchLabels"))
    if set(labels) == {_NAMESPACE_NAME} and not mapping(selector).get("matchExpressions"):
        return labels[_NAMESPACE_NAME]
    return _words(selector)


def _words(selector: object) -> str:
    """A LabelSelector in few words: `app=iris, tier in (web, api)`."""
    labels = string_map(mapping(selector).get("matchLabels"))
    words = [f"{key.rpartition('/')[2]}={value}" for key, value in sorted(labels.items())]
    for _, expression in mappings(mapping(selector).get("matchExpressions")):
        values = ", ".join(str(value) for value in sequence(expression.get("values")))
        operator = text(expression.get("operator")).lower()
        words.append(f"{text(expression.get('key'))} {operator} {f'({values})' if values else ''}".rstrip())
    return ", ".join(words) or "any pod"


def _ports(rule: JsonObject) -> str:
    ports = [port.get("port") for _, port in mappings(rule.get("ports"))]
    return " ".join(dict.fromkeys(f":{port}" for port in ports if isinstance(port, (int, str))))
