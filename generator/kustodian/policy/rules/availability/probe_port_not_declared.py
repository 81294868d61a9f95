"""Probe uses a port that the container does not declare.

Why: A port name that the container does not have makes every probe fail; a number that is not among the
    declared ports is usually a typo.

Fix: Use the name of a port under the container's `ports`, or declare the port that the probe uses.

Wrong:
    ports: [{name: http, containerPort: 8080}]
    readinessProbe: {httpGet: {path: /ready, port: web}}

Right:
    ports: [{name: http, containerPort: 8080}]
    readinessProbe: {httpGet: {path: /ready, port: http}}

Notes: A name is looked up in the container itself, as the kubelet does. A number is compared with the ports
    of all containers of the pod, which share an address, and only if the container declares any ports,
    because declaring them is optional.

Source: Kubernetes API reference v1.34, core/v1 HTTPGetAction ("Name or number of the port to access on the
    container"), https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/#Probe
"""

from __future__ import annotations

from collections.abc import Iterator

from kustodian.kubernetes.pods.template import PodTemplate
from kustodian.model.json_value import JsonObject, integer, mapping, mappings, text
from kustodian.model.measure import Exactly
from kustodian.model.violation import Violation
from kustodian.policy.rule import Context, PodRule, Worse

_PROBES = ("readinessProbe", "livenessProbe", "startupProbe")
_HANDLERS = ("httpGet", "tcpSocket", "grpc")


def check(pod: PodTemplate, context: Context) -> Iterator[Violation]:
    """One violation for each probe whose port is not declared."""
    if pod.partial:
        return
    declared = {number for c in pod.containers for number in _port_numbers(c.data)}
    for container in pod.containers:
        ports = [port for _, port in mappings(container.data.get("ports"))]
        names = {text(port.get("name")) for port in ports}
        for probe in _PROBES:
            for handler in _HANDLERS:
                port_used = mapping(mapping(container.data.get(probe)).get(handler)).get("port")
                named = isinstance(port_used, str) and not port_used.isdecimal()
                if named and port_used not in names:
                    problem = "has no port of that name"
                elif isinstance(port_used, int) and port_used > 0 and ports and port_used not in declared:
                    problem = "declares no such port"
                else:
                    continue
                yield Violation(
                    (*container.path, probe, handler, "port"),
                    f"{probe} of {container} uses port {port_used}, but the container {problem}",
                    measure=Exactly(str(port_used)),
                )


def _port_numbers(container: JsonObject) -> Iterator[int | None]:
    for _, port in mappings(container.get("ports")):
        yield integer(port.get("containerPort"))


RULE = PodRule(
    id="probe-port-not-declared",
    topic="availability",
    severity="W/W/W",
    check=check,
    doc=__doc__,
    worse=Worse.BY_MEASURE,
    tags=("reliability",),
)
