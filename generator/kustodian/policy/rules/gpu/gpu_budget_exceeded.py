"""Workloads may ask for more GPUs than the environment's budget.

Why: The budget is what the environment may cost; an autoscaler at its maximum would exceed it without
    anybody having decided that.

Fix: Lower the maximum of the autoscaler, the replicas or the GPUs of a pod, or raise `gpuBudget` in
    kustodian.yaml.

Wrong:
    # gpuBudget: 4
    kind: HorizontalPodAutoscaler
    spec: {maxReplicas: 8}   # each pod has nvidia.com/gpu: 1

Right:
    # gpuBudget: 4
    kind: HorizontalPodAutoscaler
    spec: {maxReplicas: 4}

Notes: The sum over the overlay: for each pod template its largest number of pods (HPA maxReplicas, KEDA
    maxReplicaCount or its default of 100, else replicas; parallelism of a Job; one for a DaemonSet, whose
    nodes are not known) times the physical devices of a pod. A MIG slice of g compute slices is g/7 of a
    GPU (g/4 on four-slice GPUs), an AMD partition its share of the package, a NeuronCore half a chip. A
    time-sliced GPU counts as nothing, because only the node knows how many pods share it. Of a pod's init
    containers and containers the larger sum counts, because they run one after the other; of a workflow's
    steps only the largest. Devices of a ResourceClaimTemplate count for each pod, those of a ResourceClaim
    that pods share once. The surge of an update is left to `gpu-surge-without-spare`. Reported once, at the
    field that sets the number of pods of the largest share.

Source: Kubernetes documentation v1.34, "Resource Quotas" (extended resources),
    https://kubernetes.io/docs/concepts/policy/resource-quotas/#quota-for-extended-resources; NVIDIA, "MIG
    User Guide", https://docs.nvidia.com/datacenter/tesla/mig-user-guide/
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from kustodian.kubernetes.object_set import ObjectSet
from kustodian.model.measure import Amount
from kustodian.model.violation import Violation
from kustodian.policy.rule import Context, SetRule, Worse
from kustodian.policy.rules.gpu._demand import demands, number, shared_claims


def check(objects: ObjectSet, context: Context) -> Iterator[Violation]:
    """One violation if the overlay may request more than the budget; none without a budget."""
    budget = context.environment.gpu_budget
    if budget is None:
        return
    overlay_demands, shared = demands(objects), shared_claims(objects)
    total = sum((demand.most for demand in overlay_demands), Fraction(0)) + shared
    if total <= budget or not overlay_demands:
        return
    largest = max(overlay_demands, key=lambda demand: demand.most)
    manifest, path = largest.place()
    parts = [str(demand) for demand in overlay_demands] + (
        [f"shared claims: {number(shared)}"] if shared else []
    )
    where = f"environment {context.environment.name}" if context.environment.name else "the environment"
    message = f"the overlay may ask for {number(total)} GPUs ({'; '.join(parts)})"
    message += f"; the budget of {where} is {budget}"
    measure = Amount(total - budget, f"{number(total)} of {budget} GPUs")
    yield Violation(path, message, manifest, measure=measure)


RULE = SetRule(
    id="gpu-budget-exceeded",
    topic="gpu",
    severity="E/E/E",
    check=check,
    doc=__doc__,
    worse=Worse.BY_MEASURE,
    tags=("ml", "cost"),
)
