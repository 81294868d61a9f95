"""A peer of the network policy matches no pod, so the connection it should allow is denied.

Why: The client that the rule was written for is cut off; most often its namespace was forgotten (a
podSelector alone means the policy's own namespace).

Fix: Correct the labels of the peer; for pods in another namespace, add a `namespaceSelector` to the same list
element.

Wrong:
    ingress:
      - from:
          - podSelector: {matchLabels: {app.kubernetes.io/name: prometheus}}  # looks in this namespace

Right:
    ingress:
      - from:
          - namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: monitoring}}
            podSelector: {matchLabels: {app.kubernetes.io/name: prometheus}}

Notes: Pods in namespaces outside the overlay are unknown, so a peer that names such a namespace, or selects
namespaces by labels other than their name, is not reported.

Source: Kubernetes documentation, "Behavior of to and from selectors",
https://kubernetes.io/docs/concepts/services-networking/network-policies/#behavior-of-to-and-from-selectors
"""

from __future__ import annotations

from collections.abc import Iterator

from kustodian.kubernetes.network_policy import PEERS, Policy, peers, policies
from kustodian.kubernetes.object_set import ObjectSet
from kustodian.kubernetes.pod_selection import made_by_operator, pods_selected
from kustodian.kubernetes.selector import is_empty_selector
from kustodian.model.json_value import JsonObject, mapping, mappings, sequence, string_map, text
from kustodian.model.violation import Violation
from kustodian.policy.rule import Context, SetRule, Worse

_NAME_LABEL = "kubernetes.io/metadata.name"


def check(objects: ObjectSet, context: Context) -> Iterator[Violation]:
    """One violation for each peer whose namespaces are known and contain no matching pod."""
    del context
    for policy in policies(objects):
        for direction, field in PEERS.items():
            for path, rule in policy.rules(direction):
                for index, peer in peers(rule, direction):
                    namespaces = _namespaces_without_match(peer, policy, objects)
                    if namespaces:
                        searched = ", ".join(namespaces)
                        yield Violation(
                            (*path, field, index, "podSelector"),
                            f"podSelector of this peer matches no pod in namespace {searched}",
                            policy.manifest,
                        )


def _namespaces_without_match(peer: JsonObject, policy: Policy, objects: ObjectSet) -> list[str]:
    """The namespaces of a peer if it matches no pod in them; empty if it does or cannot be judged."""
    selector = peer.get("podSelector")
    if not isinstance(selector, dict) or is_empty_selector(selector):
        return []
    if isinstance(peer.get("namespaceSelector"), dict):
        namespaces = _named_namespaces(mapping(peer["namespaceSelector"]))
    else:
        namespaces = [policy.namespace]
    # If the set has no pod of a namespace, another overlay deploys them.
    if not namespaces or not all(objects.pods_in(name) for name in namespaces):
        return []
    for name in namespaces:
        if pods_selected(selector, name, objects) or made_by_operator(selector, name, objects):
            return []
    return namespaces


def _named_namespaces(selector: JsonObject) -> list[str]:
    """The namespaces that a namespaceSelector selects by name; empty if it selects in another way."""
    labels = string_map(selector.get("matchLabels"))
    if _NAME_LABEL in labels:
        return [labels[_NAME_LABEL]]
    for _, expression in mappings(selector.get("matchExpressions")):
        if text(expression.get("key")) == _NAME_LABEL and expression.get("operator") == "In":
            return [value for value in sequence(expression.get("values")) if isinstance(value, str)]
    return []


RULE = SetRule(
    id="network-policy-peer-selects-nothing",
    topic="network",
    severity="W/W/E",
    check=check,
    doc=__doc__,
    worse=Worse.NEVER,
    tags=("reliability",),
)
