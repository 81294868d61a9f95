"""Ingress sends traffic to a Service or a Service port that does not exist.

Why: The controller answers 503 for the path, or drops the whole Ingress.

Fix: Correct `backend.service.name` or its port; the Service must be in the Ingress's namespace.

Wrong:
    backend: {service: {name: iris, port: {number: 8080}}}  # the Service has port 80

Right:
    backend: {service: {name: iris, port: {number: 80}}}

Source: Kubernetes documentation, "Ingress",
https://kubernetes.io/docs/concepts/services-networking/ingress/#ingress-rules
"""

from __future__ import annotations

from collections.abc import Iterator

from kustodian.kubernetes.object_set import ObjectSet
from kustodian.kubernetes.traffic import INGRESS_KINDS
from kustodian.model.violation import Violation
from kustodian.policy.rule import Context, SetRule, Worse
from kustodian.policy.rules.references._services import dangling_backends


def check(objects: ObjectSet, context: Context) -> Iterator[Violation]:
    """One violation for each backend whose Service or port does not exist."""
    del context
    for group, kind in INGRESS_KINDS:
        for ingress in objects.of(group, kind):
            yield from dangling_backends(ingress, objects)


RULE = SetRule(
    id="dangling-ingress",
    topic="references",
    severity="E/E/E",
    check=check,
    doc=__doc__,
    worse=Worse.BY_MESSAGE,
    tags=("reliability",),
)
