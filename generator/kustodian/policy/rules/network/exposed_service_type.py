"""Service is exposed outside the cluster by its type.

Why: A node port bypasses the gateway with its TLS, authentication and limits; a load balancer without source
ranges answers the whole internet.

Fix: Use `type: ClusterIP` behind an Ingress or Gateway; if you need a load balancer, list its clients in
`loadBalancerSourceRanges` or make it internal with your cloud's annotation.

Wrong:
    spec:
      type: NodePort

Right:
    spec:
      type: ClusterIP

Source: Kubernetes documentation, "Service",
https://kubernetes.io/docs/concepts/services-networking/service/#publishing-services-service-types; NSA/CISA
Kubernetes Hardening Guide v1.2
"""

from __future__ import annotations

from collections.abc import Iterator

from kustodian.kubernetes.exposure import exposure, port_list
from kustodian.model.json_value import text
from kustodian.model.manifest import Manifest
from kustodian.model.measure import Ranked, members, several
from kustodian.model.violation import Violation
from kustodian.policy.rule import Context, ObjectRule, Worse


def check(manifest: Manifest, context: Context) -> Iterator[Violation]:
    """One violation for a NodePort, or for a LoadBalancer without limits."""
    del context
    reason = exposure(manifest)
    if reason:
        kind = text(manifest.spec.get("type"))
        measure = several(type=Ranked(kind, ("NodePort", "LoadBalancer")), ports=members(port_list(manifest)))
        yield Violation(("spec", "type"), reason, measure=measure)


RULE = ObjectRule(
    id="exposed-service-type",
    topic="network",
    severity="W/E/E",
    check=check,
    kinds=(("", "Service"),),
    doc=__doc__,
    worse=Worse.BY_MEASURE,
    tags=("nsa", "security"),
)
