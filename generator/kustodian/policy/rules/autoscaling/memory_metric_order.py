"""HPA lists its cpu metric before others: the API server returns them in another order.

Why: The stored object always differs from git, so Argo CD shows OutOfSync and syncs again and again.

Fix: Move the cpu utilization metric to the end of `spec.metrics` (memory before cpu).

Wrong:
    metrics:
      - {type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 70}}}
      - {type: Resource, resource: {name: memory, target: {type: Utilization, averageUtilization: 80}}}

Right:
    metrics:
      - {type: Resource, resource: {name: memory, target: {type: Utilization, averageUtilization: 80}}}
      - {type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 70}}}

Notes: The object is converted to autoscaling/v1, which has one field for cpu utilization and keeps every
    other metric in an annotation; on the way back the cpu metric is appended. A cpu metric with
    averageValue counts as one of the others.

Source: Kubernetes issue 74099, https://github.com/kubernetes/kubernetes/issues/74099; Argo CD, "Diff
    Customization", https://argo-cd.readthedocs.io/en/stable/user-guide/diffing/
"""

from __future__ import annotations

from collections.abc import Iterator

from kustodian.model.edit import Action, Edit
from kustodian.model.json_value import JsonObject, mapping, mappings
from kustodian.model.manifest import Manifest
from kustodian.model.violation import Violation
from kustodian.policy.rule import Context, ObjectRule, Worse


def check(manifest: Manifest, context: Context) -> Iterator[Violation]:
    """One violation for a cpu utilization metric that is not the last."""
    if manifest.api_version == "autoscaling/v1":
        return
    metrics = mappings(manifest.spec.get("metrics"))
    for position, (index, metric) in enumerate(metrics):
        if _is_cpu_utilization(metric):
            if not all(_is_cpu_utilization(later) for _, later in metrics[position + 1 :]):
                message = "the cpu metric comes before others; the API server moves it to the end"
                path = ("spec", "metrics", index)
                yield Violation(path, message, edits=(Edit(Action.MOVE_TO_END, path),))
            return


def _is_cpu_utilization(metric: JsonObject) -> bool:
    resource = mapping(metric.get("resource"))
    relative = mapping(resource.get("target")).get(
        "averageUtilization", resource.get("targetAverageUtilization")
    )
    return metric.get("type") == "Resource" and resource.get("name") == "cpu" and relative is not None


RULE = ObjectRule(
    id="memory-metric-order",
    topic="autoscaling",
    severity="W/W/W",
    check=check,
    doc=__doc__,
    worse=Worse.NEVER,
    tags=("drift", "argocd"),
    kinds=(("autoscaling", "HorizontalPodAutoscaler"),),
)
