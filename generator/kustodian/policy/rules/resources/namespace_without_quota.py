"""Namespace has no ResourceQuota.

Why: One team's mistake (an autoscaler without a sane maximum, a loop of Jobs) can take the whole cluster
    and its GPUs.

Fix: Add a ResourceQuota with cpu, memory and GPU requests to the overlay that creates the namespace.

Wrong:
    kind: Namespace
    metadata: {name: iris-prod}

Right:
    kind: ResourceQuota
    metadata: {name: compute, namespace: iris-prod}
    spec: {hard: {requests.cpu: "16", requests.memory: 64Gi, requests.nvidia.com/gpu: "2"}}

Notes: Checks every Namespace object in the overlay, except those that Kubernetes creates itself. A
    ResourceQuota in another namespace does not count, but an OpenShift ClusterResourceQuota that selects the
    namespace does.

Source: Kubernetes documentation v1.34, "Resource Quotas",
    https://kubernetes.io/docs/concepts/policy/resource-quotas/
"""

from __future__ import annotations

from collections.abc import Iterator

from kustodian.kubernetes.object_set import ObjectSet, namespace_of
from kustodian.kubernetes.selector import selector_matches
from kustodian.model.json_value import dig, mapping
from kustodian.model.violation import Violation
from kustodian.policy.rule import Context, SetRule, Worse

_SYSTEM_NAMESPACES = frozenset({"default", "kube-system", "kube-public", "kube-node-lease"})


def check(objects: ObjectSet, context: Context) -> Iterator[Violation]:
    """One violation for each Namespace object without a ResourceQuota that sets any hard limits."""
    covered = {namespace_of(m) for m in objects.of("", "ResourceQuota") if mapping(m.spec.get("hard"))}
    for namespace in objects.of("", "Namespace"):
        name = namespace.name
        if name in covered or name in _SYSTEM_NAMESPACES or _has_cluster_quota(objects, namespace.labels):
            continue
        yield Violation(("metadata", "name"), f"namespace {name} has no ResourceQuota", namespace)


def _has_cluster_quota(objects: ObjectSet, labels: dict[str, str]) -> bool:
    # quota.openshift.io/v1: a selector by labels (a LabelSelector) or by annotations.
    for quota in objects.of("quota.openshift.io", "ClusterResourceQuota"):
        selector = quota.spec.get("selector")
        label_selector = dig(selector, ("labels",))
        if isinstance(label_selector, dict) and selector_matches(label_selector, labels):
            return True
    return False


RULE = SetRule(
    id="namespace-without-quota",
    topic="resources",
    severity="-/W/E",
    check=check,
    doc=__doc__,
    worse=Worse.NEVER,
    tags=("cost", "reliability", "cis"),
)
