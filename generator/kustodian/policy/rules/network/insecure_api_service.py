"""APIService skips the verification of the server's certificate.

Why: Whoever can answer in the place of the extension server receives the requests with the identity of their
users, and its answers pass as those of the API server.

Fix: Remove `insecureSkipTLSVerify` and set `caBundle`, or let cert-manager inject it
(`cert-manager.io/inject-ca-from`).

Wrong:
    kind: APIService
    spec:
      insecureSkipTLSVerify: true

Right:
    kind: APIService
    metadata:
      annotations: {cert-manager.io/inject-ca-from: kube-system/metrics-server}
    spec:
      service: {name: metrics-server, namespace: kube-system}

Notes: The manifests that metrics-server publishes set the field; its chart has `tls.type` to do without.

Source: Kubernetes API reference v1.34, APIServiceSpec (`insecureSkipTLSVerify`: "This is strongly
discouraged"), https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/api-service-v1/
"""

from __future__ import annotations

from collections.abc import Iterator

from kustodian.model.manifest import Manifest
from kustodian.model.violation import Violation
from kustodian.policy.rule import Context, ObjectRule, Worse


def check(manifest: Manifest, context: Context) -> Iterator[Violation]:
    """One violation if the certificate is not verified."""
    del context
    if manifest.spec.get("insecureSkipTLSVerify") is True:
        message = f"APIService {manifest.name} does not verify the certificate of its server"
        yield Violation(("spec", "insecureSkipTLSVerify"), message)


RULE = ObjectRule(
    id="insecure-api-service",
    topic="network",
    severity="W/E/E",
    check=check,
    kinds=(("apiregistration.k8s.io", "APIService"),),
    doc=__doc__,
    worse=Worse.NEVER,
    tags=("security",),
)
