"""A peer of the network policy matches no pod, so the connection it should allow is denied.

Why: The client that the rule was written for is cut off; most often its namespace was forgotten (a lone
podSelector means the policy's own namespace).

Fix: Correct the labels of the peer; for pods of another namespace put a `namespaceSelector` into the same
list element.

Wrong:
    ingress:
      - from:
          - podSelector: {matchLabels: {app.kubernetes.io/name: prometheus}}  # looks in this namespace

Right:
    ingress:
      - from:
          - namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: monitoring}}
            podSelector: {matchLabels: {app.kubernetes.io/name: prometheus}}

Notes: Pods of namespaces outside of the overlay are not known, so a peer that names such a namespace, or
selects namespaces by other labels than their name, is not reported.

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
from kustodian.policy.rule import Context, SetRule

_NAME_LABEL = "kubernetes.io/metadata.name"


def check(objects: ObjectSet, context: Context) -> Iterator[Violation]:
    """One violation for each peer whose namespaces are known and hold no such pod."""
    del context
    for policy in policies(objects):
        for direction, field in PEERS.items():
            for path, rule in policy.rules(direction):
                for index, peer in peers(rule, direction):
                    namespaces = _empty_in(peer, policy, objects)
                    if namespaces:
                        where = ", ".join(namespaces)
                        yield Violation(
                            (*path, field, index, "podSelector"),
                            f"podSelector of this peer matches no pod in namespace {where}",
                            policy.manifest,
                        )


def _empty_in(peer: JsonObject, policy: Policy, objects: ObjectSet) -> list[str]:
    """The namespaces in which the peer looks for pods and finds none; empty where all is well or unknown."""
    selector = peer.get("podSelector")
    if not isinstance(selector, dict) or is_empty_selector(selector):
        return []
    if isinstance(peer.get("namespaceSelector"), dict):
        namespaces = _named(mapping(peer["namespaceSelector"]))
    else:
        namespaces = [policy.namespace]
    # A namespace without any pod in the set is filled by someone else.
    if not namespaces or not all(objects.pods_in(name) for name in namespaces):
        return []
    for name in namespaces:
        if pods_selected(selector, name, objects) or made_by_operator(selector, name, objects):
            return []
    return namespaces


def _named(selector: JsonObject) -> list[str]:
    """The namespaces that a namespaceSelector names outright; empty where it selects in another way."""
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
    tags=("reliability",),
)
