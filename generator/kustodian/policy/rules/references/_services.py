"""Whether a Service that receives traffic exists and has the port."""

from __future__ import annotations

from collections.abc import Iterator

from kustodian.kubernetes.object_set import ObjectSet, namespace_of
from kustodian.kubernetes.pod_selection import is_plain
from kustodian.kubernetes.traffic import Backend, backends
from kustodian.model.json_value import mappings
from kustodian.model.manifest import Manifest
from kustodian.model.violation import Violation
from kustodian.policy.rules.references._producers import made_by_operator

#: Custom resources for which a controller creates a Service whose name is or begins with theirs.
_SERVICE_MAKERS = (
    ("serving.knative.dev", "Service"),
    ("serving.knative.dev", "Route"),
    ("kubeflow.org", "Notebook"),
    ("ray.io", "RayCluster"),
    ("ray.io", "RayService"),
    ("leaderworkerset.x-k8s.io", "LeaderWorkerSet"),
    ("jobset.x-k8s.io", "JobSet"),
)
#: The port name that makes AWS's controller read the action from an annotation instead of a Service.
_ANNOTATED = "use-annotation"


def service_exists(name: str, namespace: str, objects: ObjectSet) -> bool:
    """Whether the Service is in the set, a controller creates it, or its namespace lies outside the set."""
    if objects.find("", "Service", namespace, name) is not None or made_by_operator(name, namespace, objects):
        return True
    for group, kind in _SERVICE_MAKERS:
        for maker in objects.of(group, kind):
            if namespace_of(maker) == namespace and (name == maker.name or name.startswith(f"{maker.name}-")):
                return True
    services = objects.of("", "Service")
    if is_plain(objects) or any(namespace_of(service) == namespace for service in services):
        return False
    # The overlay has only routes, or routes into another team's namespace.
    return not objects.pods_in(namespace) and not any(service.name == name for service in services)


def dangling_backends(manifest: Manifest, objects: ObjectSet) -> Iterator[Violation]:
    """One violation for each backend whose Service does not exist or does not have the port."""
    for backend in backends(manifest):
        if not backend.is_service or backend.port == _ANNOTATED:
            continue
        service = objects.find("", "Service", backend.namespace, backend.name)
        if service is None:
            if not service_exists(backend.name, backend.namespace, objects):
                text = f"Service {backend.name} does not exist in namespace {backend.namespace}"
                yield Violation(backend.path, text, manifest)
        elif backend.port is not None and not _has_port(service, backend):
            text = f"Service {service.name} has no port {backend.port}"
            yield Violation(backend.port_path, text, manifest)


def _has_port(service: Manifest, backend: Backend) -> bool:
    ports = mappings(service.spec.get("ports"))
    field = "port" if isinstance(backend.port, int) else "name"
    return not ports or any(port.get(field) == backend.port for _, port in ports)
