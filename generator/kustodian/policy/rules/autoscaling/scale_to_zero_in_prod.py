"""Autoscaler may scale to zero in production.

Why: The first request after an idle period waits for a node, the image and the model to load: that takes
    minutes, and clients give up after seconds.

Fix: Set `minReplicaCount` (KEDA) or `minReplicas` to at least 1 in the production overlay, preferably 2.

Wrong:
    kind: ScaledObject
    spec: {minReplicaCount: 0, maxReplicaCount: 4}

Right:
    kind: ScaledObject
    spec: {minReplicaCount: 2, maxReplicaCount: 4}

Notes: KEDA's minReplicaCount defaults to 0, and idleReplicaCount 0 scales to zero too. For an HPA,
    InferenceService or Knative Service only an explicit zero counts. ScaledJobs are not checked, because
    their Jobs are not servers.

Source: KEDA, ScaledObject specification,
    https://keda.sh/docs/latest/reference/scaledobject-spec/#minreplicacount; KServe, "Autoscaling",
    https://kserve.github.io/website/docs/model-serving/predictive-inference/autoscaling/kpa-autoscaler
"""

from __future__ import annotations

from collections.abc import Iterator

from kustodian.kubernetes.scaling import read_autoscaler
from kustodian.model.json_value import FieldPath, integer, mapping
from kustodian.model.manifest import Manifest
from kustodian.model.violation import Violation
from kustodian.policy.rule import Context, ObjectRule, Worse

_KNATIVE_MINIMUM: tuple[FieldPath, ...] = tuple(
    ("spec", "template", "metadata", "annotations", f"autoscaling.knative.dev/{name}")
    for name in ("min-scale", "minScale")
)


def check(manifest: Manifest, context: Context) -> Iterator[Violation]:
    """One violation for each setting that lets the workload scale to zero."""
    autoscaler = read_autoscaler(manifest)
    if autoscaler is not None:
        if autoscaler.minimum == 0:
            yield Violation(autoscaler.minimum_path, f"{manifest.ref} may scale down to 0")
        elif integer(manifest.spec.get("idleReplicaCount")) == 0:
            yield Violation(("spec", "idleReplicaCount"), f"{manifest.ref} goes to 0 when idle")
    elif manifest.kind == "InferenceService":
        for component in ("predictor", "transformer", "explainer"):
            if integer(mapping(manifest.spec.get(component)).get("minReplicas")) == 0:
                message = f"the {component} of {manifest.ref} may scale down to 0"
                yield Violation(("spec", component, "minReplicas"), message)
    else:
        for path in _KNATIVE_MINIMUM:
            if manifest.get(*path) in ("0", 0):
                yield Violation(path, f"{manifest.ref} may scale down to 0")


RULE = ObjectRule(
    id="scale-to-zero-in-prod",
    topic="autoscaling",
    severity="-/-/W",
    check=check,
    doc=__doc__,
    worse=Worse.NEVER,
    tags=("reliability", "ml"),
    kinds=(
        ("keda.sh", "ScaledObject"),
        ("autoscaling", "HorizontalPodAutoscaler"),
        ("serving.kserve.io", "InferenceService"),
        ("serving.knative.dev", "Service"),
    ),
)
