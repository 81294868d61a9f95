"""Route sends traffic to a Service, or is attached to a Gateway, that does not exist.

Why: The gateway answers 500 or 503 for the rule, or ignores the route.

Fix: Correct the name or port of the backend (it must be a Service in that namespace), or the name and section
of the parent Gateway.

Wrong:
    backendRefs: [{name: iris, port: 8080}]  # the Service has port 80

Right:
    backendRefs: [{name: iris, port: 80}]

Notes: Covers routes of the Gateway API and VirtualServices of Istio. Backends in namespaces outside the
overlay, and Gateways outside it, are not checked.

Source: Gateway API v1, HTTPRoute, https://gateway-api.sigs.k8s.io/api-types/httproute/; Istio,
VirtualService, https://istio.io/latest/docs/reference/config/networking/virtual-service/
"""

from __future__ import annotations

from collections.abc import Iterator

from kustodian.kubernetes.object_set import ObjectSet, namespace_of
from kustodian.kubernetes.traffic import GATEWAY_API, ISTIO, ROUTE_KINDS
from kustodian.model.json_value import mappings, text
from kustodian.model.manifest import Manifest
from kustodian.model.violation import Violation
from kustodian.policy.rule import Context, SetRule, Worse
from kustodian.policy.rules.references._services import dangling_backends


def check(objects: ObjectSet, context: Context) -> Iterator[Violation]:
    """One violation for each backend or parent that does not exist."""
    del context
    for route in objects.of(GATEWAY_API, *ROUTE_KINDS):
        yield from dangling_backends(route, objects)
        yield from _dangling_parents(route, objects)
    for virtual_service in objects.of(ISTIO, "VirtualService"):
        yield from dangling_backends(virtual_service, objects)


def _dangling_parents(route: Manifest, objects: ObjectSet) -> Iterator[Violation]:
    for index, reference in mappings(route.spec.get("parentRefs")):
        if text(reference.get("kind"), "Gateway") != "Gateway":
            continue
        namespace = text(reference.get("namespace")) or namespace_of(route)
        name = text(reference.get("name"))
        path = ("spec", "parentRefs", index)
        gateway = objects.find(GATEWAY_API, "Gateway", namespace, name)
        if gateway is None:
            # If the set has any Gateway of that namespace, it has them all.
            if any(namespace_of(other) == namespace for other in objects.of(GATEWAY_API, "Gateway")):
                yield Violation((*path, "name"), f"Gateway {namespace}/{name} does not exist", route)
            continue
        section = text(reference.get("sectionName"))
        listeners = [text(entry.get("name")) for _, entry in mappings(gateway.spec.get("listeners"))]
        if section and section not in listeners:
            yield Violation((*path, "sectionName"), f'Gateway {name} has no listener "{section}"', route)


RULE = SetRule(
    id="dangling-route",
    topic="references",
    severity="E/E/E",
    check=check,
    doc=__doc__,
    worse=Worse.BY_MESSAGE,
    tags=("reliability",),
)
