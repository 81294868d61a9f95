"""Service claims external IP addresses.

Why: Anyone who may create a Service can use this field to take over traffic to any address (CVE-2020-8554);
nothing checks that the address is theirs.

Fix: Delete `externalIPs`; use a load balancer, an Ingress or a Gateway.

Wrong:
    spec:
      externalIPs: [203.0.113.7]

Right:
    spec:
      type: ClusterIP

Source: CVE-2020-8554, https://github.com/kubernetes/kubernetes/issues/97076; Kubernetes documentation,
"External IPs", https://kubernetes.io/docs/concepts/services-networking/service/#external-ips
"""

from __future__ import annotations

from collections.abc import Iterator

from kustodian.kubernetes.exposure import port_list
from kustodian.model.json_value import sequence
from kustodian.model.manifest import Manifest
from kustodian.model.measure import members, several
from kustodian.model.violation import Violation
from kustodian.policy.rule import Context, ObjectRule, Worse


def check(manifest: Manifest, context: Context) -> Iterator[Violation]:
    """One violation for a Service with external IPs."""
    del context
    addresses = sequence(manifest.spec.get("externalIPs"))
    if addresses:
        listed = ", ".join(str(address) for address in addresses)
        measure = several(addresses=members(addresses), ports=members(port_list(manifest)))
        message = f"the Service takes over traffic to {listed}"
        yield Violation(("spec", "externalIPs"), message, measure=measure)


RULE = ObjectRule(
    id="external-ips",
    topic="network",
    severity="W/E/E",
    check=check,
    kinds=(("", "Service"),),
    doc=__doc__,
    worse=Worse.BY_MEASURE,
    tags=("cve", "security"),
)
