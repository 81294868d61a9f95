"""Authentication and client restrictions in front of a Service, Ingress or route.

Sources: annotations of ingress-nginx, Traefik, AWS Load Balancer Controller, HAProxy and Kong; Envoy Gateway
v1 SecurityPolicy; Kuadrant AuthPolicy; GKE GCPBackendPolicy; Istio security.istio.io/v1; Linkerd
policy.linkerd.io; Consul ServiceIntentions.
"""

from __future__ import annotations

from kustodian.kubernetes.object_set import ObjectSet, namespace_of
from kustodian.kubernetes.pods.template import PodTemplate
from kustodian.kubernetes.selector import labels_match
from kustodian.kubernetes.traffic import GATEWAY_API, INGRESS_KINDS
from kustodian.model.json_value import JsonObject, mapping, mappings, sequence, text
from kustodian.model.manifest import Manifest

#: Annotations of an Ingress, route or Service that turn on authentication or restrict clients.
_ANNOTATIONS = (
    "nginx.ingress.kubernetes.io/auth-url",
    "nginx.ingress.kubernetes.io/auth-type",
    "nginx.ingress.kubernetes.io/auth-secret",
    "nginx.ingress.kubernetes.io/auth-tls-secret",
    "nginx.ingress.kubernetes.io/whitelist-source-range",
    "nginx.ingress.kubernetes.io/allowlist-source-range",
    "traefik.ingress.kubernetes.io/router.middlewares",
    "haproxy.org/auth-type",
    "ingress.kubernetes.io/auth-type",
    "konghq.com/plugins",
    "cloud.google.com/backend-config",
    "alb.ingress.kubernetes.io/inbound-cidrs",
)
#: Policies attached to a route, a Gateway or a Service by targetRef.
_ATTACHED = (
    ("gateway.envoyproxy.io", "SecurityPolicy"),
    ("kuadrant.io", "AuthPolicy"),
    ("networking.gke.io", "GCPBackendPolicy"),
    ("gateway.kgateway.dev", "TrafficPolicy"),
)
_PRIVATE = ("internal", "private", "rilb")


def is_guarded(entry: Manifest, service: Manifest, pods: list[PodTemplate], objects: ObjectSet) -> bool:
    """Whether an entry point (Ingress, route or Service) authenticates or restricts its clients."""
    return (
        _guarded_by_annotation(entry)
        or _guarded_by_annotation(service)
        or _guarded_by_filter(entry)
        or _guarded_by_attached_policy(entry, service, objects)
        or any(_guarded_by_mesh(pod, service, objects) for pod in pods)
    )


def is_private(entry: Manifest, objects: ObjectSet) -> bool:
    """Whether an Ingress or route is reachable only from the private network."""
    if (entry.group, entry.kind) in INGRESS_KINDS:
        name = text(entry.spec.get("ingressClassName")) or entry.annotations.get(
            "kubernetes.io/ingress.class", ""
        )
        scheme = entry.annotations.get("alb.ingress.kubernetes.io/scheme", "")
        # The AWS controller creates internal load balancers by default.
        return (
            any(word in name for word in _PRIVATE) or scheme == "internal" or (name == "alb" and not scheme)
        )
    gateways = parent_gateways(entry, objects)
    return bool(gateways) and all(_is_private_gateway(gateway) for gateway in gateways)


def parent_gateways(route: Manifest, objects: ObjectSet) -> list[Manifest]:
    """The Gateways in the set that a Gateway API route attaches to."""
    gateways = []
    for _, reference in mappings(route.spec.get("parentRefs")):
        if text(reference.get("kind"), "Gateway") != "Gateway":
            continue
        namespace = text(reference.get("namespace")) or namespace_of(route)
        gateway = objects.find(GATEWAY_API, "Gateway", namespace, text(reference.get("name")))
        if gateway is not None:
            gateways.append(gateway)
    return gateways


def _is_private_gateway(gateway: Manifest) -> bool:
    infrastructure = mapping(mapping(gateway.spec.get("infrastructure")).get("annotations"))
    words = [text(gateway.spec.get("gatewayClassName")), *map(str, infrastructure.values())]
    service_type = gateway.annotations.get("networking.istio.io/service-type", "")
    return service_type == "ClusterIP" or any(part in word.lower() for part in _PRIVATE for word in words)


def _guarded_by_annotation(manifest: Manifest) -> bool:
    annotations = manifest.annotations
    if annotations.get("alb.ingress.kubernetes.io/auth-type", "none") != "none":
        return True
    return any(annotations.get(key) for key in _ANNOTATIONS)


def _guarded_by_filter(route: Manifest) -> bool:
    """Whether a rule of a Gateway API route has an authentication or extension filter."""
    if route.group != GATEWAY_API:
        return False
    kinds = [
        text(entry.get("type"))
        for _, rule in mappings(route.spec.get("rules"))
        for _, entry in mappings(rule.get("filters"))
    ]
    return "ExtensionRef" in kinds or "ExternalAuth" in kinds


def _guarded_by_attached_policy(entry: Manifest, service: Manifest, objects: ObjectSet) -> bool:
    gateways = parent_gateways(entry, objects) if entry.group == GATEWAY_API else []
    targets = {(m.kind, m.name) for m in (entry, service, *gateways)}
    # A policy in the set can target a shared Gateway that is outside the set.
    targets |= {("Gateway", text(ref.get("name"))) for _, ref in mappings(entry.spec.get("parentRefs"))}
    for group, kind in _ATTACHED:
        for policy in objects.of(group, kind):
            references = [mapping(policy.spec.get("targetRef"))]
            references += [reference for _, reference in mappings(policy.spec.get("targetRefs"))]
            if policy.spec.get("targetSelectors"):
                return True
            if any((text(ref.get("kind")), text(ref.get("name"))) in targets for ref in references):
                return True
    for gateway in gateways:
        if "frontendValidation" in str(gateway.spec.get("listeners")) or mapping(
            mapping(gateway.spec.get("tls")).get("frontend")
        ):
            return True
    return False


def _guarded_by_mesh(pod: PodTemplate, service: Manifest, objects: ObjectSet) -> bool:
    namespace = namespace_of(service)
    for policy in objects.of("security.istio.io", "AuthorizationPolicy"):
        if not _restricts_callers(policy):
            continue
        if namespace_of(policy) in ("istio-system", "istio-ingress"):
            return True
        selector = mapping(mapping(policy.spec.get("selector")).get("matchLabels"))
        if namespace_of(policy) == namespace and labels_match(selector, pod.labels):
            return True
    linkerd = objects.of("policy.linkerd.io", "AuthorizationPolicy", "ServerAuthorization")
    if any(namespace_of(policy) == namespace for policy in linkerd):
        return True
    intentions = objects.of("consul.hashicorp.com", "ServiceIntentions")
    return any(mapping(m.spec.get("destination")).get("name") in (service.name, "*") for m in intentions)


def _restricts_callers(policy: Manifest) -> bool:
    """Whether an Istio AuthorizationPolicy restricts who may call."""
    if policy.spec.get("action") in ("CUSTOM", "DENY"):
        return True
    rules: list[JsonObject] = [rule for _, rule in mappings(policy.spec.get("rules"))]
    return all(sequence(rule.get("from")) or sequence(rule.get("when")) for rule in rules)
