"""Replicas may all run on one node: neither topology spread nor anti-affinity.

Why: The scheduler may put every replica on the same node or in the same zone, and then one failure stops
    them all.

Fix: Add `topologySpreadConstraints` over kubernetes.io/hostname (and the zone) with the pod's own labels to
    the pod template.

Wrong:
    kind: Deployment
    spec: {replicas: 3}

Right:
    topologySpreadConstraints:
      - maxSkew: 1
        topologyKey: kubernetes.io/hostname
        whenUnsatisfiable: ScheduleAnyway
        labelSelector: {matchLabels: {app.kubernetes.io/name: iris}}

Notes: Applies to Deployments, StatefulSets, ReplicaSets and Rollouts that may run two pods or more
    (replicas, or the maximum of their autoscaler). A constraint or anti-affinity term counts if its
    selector matches the pod's own labels: one that matches other pods spreads nothing. Required and
    preferred terms both count.

Source: Kubernetes documentation v1.34, "Pod Topology Spread Constraints",
    https://kubernetes.io/docs/concepts/scheduling-eviction/topology-spread-constraints/
"""

from __future__ import annotations

from collections.abc import Iterator

from kustodian.kubernetes.object_set import ObjectSet
from kustodian.kubernetes.pods.template import PodTemplate
from kustodian.kubernetes.scaling import REPLICATED_KINDS, scaling_of
from kustodian.kubernetes.selector import selector_matches
from kustodian.model.json_value import JsonObject, dig, mapping, mappings
from kustodian.model.violation import Violation
from kustodian.policy.rule import Context, SetRule, Worse


def check(objects: ObjectSet, context: Context) -> Iterator[Violation]:
    """One violation for each pod template whose replicas nothing spreads."""
    for pod in objects.pods:
        if (pod.owner.group, pod.owner.kind) not in REPLICATED_KINDS:
            continue
        most = scaling_of(objects).count(pod).maximum
        if most >= 2 and not any(selector_matches(s, pod.labels) for s in _selectors(pod)):
            message = f"nothing spreads the pods of {pod.owner.ref} (up to {most}) over different nodes"
            yield Violation(pod.path_of("topologySpreadConstraints"), message, pod.owner)


def _selectors(pod: PodTemplate) -> Iterator[object]:
    for _, constraint in mappings(pod.spec.get("topologySpreadConstraints")):
        yield constraint.get("labelSelector")
    group: JsonObject = mapping(dig(pod.spec, ("affinity", "podAntiAffinity")))
    for _, term in mappings(group.get("requiredDuringSchedulingIgnoredDuringExecution")):
        yield term.get("labelSelector")
    for _, weighted in mappings(group.get("preferredDuringSchedulingIgnoredDuringExecution")):
        yield mapping(weighted.get("podAffinityTerm")).get("labelSelector")


RULE = SetRule(
    id="no-topology-spread",
    topic="availability",
    severity="-/W/W",
    check=check,
    doc=__doc__,
    worse=Worse.NEVER,
    tags=("reliability",),
)
