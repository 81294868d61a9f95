"""Service selects no pod.

Why: It has no endpoints, so every connection to it is refused.

Fix: Correct `spec.selector` so that it matches the labels of the pod template, and make sure that both are in
the same namespace.

Wrong:
    kind: Service
    spec:
      selector: {app: iris-server}  # the pods are labelled app: iris

Right:
    kind: Service
    spec:
      selector: {app: iris}

Notes: Services without a selector and Services of type ExternalName are not checked. Labels that controllers
add are taken into account, as are pods that an operator creates from a custom resource in the namespace. A
Service is not reported if the overlay has no workload in its namespace.

Source: Kubernetes documentation, "Service",
https://kubernetes.io/docs/concepts/services-networking/service/#defining-a-service
"""

from __future__ import annotations

from collections.abc import Iterator

from kustodian.kubernetes.object_set import ObjectSet, namespace_of
from kustodian.kubernetes.pod_selection import selects_nothing
from kustodian.model.json_value import string_map
from kustodian.model.violation import Violation
from kustodian.policy.rule import Context, SetRule, Worse


def check(objects: ObjectSet, context: Context) -> Iterator[Violation]:
    """One violation for each Service whose selector matches no pod template of its namespace."""
    del context
    for service in objects.of("", "Service"):
        selector = string_map(service.spec.get("selector"))
        if not selector or service.spec.get("type") == "ExternalName":
            continue
        namespace = namespace_of(service)
        if selects_nothing({"matchLabels": selector}, namespace, objects):
            text = f"Service {service.name} selects no pod in namespace {namespace}"
            yield Violation(("spec", "selector"), text, service)


RULE = SetRule(
    id="dangling-service",
    topic="references",
    severity="E/E/E",
    check=check,
    doc=__doc__,
    worse=Worse.NEVER,
    tags=("reliability",),
)
