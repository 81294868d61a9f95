"""Workload runs a single replica, or its autoscaler may go down to one.

Why: Every node update, eviction or crash is an outage, which for a model server lasts as long as its model
    takes to load.

Fix: Set `replicas` (or the autoscaler's minReplicas or minReplicaCount) to at least 2 in the overlay.

Wrong:
    kind: Deployment
    spec: {replicas: 1}

Right:
    kind: Deployment
    spec: {replicas: 2}

Options:
    minimum: fewest replicas that are not reported.

Notes: Without `replicas` a workload runs one, unless an HPA or a KEDA ScaledObject of the overlay scales
    it; then the autoscaler's minimum counts and is reported. Zero is a separate decision and is not
    reported (a template that a Rollout references, a parked workload; for autoscalers see
    `scale-to-zero-in-prod`). An InferenceService is reported only for a minReplicas that it sets itself.
    Jobs and DaemonSets have no replicas.

Source: Kubernetes documentation v1.34, "Disruptions",
    https://kubernetes.io/docs/concepts/workloads/pods/disruptions/
"""

from __future__ import annotations

from collections.abc import Iterator

from kustodian.kubernetes.object_set import ObjectSet
from kustodian.kubernetes.scaling import REPLICATED_KINDS, scaling_of
from kustodian.model.json_value import integer, mapping
from kustodian.model.measure import Amount, Measure
from kustodian.model.violation import Violation
from kustodian.policy.rule import Context, Option, SetRule, Worse


def check(objects: ObjectSet, context: Context) -> Iterator[Violation]:
    """One violation for each workload with too few replicas, or for the autoscaler that sets them."""
    scaling, fewest = scaling_of(objects), context.options["minimum"]
    for autoscaler in scaling.autoscalers:
        if 0 < autoscaler.minimum < fewest:
            message = f"{autoscaler.manifest.ref} may scale down to {_replicas(autoscaler.minimum)}"
            measure = _measure(autoscaler.minimum)
            yield Violation(autoscaler.minimum_path, message, autoscaler.manifest, measure=measure)
    for manifest in objects:
        if (manifest.group, manifest.kind) in REPLICATED_KINDS:
            if scaling.scaled_object_of(manifest) is not manifest or scaling.autoscalers_of(manifest):
                continue
            number = integer(manifest.spec.get("replicas"), 1) or 0
            if 0 < number < fewest:
                message = f"{manifest.ref} runs {_replicas(number)}"
                yield Violation(("spec", "replicas"), message, manifest, measure=_measure(number))
        elif manifest.is_a("serving.kserve.io", "InferenceService"):
            for component in ("predictor", "transformer", "explainer"):
                number = integer(mapping(manifest.spec.get(component)).get("minReplicas"), 0) or 0
                if 0 < number < fewest:
                    message = f"the {component} of {manifest.ref} may run {_replicas(number)}"
                    path = ("spec", component, "minReplicas")
                    yield Violation(path, message, manifest, measure=_measure(number))


def _measure(number: int) -> Measure:
    """Fewer replicas are worse."""
    return Amount(-number, _replicas(number))


def _replicas(number: int) -> str:
    return "1 replica" if number == 1 else f"{number} replicas"


RULE = SetRule(
    id="single-replica",
    topic="availability",
    severity="-/W/E",
    check=check,
    doc=__doc__,
    worse=Worse.BY_MEASURE,
    tags=("reliability",),
    options={"minimum": Option(2, "fewest replicas of a workload")},
)
