"""Namespace has no LimitRange.

Why: A container that sets no request or limit gets none: under a ResourceQuota it is rejected, and without
    one it runs unbounded.

Fix: Add a LimitRange with default and defaultRequest to the overlay that creates the namespace.

Wrong:
    kind: Namespace
    metadata: {name: iris-prod}

Right:
    kind: LimitRange
    metadata: {name: defaults, namespace: iris-prod}
    spec: {limits: [{type: Container, default: {memory: 1Gi}, defaultRequest: {cpu: 100m, memory: 1Gi}}]}

Notes: Checks every Namespace object in the overlay, except those that Kubernetes creates itself. A LimitRange
    in another namespace does not count.

Source: Kubernetes documentation v1.34, "Limit Ranges",
    https://kubernetes.io/docs/concepts/policy/limit-range/
"""

from __future__ import annotations

from collections.abc import Iterator

from kustodian.kubernetes.object_set import ObjectSet, namespace_of
from kustodian.model.json_value import mappings
from kustodian.model.violation import Violation
from kustodian.policy.rule import Context, SetRule, Worse

_SYSTEM_NAMESPACES = frozenset({"default", "kube-system", "kube-public", "kube-node-lease"})


def check(objects: ObjectSet, context: Context) -> Iterator[Violation]:
    """One violation for each Namespace object without a LimitRange that sets any limits."""
    covered = {namespace_of(m) for m in objects.of("", "LimitRange") if mappings(m.spec.get("limits"))}
    for namespace in objects.of("", "Namespace"):
        name = namespace.name
        if name in covered or name in _SYSTEM_NAMESPACES:
            continue
        yield Violation(("metadata", "name"), f"namespace {name} has no LimitRange", namespace)


RULE = SetRule(
    id="namespace-without-limit-range",
    topic="resources",
    severity="-/W/E",
    check=check,
    doc=__doc__,
    worse=Worse.NEVER,
    tags=("cost", "reliability", "cis"),
)
