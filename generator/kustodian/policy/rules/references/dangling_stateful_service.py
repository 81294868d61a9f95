"""StatefulSet names a governing Service that does not exist.

Why: Its pods get no DNS names of their own, and clustered software finds no peers.

Fix: Add a headless Service (`clusterIP: None`) of that name to the overlay, or correct `spec.serviceName`.

Wrong:
    kind: StatefulSet
    spec:
      serviceName: registry-db  # does not exist

Right:
    kind: Service
    metadata: {name: registry-db}
    spec:
      clusterIP: None
      selector: {app: registry-db}

Source: Kubernetes documentation, "StatefulSets",
https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#stable-network-id
"""

from __future__ import annotations

from collections.abc import Iterator

from kustodian.kubernetes.object_set import ObjectSet, namespace_of
from kustodian.kubernetes.pod_references import is_final
from kustodian.model.json_value import text
from kustodian.model.violation import Violation
from kustodian.policy.rule import Context, SetRule, Worse
from kustodian.policy.rules.references._services import service_exists


def check(objects: ObjectSet, context: Context) -> Iterator[Violation]:
    """One violation for each StatefulSet whose Service is not in its namespace."""
    del context
    for owner in objects.of("apps", "StatefulSet"):
        name, namespace = text(owner.spec.get("serviceName")), namespace_of(owner)
        if is_final(name) and not service_exists(name, namespace, objects):
            message = f"Service {name} does not exist in namespace {namespace}"
            yield Violation(("spec", "serviceName"), message, owner)


RULE = SetRule(
    id="dangling-stateful-service",
    topic="references",
    severity="E/E/E",
    check=check,
    doc=__doc__,
    worse=Worse.BY_MESSAGE,
    tags=("reliability",),
)
