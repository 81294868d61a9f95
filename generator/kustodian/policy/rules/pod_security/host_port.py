"""Container binds a port of the node.

Why: A host port is reachable on the node's address, bypassing every Service and most network policies, and
only one such pod fits on a node.

Fix: Remove `hostPort` from the container's port and reach it through a Service, a Gateway or an Ingress.

Wrong:
    ports:
      - containerPort: 8080
        hostPort: 8080

Right:
    ports:
      - containerPort: 8080

Source: Pod Security Standards, Baseline, "Host Ports" (every version; 0 is allowed),
https://kubernetes.io/docs/concepts/security/pod-security-standards/#baseline
"""

from __future__ import annotations

from collections.abc import Iterator

from kustodian.kubernetes.pods.template import PodTemplate
from kustodian.model.json_value import JsonObject, integer, mappings, text
from kustodian.model.measure import EVERYTHING, Exactly, members, several
from kustodian.model.violation import Violation
from kustodian.policy.rule import Context, PodRule, Worse
from kustodian.policy.rules.pod_security._standard import BASELINE


def check(pod: PodTemplate, context: Context) -> Iterator[Violation]:
    """One violation for each port with a host port other than 0."""
    for container in pod.containers:
        for index, port in mappings(container.data.get("ports")):
            host_port = integer(port.get("hostPort"), 0)
            if host_port:
                path = (*container.path, "ports", index, "hostPort")
                measure = several(
                    port=Exactly(f"{host_port}/{port.get('protocol') or 'TCP'}"),
                    address=members([_address(port)]),
                )
                yield Violation(path, f"{container} binds port {host_port} of the node", measure=measure)


def _address(port: JsonObject) -> str:
    """The address of the node that the port is bound to."""
    address = text(port.get("hostIP"))
    return EVERYTHING if address in ("", "0.0.0.0", "::") else address


RULE = PodRule(
    id="host-port",
    topic="pod security",
    severity="E/E/E",
    check=check,
    doc=__doc__,
    worse=Worse.BY_MEASURE,
    tags=BASELINE,
)
