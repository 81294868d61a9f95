"""PodDisruptionBudget selects no pod.

Why: The workload that it was written for is not protected, and nobody notices until a drain evicts all
    replicas.

Fix: Copy the labels of the pod template to the budget's selector; a kustomize `labels:` entry must reach
    both.

Wrong:
    selector: {matchLabels: {app: iris}}
    # the pods carry app.kubernetes.io/name: iris

Right:
    selector: {matchLabels: {app.kubernetes.io/name: iris}}

Notes: Only pods in the budget's namespace count, matched as the API server matches them. Labels that
    controllers put on their pods (KServe, Knative, KubeRay, Jobs, training jobs) are known. A selector on
    the label of an operator is accepted if the namespace has a custom resource of that name.

Source: Kubernetes documentation v1.34, "Specifying a Disruption Budget for your Application",
    https://kubernetes.io/docs/tasks/run-application/configure-pdb/
"""

from __future__ import annotations

from collections.abc import Iterator

from kustodian.kubernetes.object_set import ObjectSet, namespace_of
from kustodian.kubernetes.pod_selection import pods_of_budget, selects_nothing
from kustodian.model.json_value import mapping
from kustodian.model.violation import Violation
from kustodian.policy.rule import Context, SetRule, Worse


def check(objects: ObjectSet, context: Context) -> Iterator[Violation]:
    """One violation for each budget that selects no pods."""
    for budget in objects.of("policy", "PodDisruptionBudget"):
        selector, namespace = budget.spec.get("selector"), namespace_of(budget)
        if pods_of_budget(budget, objects) or not _is_certain(selector, namespace, objects):
            continue
        message = f"the budget's selector matches no pod in namespace {namespace}"
        yield Violation(("spec", "selector"), message, budget)


def _is_certain(selector: object, namespace: str, objects: ObjectSet) -> bool:
    """Whether a selector that matches no pod here matches none elsewhere either."""
    return not mapping(selector) or selects_nothing(selector, namespace, objects)


RULE = SetRule(
    id="disruption-budget-selects-nothing",
    topic="availability",
    severity="-/W/E",
    check=check,
    doc=__doc__,
    worse=Worse.NEVER,
    tags=("reliability",),
)
