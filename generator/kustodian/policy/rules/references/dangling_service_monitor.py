"""ServiceMonitor or PodMonitor selects nothing, or scrapes a port that does not exist.

Why: Prometheus scrapes nothing, alerts never fire, and an autoscaler on these metrics scales on nothing.

Fix: Correct `selector` to the labels of the Service itself (not of its pods), or `port` to the name of one of
its ports.

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

Notes: Without `namespaceSelector` a monitor looks in its own namespace. Namespaces of which the overlay holds
no Service (or pod) are not judged.

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
from kustodian.policy.rule import Context, SetRule

_GROUP = "monitoring.coreos.com"


def check(objects: ObjectSet, context: Context) -> Iterator[Violation]:
    """One violation for each monitor without a target, and for each endpoint whose port no target has."""
    del context
    for monitor in objects.of(_GROUP, "ServiceMonitor"):
        yield from _service_monitor(monitor, objects)
    for monitor in objects.of(_GROUP, "PodMonitor"):
        yield from _pod_monitor(monitor, objects)


def _service_monitor(monitor: Manifest, objects: ObjectSet) -> Iterator[Violation]:
    selector, spaces = mapping(monitor.spec.get("selector")), _namespaces(monitor)
    candidates = [s for s in objects.of("", "Service") if spaces is None or namespace_of(s) in spaces]
    targets = [service for service in candidates if selector_matches(selector, service.labels)]
    if not targets:
        if spaces is not None and candidates and not _operators(selector, spaces, objects):
            text_ = f"selector matches no Service in namespace {', '.join(sorted(spaces))}"
            yield Violation(("spec", "selector"), text_, monitor)
        return
    ports = {text(port.get("name")) for s in targets for _, port in mappings(s.spec.get("ports"))}
    yield from _ports(monitor, "endpoints", ports, "selected Service")


def _pod_monitor(monitor: Manifest, objects: ObjectSet) -> Iterator[Violation]:
    selector, spaces = mapping(monitor.spec.get("selector")), _namespaces(monitor)
    candidates = [pod for pod in objects.pods if spaces is None or namespace_of(pod.owner) in spaces]
    targets = [pod for pod in candidates if may_select(selector, pod)]
    if not targets:
        if spaces is not None and candidates and not _operators(selector, spaces, objects):
            text_ = f"selector matches no pod in namespace {', '.join(sorted(spaces))}"
            yield Violation(("spec", "selector"), text_, monitor)
        return
    if not any(pod.partial for pod in targets):
        containers = [container for pod in targets for container in pod.containers]
        ports = {text(port.get("name")) for c in containers for _, port in mappings(c.data.get("ports"))}
        yield from _ports(monitor, "podMetricsEndpoints", ports, "selected pod")


def _ports(monitor: Manifest, field: str, known: set[str], owner: str) -> Iterator[Violation]:
    for index, endpoint in mappings(monitor.spec.get(field)):
        name = text(endpoint.get("port"))
        if name and name not in known:
            text_ = f'no {owner} has a port named "{name}"'
            yield Violation(("spec", field, index, "port"), text_, monitor)


def _namespaces(monitor: Manifest) -> set[str] | None:
    """The namespaces a monitor looks in; None for all of them."""
    chosen = mapping(monitor.spec.get("namespaceSelector"))
    if chosen.get("any") is True:
        return None
    names = {name for name in sequence(chosen.get("matchNames")) if isinstance(name, str)}
    return names or {namespace_of(monitor)}


def _operators(selector: object, spaces: set[str], objects: ObjectSet) -> bool:
    return any(made_by_operator(selector, space, objects) for space in spaces)


RULE = SetRule(
    id="dangling-service-monitor",
    topic="references",
    severity="E/E/E",
    check=check,
    doc=__doc__,
    tags=("reliability",),
)
