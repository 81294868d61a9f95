"""Replicated workload has no PodDisruptionBudget.

Why: Draining nodes for an update may evict all replicas at the same time; only a budget tells the eviction
    API how many must stay.

Fix: Add a `policy/v1` PodDisruptionBudget with `maxUnavailable: 1` whose selector matches the pod
    template's labels.

Wrong:
    kind: Deployment
    spec: {replicas: 3}

Right:
    kind: PodDisruptionBudget
    spec:
      maxUnavailable: 1
      unhealthyPodEvictionPolicy: AlwaysAllow
      selector: {matchLabels: {app.kubernetes.io/name: iris}}

Notes: Applies to Deployments, StatefulSets, ReplicaSets and Rollouts that never run fewer than two pods
    (replicas, or the minimum of their autoscaler): with one pod a budget either does nothing or blocks
    every drain. The selector is matched within the namespace, as the API server matches it; an empty
    selector matches all pods (none in policy/v1beta1).

Source: Kubernetes documentation v1.34, "Specifying a Disruption Budget for your Application",
    https://kubernetes.io/docs/tasks/run-application/configure-pdb/
"""

from __future__ import annotations

from collections.abc import Iterator

from kustodian.kubernetes.object_set import ObjectSet
from kustodian.kubernetes.pod_selection import pods_of_budget
from kustodian.kubernetes.scaling import REPLICATED_KINDS, scaling_of
from kustodian.model.violation import Violation
from kustodian.policy.rule import Context, SetRule, Worse


def check(objects: ObjectSet, context: Context) -> Iterator[Violation]:
    """One violation for each workload with at least two pods that no budget of its namespace selects."""
    budgets = objects.of("policy", "PodDisruptionBudget")
    covered = {pod for budget in budgets for pod in pods_of_budget(budget, objects)}
    scaling = scaling_of(objects)
    for manifest in objects:
        if (manifest.group, manifest.kind) not in REPLICATED_KINDS:
            continue
        if scaling.scaled_object_of(manifest) is not manifest:
            continue
        pods, minimum = scaling.pods_of(manifest), scaling.replicated(manifest).minimum
        if minimum >= 2 and pods and covered.isdisjoint(pods):
            message = f"no PodDisruptionBudget selects the {minimum} or more pods of {manifest.ref}"
            yield Violation(("metadata", "name"), message, manifest)


RULE = SetRule(
    id="missing-pod-disruption-budget",
    topic="availability",
    severity="-/W/E",
    check=check,
    doc=__doc__,
    worse=Worse.NEVER,
    tags=("reliability",),
)
