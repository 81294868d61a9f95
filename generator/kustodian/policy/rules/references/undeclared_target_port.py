"""Service sends traffic to a port that its pods do not have.

Why: The Service gets no endpoint for a named port that no container declares, and connections to a number
that nothing listens on are refused.

Fix: Set `targetPort` to the name or number of a port under `ports:` of the container, or declare the port
there.

Wrong:
    ports: [{port: 80, targetPort: http}]  # the container calls it web

Right:
    ports: [{port: 80, targetPort: web}]

Notes: Declaring a port is optional, so numbers are reported only if the pods declare ports and none of the
Service's ports matches any of them. Pods that a controller completes are not checked.

Source: Kubernetes API reference v1.34, ServicePort.targetPort,
https://kubernetes.io/docs/reference/kubernetes-api/service-resources/service-v1/
"""

from __future__ import annotations

from collections.abc import Iterator

from kustodian.kubernetes.object_set import ObjectSet
from kustodian.kubernetes.pod_selection import pods_of_service
from kustodian.kubernetes.pods.template import PodTemplate
from kustodian.model.json_value import JsonObject, mappings, text
from kustodian.model.measure import Exactly
from kustodian.model.violation import Violation
from kustodian.policy.rule import Context, SetRule, Worse


def check(objects: ObjectSet, context: Context) -> Iterator[Violation]:
    """One violation for each named port that no selected pod has, or for each port if none matches."""
    del context
    for service in objects.of("", "Service"):
        pods = pods_of_service(service, objects)
        if not pods or any(pod.partial for pod in pods):
            continue
        ports = mappings(service.spec.get("ports"))
        missing = [(i, port) for i, port in ports if not any(_may_have_port(pod, port) for pod in pods)]
        for index, port in missing:
            # Declaring a port is optional, so a number is only a problem if no port of the Service matches.
            if isinstance(_target(port), str) or len(missing) == len(ports):
                owner, target = pods[0].owner, _target(port)
                noun = "a port named" if isinstance(target, str) else "port"
                message = f"no container of {owner.kind} {owner.name} has {noun} {target}"
                field = "targetPort" if port.get("targetPort") else "port"
                path = ("spec", "ports", index, field)
                yield Violation(path, message, service, measure=Exactly(str(target)))


def _target(port: JsonObject) -> object:
    """The name or number that a port of a Service forwards to; its own number by default."""
    return port.get("targetPort") or port.get("port")


def _may_have_port(pod: PodTemplate, port: JsonObject) -> bool:
    """Whether the pod has the port, or may have it: a number, if the pod declares no ports."""
    declared = [
        entry
        for container in pod.containers
        if container.long_running
        for _, entry in mappings(container.data.get("ports"))
    ]
    target, protocol = _target(port), text(port.get("protocol"), "TCP")
    if isinstance(target, str):
        return any(e.get("name") == target and text(e.get("protocol"), "TCP") == protocol for e in declared)
    return not declared or any(entry.get("containerPort") == target for entry in declared)


RULE = SetRule(
    id="undeclared-target-port",
    topic="references",
    severity="E/E/E",
    check=check,
    doc=__doc__,
    worse=Worse.BY_MEASURE,
    tags=("reliability",),
)
