"""A model server or dashboard is reachable from outside the cluster without authentication.

Why: Anyone who finds the address can run inference on your GPUs, read prompts, load other models or delete
experiments: by themselves, these servers do not ask for credentials.

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
    images: more parts of image names that identify a model server or dashboard.

Notes: Model servers and dashboards are recognised by their image or command line. Entry points are Ingresses,
routes attached to a Gateway, Istio gateways, and Services of type NodePort or LoadBalancer that are neither
internal nor limited to source ranges.

Source: OWASP Machine Learning Security Top Ten 2023, ML05 Model Theft,
https://owasp.org/www-project-machine-learning-security-top-10/; vLLM documentation, "Security",
https://docs.vllm.ai/en/latest/usage/security.html
"""

from __future__ import annotations

from collections.abc import Iterator

from kustodian.kubernetes.exposure import exposure
from kustodian.kubernetes.object_set import ObjectSet
from kustodian.kubernetes.pod_selection import pods_of_service
from kustodian.kubernetes.traffic import GATEWAY_API, INGRESS_KINDS, ISTIO, ROUTE_KINDS, backends
from kustodian.model.json_value import FieldPath, mappings, sequence, text
from kustodian.model.manifest import Manifest
from kustodian.model.measure import Exactly
from kustodian.model.violation import Violation
from kustodian.policy.rule import Context, Option, SetRule, Worse
from kustodian.policy.rules.network._authentication import is_guarded, is_private
from kustodian.policy.rules.network._model_servers import unauthenticated_server


def check(objects: ObjectSet, context: Context) -> Iterator[Violation]:
    """One violation for each entry point to a server without authentication."""
    extra_images = tuple(context.options["images"])
    for entry, path, service in _entry_points(objects):
        pods = pods_of_service(service, objects)
        for pod in pods:
            container = unauthenticated_server(pod, extra_images)
            if container is None or is_guarded(entry, service, pods, objects):
                continue
            yield Violation(
                path,
                f"{entry.kind} {entry.name} exposes {container} of {pod.owner.kind} {pod.owner.name} "
                "outside the cluster without authentication",
                entry,
                measure=Exactly(f"{pod.owner.kind} {pod.owner.name}"),
            )
            break


def _entry_points(objects: ObjectSet) -> Iterator[tuple[Manifest, FieldPath, Manifest]]:
    """Each exposing object, the field that exposes it, and the Service it leads to."""
    for service in objects.of("", "Service"):
        if exposure(service):
            yield service, ("spec", "type"), service
    routes = [m for group, kind in INGRESS_KINDS for m in objects.of(group, kind)]
    routes += [m for m in objects.of(GATEWAY_API, *ROUTE_KINDS) if _attaches_to_gateway(m)]
    routes += [m for m in objects.of(ISTIO, "VirtualService") if _uses_gateway(m)]
    for route in routes:
        if is_private(route, objects):
            continue
        seen = set()
        for backend in backends(route):
            target = objects.find("", "Service", backend.namespace, backend.name)
            if backend.is_service and target is not None and id(target) not in seen:
                seen.add(id(target))
                yield route, backend.path, target


def _attaches_to_gateway(route: Manifest) -> bool:
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
    worse=Worse.BY_MEASURE,
    tags=("ml", "security"),
    options={"images": Option((), "more parts of image names that identify a model server or dashboard")},
)
