"""Ingress serves a host without TLS.

Why: Requests, tokens and predictions travel in clear text and can be read and changed in transit.

Fix: Add the host to `spec.tls` with a `secretName`; cert-manager fills the Secret if the Ingress has its
annotation.

Wrong:
    spec:
      rules:
        - host: iris.example.com

Right:
    spec:
      tls:
        - hosts: [iris.example.com]
          secretName: iris-tls
      rules:
        - host: iris.example.com

Notes: A `tls` entry without hosts covers every host. Certificates that a cloud's annotation attaches (AWS,
GKE), TLS passthrough and Traefik's router annotation count as TLS.

Source: Kubernetes documentation, "Ingress",
https://kubernetes.io/docs/concepts/services-networking/ingress/#tls
"""

from __future__ import annotations

from collections.abc import Iterator

from kustodian.model.json_value import mappings, sequence, text
from kustodian.model.manifest import Manifest
from kustodian.model.measure import EVERYTHING, members
from kustodian.model.violation import Violation
from kustodian.policy.rule import Context, ObjectRule, Worse

#: Annotations that configure TLS outside the object: by being present, or with the value "true".
_CERTIFICATES = (
    "alb.ingress.kubernetes.io/certificate-arn",
    "networking.gke.io/managed-certificates",
    "ingress.gcp.kubernetes.io/pre-shared-cert",
    "traefik.ingress.kubernetes.io/router.tls.certresolver",
)
_SWITCHES = (
    "nginx.ingress.kubernetes.io/ssl-passthrough",
    "haproxy.org/ssl-passthrough",
    "ingress.kubernetes.io/ssl-passthrough",
    "traefik.ingress.kubernetes.io/router.tls",
)


def check(manifest: Manifest, context: Context) -> Iterator[Violation]:
    """One violation for an Ingress without TLS, or for each host that no TLS entry covers."""
    del context
    annotations = manifest.annotations
    if any(annotations.get(key) for key in _CERTIFICATES):
        return
    if any(annotations.get(key) == "true" for key in _SWITCHES):
        return
    entries = mappings(manifest.spec.get("tls"))
    if not entries:
        yield Violation(("spec", "tls"), "the Ingress has no TLS", measure=members(_hosts(manifest)))
        return
    covered = [text(host) for _, entry in entries for host in sequence(entry.get("hosts"))]
    if any(not sequence(entry.get("hosts")) for _, entry in entries):
        return
    for index, rule in mappings(manifest.spec.get("rules")):
        host = text(rule.get("host"))
        if host and not any(_covers(pattern, host) for pattern in covered):
            message = f"no tls entry covers host {host}"
            yield Violation(("spec", "rules", index, "host"), message, measure=members([host]))


def _hosts(ingress: Manifest) -> list[str]:
    """The hosts that are served; a rule without one, and the default backend, serve all."""
    hosts = [text(rule.get("host")) or EVERYTHING for _, rule in mappings(ingress.spec.get("rules"))]
    return [*hosts, EVERYTHING] if ingress.spec.get("defaultBackend") else hosts


def _covers(pattern: str, host: str) -> bool:
    """Whether a certificate for `pattern` is valid for `host`; a wildcard stands for one label."""
    if pattern.startswith("*."):
        return host == pattern or host.partition(".")[2] == pattern[2:]
    return host == pattern


RULE = ObjectRule(
    id="ingress-without-tls",
    topic="network",
    severity="W/E/E",
    check=check,
    kinds=(("networking.k8s.io", "Ingress"), ("extensions", "Ingress")),
    doc=__doc__,
    worse=Worse.BY_MEASURE,
    tags=("nsa", "security"),
)
