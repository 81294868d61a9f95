"""Autoscaler's target does not exist.

Why: The autoscaler scales nothing, and the workload it was meant for keeps its number of replicas under any
    load.

Fix: Set apiVersion, kind and name of the target to those of the workload; a Rollout has
    `argoproj.io/v1alpha1`, not apps/v1.

Wrong:
    scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: iris}
    # the overlay has a Rollout iris

Right:
    scaleTargetRef: {apiVersion: argoproj.io/v1alpha1, kind: Rollout, name: iris}

Notes: The target is looked up by group, kind and name in the autoscaler's own namespace. The rule covers
    HorizontalPodAutoscaler, KEDA ScaledObject (where apiVersion and kind default to an apps/v1 Deployment)
    and VerticalPodAutoscaler. An HPA whose reference has no apiVersion does not find a Deployment either,
    because the controller looks in the core group. A Deployment that KServe creates for an InferenceService
    of the overlay counts as existing.

Source: Kubernetes API reference v1.34, autoscaling/v2 CrossVersionObjectReference,
    https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/horizontal-pod-autoscaler-v2/;
    KEDA, ScaledObject specification, https://keda.sh/docs/latest/reference/scaledobject-spec/
"""

from __future__ import annotations

from collections.abc import Iterator

from kustodian.kubernetes.object_set import ObjectSet, namespace_of
from kustodian.kubernetes.pods.workload import pods_of
from kustodian.kubernetes.scaling import scaling_of, target_of
from kustodian.model.json_value import mapping
from kustodian.model.manifest import Manifest
from kustodian.model.measure import Exactly
from kustodian.model.violation import Violation
from kustodian.policy.rule import Context, SetRule, Worse


def check(objects: ObjectSet, context: Context) -> Iterator[Violation]:
    """One violation for each autoscaler whose target is not in its namespace."""
    references = [(a.manifest, "scaleTargetRef", a.target) for a in scaling_of(objects).autoscalers]
    for vpa in objects.of("autoscaling.k8s.io", "VerticalPodAutoscaler"):
        references.append((vpa, "targetRef", target_of(mapping(vpa.spec.get("targetRef")), "", "")))
    for manifest, field, (group, kind, name) in references:
        if not name or not kind:
            continue
        namespace = namespace_of(manifest)
        if objects.find(group, kind, namespace, name) or _is_made_by_kserve(objects, namespace, name):
            continue
        written = f"{group}/{kind}" if group else kind
        message = f"{manifest.ref} targets {written} {name}, which is not in namespace {namespace}"
        others = sorted({str(m.ref) for m in _workloads_named(objects, namespace, name)})
        if others:
            message += f" ({', '.join(others)} is)"
        yield Violation(("spec", field), message, manifest, measure=Exactly(f"{written} {name}"))


def _workloads_named(objects: ObjectSet, namespace: str, name: str) -> Iterator[Manifest]:
    for manifest in objects:
        if manifest.name == name and pods_of(manifest) and namespace_of(manifest) == namespace:
            yield manifest


def _is_made_by_kserve(objects: ObjectSet, namespace: str, name: str) -> bool:
    services = objects.of("serving.kserve.io", "InferenceService")
    parts = ("predictor", "transformer", "explainer")
    return any(
        namespace_of(s) == namespace and name.startswith(tuple(f"{s.name}-{part}" for part in parts))
        for s in services
    )


RULE = SetRule(
    id="autoscaler-target-missing",
    topic="autoscaling",
    severity="E/E/E",
    check=check,
    doc=__doc__,
    worse=Worse.BY_MEASURE,
    tags=("reliability",),
)
