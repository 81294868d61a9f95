"""Update needs more GPUs than the quota or the GPU budget allows.

Why: The new pod waits for a GPU that an old pod holds, and the old pod is only stopped once the new one is
    ready: the update never ends.

Fix: Set `maxSurge: 0` and `maxUnavailable: 1` (for a canary also dynamicStableScale and small steps), or
    raise the quota by the surge.

Wrong:
    # ResourceQuota: requests.nvidia.com/gpu: "2"
    kind: Deployment
    spec: {replicas: 2}      # 25% rounds to maxSurge 1 and maxUnavailable 0

Right:
    kind: Deployment
    spec:
      replicas: 2
      strategy: {rollingUpdate: {maxSurge: 0, maxUnavailable: 1}}

Notes: Steady demand = pods x GPUs of a pod, added up over the servers that the quota covers, each at its
    largest number of pods. The update of one workload needs more, at that number n of pods: a Deployment
    (and a Rollout's canary without traffic routing) nothing if maxUnavailable, rounded down, is at least 1
    (it stops an old pod first), else one pod; with the default of 25% that is one pod for n = 1 to 3.
    Recreate, StatefulSets and DaemonSets need nothing. Blue-green needs n pods. A canary with traffic
    routing keeps all stable pods, so it needs the canary's largest size, n at the end; with
    dynamicStableScale the stable pods shrink with the traffic, so it needs the largest step: for step i,
    ceil(n x weight_i) + ceil(n x (1 - weight_(i-1))) - n pods, where setCanaryScale replaces the weight.
    The update deadlocks if steady <= quota < steady + surge x GPUs; a steady demand above the quota is
    reported by `replicas-exceed-quota`. The quota is `requests.<gpu>` of the ResourceQuotas in the
    namespace, within their scopes; the environment's `gpuBudget` is compared in the same way, in physical
    devices over the whole overlay.

Source: Kubernetes documentation v1.34, "Deployments",
    https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#rolling-update-deployment; Argo
    Rollouts, "Canary", https://argo-rollouts.readthedocs.io/en/stable/features/canary/
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from kustodian.kubernetes.accelerators import is_accelerator
from kustodian.kubernetes.object_set import ObjectSet, namespace_of
from kustodian.kubernetes.pods.template import PodTemplate
from kustodian.kubernetes.quota import amount_per_pod, covers, hard_limits, quotas_in, resource_of
from kustodian.kubernetes.scaling import PodCount, scaling_of
from kustodian.model.json_value import FieldPath, mapping
from kustodian.model.manifest import Manifest
from kustodian.model.measure import Amount
from kustodian.model.violation import Violation
from kustodian.policy.rule import Context, SetRule, Worse
from kustodian.policy.rules.gpu._demand import Demand, demands, number, shared_claims


def check(objects: ObjectSet, context: Context) -> Iterator[Violation]:
    """One violation for each workload whose update does not fit into the quota or the budget."""
    overlay_demands = demands(objects)
    for demand in overlay_demands:
        if demand.pod.batch or not demand.count.surge:
            continue
        problem = _beyond_quota(objects, demand, context) or _beyond_budget(
            objects, demand, overlay_demands, context
        )
        if problem is not None:
            scaled = scaling_of(objects).scaled_object_of(demand.pod.owner)
            more = "one more pod" if demand.count.surge == 1 else f"{demand.count.surge} more pods"
            message = f"an update of {scaled.ref} needs {more}: {problem}"
            needed = demand.count.surge * demand.each
            measure = Amount(needed, f"{float(needed):g} more GPUs")
            yield Violation(_strategy_path(scaled, demand.pod), message, scaled, measure=measure)


def _beyond_quota(objects: ObjectSet, demand: Demand, context: Context) -> str | None:
    namespace = namespace_of(demand.pod.owner)
    servers = [pod for pod in objects.pods_in(namespace) if not pod.batch]
    for quota in quotas_in(objects, namespace):
        if not covers(quota, demand.pod, context.version):
            continue
        for key, hard, written in hard_limits(quota):
            each = amount_per_pod(key, demand.pod, context.version)
            if not each or not is_accelerator((resource_of(key) or ("", ""))[1]):
                continue
            covered = [pod for pod in servers if covers(quota, pod, context.version)]
            steady = sum(
                (_most_pods(objects, pod) * amount_per_pod(key, pod, context.version) for pod in covered),
                Fraction(0),
            )
            peak = steady + demand.count.surge * each
            if steady <= hard < peak:
                return f"{number(peak)} of {key}, and {quota.ref} has {written}"
    return None


def _beyond_budget(
    objects: ObjectSet, demand: Demand, overlay_demands: list[Demand], context: Context
) -> str | None:
    budget = context.environment.gpu_budget
    if budget is None:
        return None
    steady = sum((other.most for other in overlay_demands), Fraction(0)) + shared_claims(objects)
    peak = steady + demand.count.surge * demand.each
    if steady <= budget < peak:
        return f"{number(peak)} GPUs, and the environment's GPU budget is {budget}"
    return None


def _most_pods(objects: ObjectSet, pod: PodTemplate) -> int:
    count: PodCount = scaling_of(objects).count(pod)
    return count.maximum


def _strategy_path(scaled: Manifest, pod: PodTemplate) -> FieldPath:
    if scaled.kind == "Rollout":
        blue_green = "blueGreen" in mapping(scaled.spec.get("strategy"))
        return ("spec", "strategy", "blueGreen" if blue_green else "canary")
    if scaled.kind == "Deployment":
        return ("spec", "strategy", "rollingUpdate", "maxSurge")
    return (*pod.path, "deploymentStrategy")


RULE = SetRule(
    id="gpu-surge-without-spare",
    topic="gpu",
    severity="W/E/E",
    check=check,
    doc=__doc__,
    worse=Worse.BY_MEASURE,
    tags=("ml", "reliability"),
)
