"""Liveness and readiness probes make the same check, and liveness does not wait longer.

Why: A problem that should only take the pod out of the service for a while (load, a slow dependency)
    restarts it instead, and the restarts spread to the other replicas.

Fix: Give liveness its own cheap endpoint, or the same one with a higher failureThreshold than readiness.

Wrong:
    readinessProbe: {httpGet: {path: /health, port: http}}
    livenessProbe: {httpGet: {path: /health, port: http}}

Right:
    readinessProbe: {httpGet: {path: /health, port: http}, failureThreshold: 3}
    livenessProbe: {httpGet: {path: /health, port: http}, failureThreshold: 9}

Notes: The documentation recommends the same endpoint with a higher failureThreshold, so that is not
    reported: the rule compares failureThreshold x periodSeconds. A port's name and its number are the same
    port.

Source: Kubernetes documentation v1.34, "Configure Liveness, Readiness and Startup Probes",
    https://kubernetes.io/docs/tasks/configure-pod-container/configure-liveness-readiness-startup-probes/
"""

from __future__ import annotations

from collections.abc import Iterator

from kustodian.kubernetes.pods.template import Container, PodTemplate
from kustodian.model.json_value import JsonObject, mapping, mappings
from kustodian.model.measure import Amount
from kustodian.model.violation import Violation
from kustodian.policy.rule import Context, PodRule, Worse
from kustodian.policy.rules.availability._probes import seconds_until_failure


def check(pod: PodTemplate, context: Context) -> Iterator[Violation]:
    """One violation for each container whose liveness probe fails no later than the same readiness probe."""
    for container in pod.containers:
        liveness = mapping(container.data.get("livenessProbe"))
        readiness = mapping(container.data.get("readinessProbe"))
        target = _target(container, liveness)
        if target is None or target != _target(container, readiness):
            continue
        if seconds_until_failure(liveness) <= seconds_until_failure(readiness):
            seconds = seconds_until_failure(liveness)
            yield Violation(
                (*container.path, "livenessProbe"),
                f"{container} is restarted by the same probe that takes it out of the service, "
                f"after {seconds} s of failing",
                measure=Amount(-seconds, f"after {seconds} s"),
            )


def _target(container: Container, probe: JsonObject) -> tuple[object, ...] | None:
    """What a probe checks, with defaults filled in; None if there is no probe."""
    if http := mapping(probe.get("httpGet")):
        scheme, path = http.get("scheme") or "HTTP", http.get("path") or "/"
        return "http", scheme, http.get("host"), _port_number(container, http.get("port")), path
    if tcp := mapping(probe.get("tcpSocket")):
        return "tcp", tcp.get("host"), _port_number(container, tcp.get("port"))
    if grpc := mapping(probe.get("grpc")):
        return "grpc", grpc.get("port"), grpc.get("service") or ""
    if command := mapping(probe.get("exec")).get("command"):
        return "exec", str(command)
    return None


def _port_number(container: Container, port: object) -> object:
    for _, declared in mappings(container.data.get("ports")):
        if isinstance(port, str) and declared.get("name") == port:
            return declared.get("containerPort")
    return port


RULE = PodRule(
    id="liveness-equals-readiness",
    topic="availability",
    severity="W/W/W",
    check=check,
    doc=__doc__,
    worse=Worse.BY_MEASURE,
    tags=("reliability",),
)
