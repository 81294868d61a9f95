"""Pod names a priority class that does not exist.

Why: The API server refuses the pod ("no PriorityClass with name ... was found"), so the workload has no
replicas.

Fix: Add the PriorityClass to the overlay or correct `priorityClassName`; if the platform team provides it,
waive the finding.

Wrong:
    spec:
      priorityClassName: serving-critical  # does not exist

Right:
    apiVersion: scheduling.k8s.io/v1
    kind: PriorityClass
    metadata: {name: serving-critical}
    value: 100000

Notes: system-cluster-critical and system-node-critical exist in every cluster.

Source: Kubernetes documentation, "Pod Priority and Preemption",
https://kubernetes.io/docs/concepts/scheduling-eviction/pod-priority-preemption/
"""

from __future__ import annotations

from collections.abc import Iterator

from kustodian.kubernetes.object_set import ObjectSet
from kustodian.kubernetes.pod_references import is_final
from kustodian.model.json_value import text
from kustodian.model.violation import Violation
from kustodian.policy.rule import Context, SetRule, Worse

_BUILT_IN = ("system-cluster-critical", "system-node-critical")


def check(objects: ObjectSet, context: Context) -> Iterator[Violation]:
    """One violation for each pod template whose class is not in the set."""
    del context
    declared = {m.name for m in objects.of("scheduling.k8s.io", "PriorityClass")}
    seen = set()
    for pod in objects.pods:
        name, path = text(pod.spec.get("priorityClassName")), pod.path_of("priorityClassName")
        if not is_final(name) or name in _BUILT_IN or name in declared or (id(pod.owner), path) in seen:
            continue
        seen.add((id(pod.owner), path))
        yield Violation(path, f"the priority class {name} does not exist", pod.owner)


RULE = SetRule(
    id="missing-priority-class",
    topic="references",
    severity="W/E/E",
    check=check,
    doc=__doc__,
    worse=Worse.BY_MESSAGE,
    tags=("reliability",),
)
