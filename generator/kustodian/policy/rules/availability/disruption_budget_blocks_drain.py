"""PodDisruptionBudget never allows a pod to be evicted.

Why: `kubectl drain`, cluster upgrades and the cluster autoscaler wait forever at the node that runs such a
    pod.

Fix: Set `maxUnavailable: 1` instead of minAvailable, or run more replicas than minAvailable requires.

Wrong:
    # Deployment: replicas: 2
    kind: PodDisruptionBudget
    spec: {minAvailable: 2}

Right:
    kind: PodDisruptionBudget
    spec: {maxUnavailable: 1}

Notes: The arithmetic is that of the disruption controller. It allows (healthy pods - desired pods)
    evictions, where desired is minAvailable, or pods - maxUnavailable, and percentages of the number of
    pods round up: 50% of one pod is one pod. The budget therefore blocks with maxUnavailable 0 or 0%, with
    minAvailable 100%, and with a minAvailable that is not below the smallest number of pods: replicas, or
    the minimum of the HPA or ScaledObject (one if it may scale to zero), added up over all workloads that
    the selector matches. With neither field the controller expects no pods and allows no eviction. A budget
    for an unknown number of pods (bare pods, Jobs, DaemonSets) is reported only if the number does not
    matter.

Source: Kubernetes documentation v1.34, "Specifying a Disruption Budget for your Application",
    https://kubernetes.io/docs/tasks/run-application/configure-pdb/#rounding-logic-when-specifying-percentages;
    pkg/controller/disruption/disruption.go `getExpectedPodCount`
"""

from __future__ import annotations

from collections.abc import Iterator

from kustodian.kubernetes.object_set import ObjectSet
from kustodian.kubernetes.pod_selection import pods_of_budget
from kustodian.kubernetes.scaling import REPLICATED_KINDS, int_or_percent, scaling_of
from kustodian.model.manifest import Manifest
from kustodian.model.violation import Violation
from kustodian.policy.rule import Context, SetRule, Worse


def check(objects: ObjectSet, context: Context) -> Iterator[Violation]:
    """One violation for each budget that allows no eviction."""
    for budget in objects.of("policy", "PodDisruptionBudget"):
        at_most, at_least = budget.spec.get("maxUnavailable"), budget.spec.get("minAvailable")
        if at_most is not None:
            if int_or_percent(at_most, 100, round_up=True) == 0:
                message = f"maxUnavailable {at_most} lets no pod be evicted"
                yield Violation(("spec", "maxUnavailable"), message, budget)
        elif at_least is None:
            message = "the budget sets neither maxUnavailable nor minAvailable, so it lets no pod be evicted"
            yield Violation(("spec", "maxUnavailable"), message, budget)
        else:
            problem = _min_available_problem(objects, budget, at_least)
            if problem is not None:
                yield Violation(("spec", "minAvailable"), problem, budget)


def _min_available_problem(objects: ObjectSet, budget: Manifest, at_least: object) -> str | None:
    if isinstance(at_least, str) and (int_or_percent(at_least, 100, round_up=True) or 0) >= 100:
        return f"minAvailable {at_least} lets no pod be evicted"
    pods = _fewest_pods(objects, budget)
    desired = int_or_percent(at_least, pods or 0, round_up=True)
    if not pods or desired is None or desired < pods:
        return None
    rounded = f" (rounded up: {desired})" if isinstance(at_least, str) else ""
    return f"minAvailable {at_least}{rounded} lets no pod be evicted when only {pods} pod(s) run"


def _fewest_pods(objects: ObjectSet, budget: Manifest) -> int | None:
    """The smallest number of pods under the budget while its workloads run; None if unknown."""
    scaling = scaling_of(objects)
    minimums: dict[Manifest, int] = {}
    for pod in pods_of_budget(budget, objects):
        owner = pod.owner
        if (owner.group, owner.kind) not in REPLICATED_KINDS:
            return None
        scaled = scaling.scaled_object_of(owner)
        minimum = scaling.replicated(scaled).minimum
        minimums[scaled] = max(minimum, 1) if scaling.autoscalers_of(scaled) else minimum
    return sum(minimums.values()) or None


RULE = SetRule(
    id="disruption-budget-blocks-drain",
    topic="availability",
    severity="-/W/E",
    check=check,
    doc=__doc__,
    worse=Worse.NEVER,
    tags=("reliability",),
)
