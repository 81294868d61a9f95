"""The network policy selects no pod of its namespace.

Why: The pods it was written for stay as open as before, and nobody notices.

Fix: Correct `podSelector` (or the namespace) so that it matches the labels of the pod template; delete the
policy if the pods are gone.

Wrong:
    spec:
      podSelector: {matchLabels: {app: iriss}}  # the pods are labelled app: iris

Right:
    spec:
      podSelector: {matchLabels: {app: iris}}

Notes: An empty selector selects every pod, present and future, and is never reported. Labels that a
controller adds to its pods are taken into account, as are pods that an operator creates from a custom
resource in the namespace. A policy is not reported if the overlay has no workload in its namespace: another
overlay deploys the pods.

Source: Kubernetes API reference v1.34, NetworkPolicySpec,
https://kubernetes.io/docs/reference/kubernetes-api/policy-resources/network-policy-v1/
"""

from __future__ import annotations

from collections.abc import Iterator

from kustodian.kubernetes.network_policy import policies
from kustodian.kubernetes.object_set import ObjectSet
from kustodian.kubernetes.pod_selection import selects_nothing
from kustodian.model.violation import Violation
from kustodian.policy.rule import Context, SetRule, Worse


def check(objects: ObjectSet, context: Context) -> Iterator[Violation]:
    """One violation for each policy whose selector matches no pod template of its namespace."""
    del context
    for policy in policies(objects):
        if not policy.selects_all and selects_nothing(policy.selector, policy.namespace, objects):
            yield Violation(
                ("spec", "podSelector"),
                f"podSelector matches no pod in namespace {policy.namespace}",
                policy.manifest,
            )


RULE = SetRule(
    id="network-policy-selects-nothing",
    topic="network",
    severity="W/W/E",
    check=check,
    doc=__doc__,
    worse=Worse.NEVER,
    tags=("security",),
)
