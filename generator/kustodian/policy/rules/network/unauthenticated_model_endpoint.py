"""A model server or dashboard is reachable from outside the cluster without authentication.

Why: Anyone who finds the address can run inference on your GPUs, read prompts, load other models or delete
experiments: these servers ask for no credentials of their own.

Fix: Put authentication in front (an external-auth annotation or SecurityPolicy, an oauth2-proxy, an
AuthorizationPolicy), give the server an API key from a Secret, or keep it inside the cluster.

Wrong:
    kind: HTTPRoute  # on a public Gateway, straight to vLLM
    spec:
      rules:
        - backendRefs: [{name: llm, port: 8000}]

Right:
    kind: SecurityPolicy  # gateway.envoyproxy.io/v1alpha1
    spec:
      targetRefs: [{group: gateway.networking.k8s.io, kind: HTTPRoute, name: llm}]
      jwt: {providers: [...]}

Options:
    images: further parts of image names that stand for a model server or dashboard.

Notes: Model servers and dashboards are known by their image or command line. Ways in are Ingresses, routes on
a Gateway, Istio gateways, and Services of type NodePort or LoadBalancer that are neither internal nor limited
to source ranges.

Source: OWASP Machine Learning Security Top Ten 2023, ML05 Model Theft,
https://owasp.org/www-project-machine-learning-security-top-10/; vLLM documentation, "Security",
https://docs.vllm.ai/en/latest/usage/security.html
"""

from __future__ import annotations

from collections.abc import Iterator

from kustodian.kubernetes.object_set import ObjectSet
from kustodian.kubernetes.pod_selection import pods_of_service
from kustodian.kubernetes.traffic import GATEWAY_API, INGRESS_KINDS, ISTIO, ROUTE_KINDS, backends
from kustodian.model.field_path import FieldPath
from kustodian.model.json_value import mappings, sequence, text
from kustodian.model.manifest import Manifest
from kustodian.model.violation import Violation
from kustodian.policy.rule import Context, Option, SetRule
from kustodian.policy.rules.network._authentication import is_guarded, is_private
from kustodian.policy.rules.network._exposure import exposure
from kustodian.policy.rules.network._model_servers import served_by


def check(objects: ObjectSet, context: Context) -> Iterator[Violation]:
    """One violation for each way from outside to a server that nothing guards."""
    more = tuple(context.options["images"])
    for entry, path, service in _ways_in(objects):
        pods = pods_of_service(service, objects)
        for pod in pods:
            container = served_by(pod, more)
            if container is None or is_guarded(entry, service, pods, objects):
                continue
            yield Violation(
                path,
                f"{entry.kind} {entry.name} exposes {container} of {pod.owner.kind} {pod.owner.name} "
                "outside the cluster without authentication",
                entry,
            )
            break


def _ways_in(objects: ObjectSet) -> Iterator[tuple[Manifest, FieldPath, Manifest]]:
    """Each exposing object, the field that exposes, and the Service it leads to."""
    for service in objects.of("", "Service"):
        if exposure(service):
            yield service, ("spec", "type"), service
    routes = [m for group, kind in INGRESS_KINDS for m in objects.of(group, kind)]
    routes += [m for m in objects.of(GATEWAY_API, *ROUTE_KINDS) if _hangs_on_gateway(m)]
    routes += [m for m in objects.of(ISTIO, "VirtualService") if _uses_gateway(m)]
    for route in routes:
        if is_private(route, objects):
            continue
        seen = set()
        for backend in backends(route):
            service_ = objects.find("", "Service", backend.namespace, backend.name)
            if backend.is_service and service_ is not None and id(service_) not in seen:
                seen.add(id(service_))
                yield route, backend.path, service_


def _hangs_on_gateway(route: Manifest) -> bool:
    kinds = [text(ref.get("kind"), "Gateway") for _, ref in mappings(route.spec.get("parentRefs"))]
    return "Gateway" in kinds


def _uses_gateway(manifest: Manifest) -> bool:
    return any(name != "mesh" for name in sequence(manifest.spec.get("gateways")))


RULE = SetRule(
    id="unauthenticated-model-endpoint",
    topic="network",
    severity="W/E/E",
    check=check,
    doc=__doc__,
    tags=("ml", "security"),
    options={"images": Option((), "further parts of image names of model servers and dashboards")},
)
