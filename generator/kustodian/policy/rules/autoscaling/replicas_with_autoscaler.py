"""Workload sets `replicas` although an autoscaler owns the number.

Why: Every sync of Argo CD (or kubectl apply) restores the number in git and stops pods under load; then the
    autoscaler starts them again.

Fix: Remove `replicas` from the workload (and from `replicas:` of the kustomization); the autoscaler's
    minimum takes its place.

Wrong:
    kind: Deployment
    metadata: {name: iris}
    spec: {replicas: 3}
    # HorizontalPodAutoscaler iris targets it

Right:
    kind: Deployment
    metadata: {name: iris}
    spec: {}

Notes: Covers HorizontalPodAutoscaler and KEDA ScaledObject, for any kind of workload, including Rollouts.
    The target is matched by group, kind, name and namespace. On the first apply without `replicas`, a
    Deployment starts one pod until the autoscaler acts.

Source: Kubernetes documentation v1.34, "Horizontal Pod Autoscaling",
    https://kubernetes.io/docs/concepts/workloads/autoscaling/horizontal-pod-autoscale/; Argo CD, "Best
    Practices", https://argo-cd.readthedocs.io/en/stable/user-guide/best_practices/
"""

from __future__ import annotations

from collections.abc import Iterator

from kustodian.kubernetes.object_set import ObjectSet
from kustodian.kubernetes.scaling import scaling_of
from kustodian.model.edit import Action, Edit
from kustodian.model.violation import Violation
from kustodian.policy.rule import Context, SetRule, Worse


def check(objects: ObjectSet, context: Context) -> Iterator[Violation]:
    """One violation for each workload that sets replicas and has an autoscaler."""
    scaling = scaling_of(objects)
    for manifest in objects:
        autoscalers = scaling.autoscalers_of(manifest)
        if autoscalers and manifest.spec.get("replicas") is not None:
            message = f"replicas {manifest.spec['replicas']} in git fights {autoscalers[0].manifest.ref}"
            path = ("spec", "replicas")
            yield Violation(path, message, manifest, edits=(Edit(Action.REMOVE, path),))


RULE = SetRule(
    id="replicas-with-autoscaler",
    topic="autoscaling",
    severity="E/E/E",
    check=check,
    doc=__doc__,
    worse=Worse.NEVER,
    tags=("drift", "argocd"),
)
