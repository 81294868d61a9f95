"""Service sends traffic to a port that its pods do not have.

Why: A named port that no container declares gives the Service no endpoint for it; a number nobody listens on refuses every connection.

Fix: Write the name or number of a port under `ports:` of the container into `targetPort`, or declare the port there.

Wrong:
    ports: [{port: 80, targetPort: http}]  # the container calls it web

Right:
    ports: [{port: 80, targetPort: web}]

Notes: A number is only compared where every selected pod declares ports at all. Pods that a controller completes are not compared.

Source: Kubernetes API reference v1.34, ServicePort.targetPort, https://kubernetes.io/docs/reference/kubernetes-api/service-resources/service-v1/
"""

from __future__ import annotations

from collections.abc import Iterator

from kustodian.model.json_value import JsonObject, mappings, text
from kustodian.model.object_set import ObjectSet
from kustodian.model.workload import PodTemplate
from kustodian.policy.pod_matching import pods_of_service
from kustodian.policy.rule import Context, SetRule, Violation


def check(objects: ObjectSet, context: Context) -> Iterator[Violation]:
    """One violation for each port of a Service that no selected pod has."""
    del context
    for service in objects.of("", "Service"):
        pods = pods_of_service(service, objects)
        if not pods or any(pod.partial for pod in pods):
            continue
        for index, port in mappings(service.spec.get("ports")):
            target = port.get("targetPort")
            target = target if target not in (None, 0, "") else port.get("port")
            if any(_has(pod, target, port) for pod in pods):
                continue
            field = "targetPort" if port.get("targetPort") else "port"
            owner = pods[0].owner
            text_ = (
                f"no container of {owner.kind} {owner.name} has a port {'named ' if _is_name(target) else ''}"
            )
            yield Violation(("spec", "ports", index, field), f"{text_}{target}", service)


def _has(pod: PodTemplate, target: object, port: JsonObject) -> bool:
    """Whether the pod has the port, or may have it: a number where some pod declares nothing."""
    declared = [
        entry
        for container in pod.containers
        if container.long_running
        for _, entry in mappings(container.data.get("ports"))
    ]
    protocol = text(port.get("protocol"), "TCP")
    if _is_name(target):
        return any(e.get("name") == target and text(e.get("protocol"), "TCP") == protocol for e in declared)
    return not declared or any(entry.get("containerPort") == target for entry in declared)


def _is_name(target: object) -> bool:
    return isinstance(target, str)


RULE = SetRule(
    id="undeclared-target-port",
    topic="references",
    severity="E/E/E",
    check=check,
    doc=__doc__,
    tags=("reliability",),
)
