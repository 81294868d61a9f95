"""Pod runs as a service account that does not exist.

Why: The controller cannot create the pod at all; the only sign of it is "serviceaccount not found" in the
events.

Fix: Add the ServiceAccount to the overlay or correct `serviceAccountName`.

Wrong:
    spec:
      serviceAccountName: iris  # does not exist

Right:
    apiVersion: v1
    kind: ServiceAccount
    metadata: {name: iris}
    automountServiceAccountToken: false

Notes: The account `default` exists in every namespace.

Source: Kubernetes documentation, "Configure Service Accounts for Pods",
https://kubernetes.io/docs/tasks/configure-pod-container/configure-service-account/
"""

from __future__ import annotations

from collections.abc import Iterator

from kustodian.kubernetes.object_set import ObjectSet
from kustodian.kubernetes.pod_references import mentioned_in_commands, pod_references
from kustodian.model.violation import Violation
from kustodian.policy.rule import Context, SetRule, Worse
from kustodian.policy.rules.references._producers import made_by_operator


def check(objects: ObjectSet, context: Context) -> Iterator[Violation]:
    """One violation for each pod template whose account is not in its namespace."""
    del context
    for reference in pod_references(objects, "ServiceAccount"):
        name, namespace = reference.name, reference.namespace
        if objects.find("", "ServiceAccount", namespace, name) is not None:
            continue
        if made_by_operator(name, namespace, objects) or mentioned_in_commands(name, namespace, objects):
            continue
        text = f"the service account {name} does not exist in namespace {namespace}"
        yield Violation(reference.path, text, reference.manifest)


RULE = SetRule(
    id="missing-service-account",
    topic="references",
    severity="W/E/E",
    check=check,
    doc=__doc__,
    worse=Worse.BY_MESSAGE,
    tags=("reliability",),
)
