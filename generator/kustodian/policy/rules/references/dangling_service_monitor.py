"""ServiceMonitor or PodMonitor selects nothing, or scrapes a port that does not exist.

Why: Prometheus scrapes nothing, alerts never fire, and an autoscaler that uses these metrics gets no data.

Fix: Make `selector` match the labels of the Service itself (not of its pods), and set `port` to the name of
one of its ports.

Wrong:
    kind: ServiceMonitor
    spec:
      selector: {matchLabels: {app: iris}}
      endpoints: [{port: "8080"}]

Right:
    kind: ServiceMonitor
    spec:
      selector: {matchLabels: {app: iris}}
      endpoints: [{port: metrics}]

Notes: Without `namespaceSelector`, a monitor looks in its own namespace. Namespaces in which the overlay has
no Service (or pod) are not checked.

Source: Prometheus Operator API, ServiceMonitor,
https://prometheus-operator.dev/docs/api-reference/api/#monitoring.coreos.com/v1.ServiceMonitor
"""

from __future__ import annotations

from collections.abc import Iterator

from kustodian.kubernetes.object_set import ObjectSet, namespace_of
from kustodian.kubernetes.pod_selection import made_by_operator, may_select
from kustodian.kubernetes.selector import selector_matches
from kustodian.model.json_value import mapping, mappings, sequence, text
from kustodian.model.manifest import Manifest
from kustodian.model.violation import Violation
from kustodian.policy.rule import Context, SetRule, Worse

_GROUP = "monitoring.coreos.com"


def check(objects: ObjectSet, context: Context) -> Iterator[Violation]:
    """One violation for each monitor without a target, and for each endpoint whose port no target has."""
    del context
    for monitor in objects.of(_GROUP, "ServiceMonitor"):
        yield from _check_service_monitor(monitor, objects)
    for monitor in objects.of(_GROUP, "PodMonitor"):
        yield from _check_pod_monitor(monitor, objects)


def _check_service_monitor(monitor: Manifest, objects: ObjectSet) -> Iterator[Violation]:
    selector, namespaces = mapping(monitor.spec.get("selector")), _namespaces(monitor)
    candidates = [s for s in objects.of("", "Service") if namespaces is None or namespace_of(s) in namespaces]
    targets = [service for service in candidates if selector_matches(selector, service.labels)]
    if not targets:
        if namespaces is not None and candidates and not _made_by_operator(selector, namespaces, objects):
            message = f"selector matches no Service in namespace {', '.join(sorted(namespaces))}"
            yield Violation(("spec", "selector"), message, monitor)
        return
    ports = {text(port.get("name")) for s in targets for _, port in mappings(s.spec.get("ports"))}
    yield from _undeclared_ports(monitor, "endpoints", ports, "selected Service")


def _check_pod_monitor(monitor: Manifest, objects: ObjectSet) -> Iterator[Violation]:
    selector, namespaces = mapping(monitor.spec.get("selector")), _namespaces(monitor)
    candidates = [pod for pod in objects.pods if namespaces is None or namespace_of(pod.owner) in namespaces]
    targets = [pod for pod in candidates if may_select(selector, pod)]
    if not targets:
        if namespaces is not None and candidates and not _made_by_operator(selector, namespaces, objects):
            message = f"selector matches no pod in namespace {', '.join(sorted(namespaces))}"
            yield Violation(("spec", "selector"), message, monitor)
        return
    if not any(pod.partial for pod in targets):
        containers = [container for pod in targets for container in pod.containers]
        ports = {text(port.get("name")) for c in containers for _, port in mappings(c.data.get("ports"))}
        yield from _undeclared_ports(monitor, "podMetricsEndpoints", ports, "selected pod")


def _undeclared_ports(monitor: Manifest, field: str, declared: set[str], owner: str) -> Iterator[Violation]:
    for index, endpoint in mappings(monitor.spec.get(field)):
        name = text(endpoint.get("port"))
        if name and name not in declared:
            message = f'no {owner} has a port named "{name}"'
            yield Violation(("spec", field, index, "port"), message, monitor)


def _namespaces(monitor: Manifest) -> set[str] | None:
    """The namespaces a monitor looks in; None for all of them."""
    chosen = mapping(monitor.spec.get("namespaceSelector"))
    if chosen.get("any") is True:
        return None
    names = {name for name in sequence(chosen.get("matchNames")) if isinstance(name, str)}
    return names or {namespace_of(monitor)}


def _made_by_operator(selector: object, namespaces: set[str], objects: ObjectSet) -> bool:
    return any(made_by_operator(selector, namespace, objects) for namespace in namespaces)


RULE = SetRule(
    id="dangling-service-monitor",
    topic="references",
    severity="E/E/E",
    check=check,
    doc=__doc__,
    worse=Worse.BY_MESSAGE,
    tags=("reliability",),
)
