"""Autoscaler's minimum is above its maximum, or the API does not accept its range.

Why: The API server or the controller rejects the object, so nothing is scaled.

Fix: Set the minimum to at most the maximum; a patch that lowers one has to lower the other.

Wrong:
    minReplicas: 4
    maxReplicas: 2

Right:
    minReplicas: 2
    maxReplicas: 4

Notes: HPA: minReplicas (default 1) must not exceed maxReplicas, which is at least 1; minReplicas 0 is
    rejected before Kubernetes 1.37 unless a feature gate is set. KEDA: minReplicaCount (default 0) must not
    exceed maxReplicaCount (default 100), and idleReplicaCount must be below minReplicaCount. VPA:
    minAllowed must not exceed maxAllowed. KServe: minReplicas must not exceed maxReplicas. A minimum equal
    to the maximum is allowed: it pins the number.

Source: Kubernetes API reference v1.34, autoscaling/v2 HorizontalPodAutoscalerSpec,
    https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/horizontal-pod-autoscaler-v2/;
    KEDA, ScaledObject specification, https://keda.sh/docs/latest/reference/scaledobject-spec/
"""

from __future__ import annotations

from collections.abc import Iterator

from kustodian.kubernetes.scaling import read_autoscaler
from kustodian.kubernetes.syntax.quantity import parse_quantity
from kustodian.model.json_value import integer, mapping, mappings
from kustodian.model.manifest import Manifest
from kustodian.model.violation import Violation
from kustodian.policy.rule import Context, ObjectRule, Worse

#: The first version with the feature gate HPAScaleToZero on by default (KEP-2021).
_ZERO_SINCE = (1, 37)


def check(manifest: Manifest, context: Context) -> Iterator[Violation]:
    """One violation for each impossible pair of bounds."""
    match manifest.kind:
        case "HorizontalPodAutoscaler" | "ScaledObject":
            yield from _replica_violations(manifest, context)
        case "ScaledJob":
            low, high = manifest.spec.get("minReplicaCount"), manifest.spec.get("maxReplicaCount", 100)
            if (integer(low) or 0) > (integer(high) or 0):
                yield Violation(("spec", "minReplicaCount"), f"minReplicaCount {low} is above {high}")
        case "VerticalPodAutoscaler":
            yield from _vertical_violations(manifest)
        case "InferenceService":
            for component in ("predictor", "transformer", "explainer"):
                spec = mapping(manifest.spec.get(component))
                least, most = integer(spec.get("minReplicas")), integer(spec.get("maxReplicas"))
                if least is not None and most and least > most:
                    message = f"minReplicas {least} is above maxReplicas {most}"
                    yield Violation(("spec", component, "minReplicas"), message)


def _replica_violations(manifest: Manifest, context: Context) -> Iterator[Violation]:
    autoscaler = read_autoscaler(manifest)
    if autoscaler is None:
        return
    low, low_path, high_path = autoscaler.minimum, autoscaler.minimum_path, autoscaler.maximum_path
    written = integer(manifest.get(*high_path))
    high = autoscaler.maximum
    if written is not None and written < 1:
        yield Violation(high_path, f"{high_path[-1]} {written} is below 1")
    elif low > high:
        default = "" if written is not None else " (the default)"
        yield Violation(low_path, f"{low_path[-1]} {low} is above {high_path[-1]} {high}{default}")
    if low < 0:
        yield Violation(low_path, f"{low_path[-1]} {low} is below 0")
    if not autoscaler.is_keda:
        if low == 0 and context.version < _ZERO_SINCE:
            yield Violation(
                low_path, "the API server refuses minReplicas 0 before Kubernetes 1.37; KEDA accepts 0"
            )
        return
    idle = integer(manifest.spec.get("idleReplicaCount"))
    if idle is not None and idle >= low:
        message = f"idleReplicaCount {idle} is not below minReplicaCount {low}"
        yield Violation(("spec", "idleReplicaCount"), message)


def _vertical_violations(manifest: Manifest) -> Iterator[Violation]:
    policies = mappings(mapping(manifest.spec.get("resourcePolicy")).get("containerPolicies"))
    for index, policy in policies:
        most = mapping(policy.get("maxAllowed"))
        for resource, written in mapping(policy.get("minAllowed")).items():
            low, high = parse_quantity(written), parse_quantity(most.get(resource))
            if low is not None and high is not None and low > high:
                path = ("spec", "resourcePolicy", "containerPolicies", index, "minAllowed", resource)
                yield Violation(path, f"minAllowed {resource} {written} is above maxAllowed {most[resource]}")


RULE = ObjectRule(
    id="autoscaler-range",
    topic="autoscaling",
    severity="E/E/E",
    check=check,
    doc=__doc__,
    worse=Worse.NEVER,
    tags=("reliability",),
    kinds=(
        ("autoscaling", "HorizontalPodAutoscaler"),
        ("keda.sh", "ScaledObject"),
        ("keda.sh", "ScaledJob"),
        ("autoscaling.k8s.io", "VerticalPodAutoscaler"),
        ("serving.kserve.io", "InferenceService"),
    ),
)
