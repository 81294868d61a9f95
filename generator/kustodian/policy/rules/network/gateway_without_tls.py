"""Gateway serves plain HTTP without a TLS listener.

Why: Requests, tokens and predictions travel in clear text and can be read and changed in transit.

Fix: Add an HTTPS listener with `tls.certificateRefs`; keep the HTTP listener only to redirect.

Wrong:
    listeners:
      - {name: http, protocol: HTTP, port: 80}

Right:
    listeners:
      - name: https
        protocol: HTTPS
        port: 443
        tls:
          certificateRefs: [{name: iris-tls}]

Notes: Covers Gateways of the Gateway API and of Istio. An HTTP listener next to an HTTPS listener is assumed
to redirect. Istio gateways for traffic inside the cluster (`*.local` hosts, `...-local-gateway`) are not
reported.

Source: Gateway API v1, "TLS configuration", https://gateway-api.sigs.k8s.io/guides/tls/; Istio, "Gateway",
https://istio.io/latest/docs/reference/config/networking/gateway/
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from kustodian.model.json_value import JsonObject, mapping, mappings, sequence, text
from kustodian.model.manifest import Manifest
from kustodian.model.measure import EVERYTHING, Measure, members
from kustodian.model.violation import Violation
from kustodian.policy.rule import Context, ObjectRule, Worse

_GATEWAY_API = "gateway.networking.k8s.io"
_ISTIO = "networking.istio.io"
#: Names that Knative and others give to gateways for traffic inside the cluster.
_INTERNAL = ("local-gateway", "cluster-local")


def check(manifest: Manifest, context: Context) -> Iterator[Violation]:
    """One violation for each plain HTTP listener of a Gateway without TLS, or incomplete HTTPS listener."""
    del context
    if manifest.group == _ISTIO:
        yield from _check_istio(manifest)
        return
    listeners = mappings(manifest.spec.get("listeners"))
    encrypted = any(text(listener.get("protocol")) in ("HTTPS", "TLS") for _, listener in listeners)
    for index, listener in listeners:
        protocol, path = text(listener.get("protocol")), ("spec", "listeners", index)
        name = text(listener.get("name"))
        if protocol == "HTTP" and not encrypted:
            message = f'listener "{name}" serves plain HTTP and no listener has TLS'
            yield Violation((*path, "protocol"), message, measure=_hosts([listener.get("hostname")]))
        elif protocol == "HTTPS" and not _has_certificate(mapping(listener.get("tls"))):
            message = f'HTTPS listener "{name}" has no certificateRefs'
            yield Violation((*path, "tls"), message, measure=_hosts([listener.get("hostname")]))


def _has_certificate(tls: JsonObject) -> bool:
    return bool(tls.get("certificateRefs") or tls.get("options")) or tls.get("mode") == "Passthrough"


def _check_istio(manifest: Manifest) -> Iterator[Violation]:
    if any(word in manifest.name for word in _INTERNAL):
        return
    servers = mappings(manifest.spec.get("servers"))
    encrypted = any(
        text(mapping(server.get("port")).get("protocol")).upper() in ("HTTPS", "TLS") for _, server in servers
    )
    for index, server in servers:
        protocol = text(mapping(server.get("port")).get("protocol")).upper()
        hosts = [text(host).rpartition("/")[2] for host in sequence(server.get("hosts"))]
        if hosts and all(host.endswith(".local") for host in hosts):
            continue
        tls, path = mapping(server.get("tls")), ("spec", "servers", index)
        if protocol in ("HTTP", "HTTP2", "GRPC") and not encrypted and not tls:
            message = f"server {index} serves plain {protocol} and no server has TLS"
            yield Violation((*path, "port", "protocol"), message, measure=_hosts(hosts))
        elif protocol in ("HTTPS", "TLS") and not tls.get("mode"):
            message = f"server {index} of protocol {protocol} has no tls mode"
            yield Violation((*path, "tls"), message, measure=_hosts(hosts))


def _hosts(hosts: Iterable[object]) -> Measure:
    """The hosts that are served so; one without a name serves all."""
    return members([text(host) or EVERYTHING for host in hosts] or [EVERYTHING])


RULE = ObjectRule(
    id="gateway-without-tls",
    topic="network",
    severity="W/E/E",
    check=check,
    kinds=((_GATEWAY_API, "Gateway"), (_ISTIO, "Gateway")),
    doc=__doc__,
    worse=Worse.BY_MEASURE,
    tags=("nsa", "security"),
)
