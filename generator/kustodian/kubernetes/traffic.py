"""The backends to which Ingresses, routes and virtual services send traffic.

Sources: networking.k8s.io/v1 Ingress (and its v1beta1), Gateway API v1.3 route kinds, Istio
networking.istio.io/v1 VirtualService (how short host names are resolved).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from kustodian.kubernetes.object_set import namespace_of
from kustodian.model.json_value import FieldPath, JsonObject, mapping, mappings, text
from kustodian.model.manifest import Manifest

GATEWAY_API = "gateway.networking.k8s.io"
ROUTE_KINDS = ("HTTPRoute", "GRPCRoute", "TLSRoute", "TCPRoute", "UDPRoute")
ISTIO = "networking.istio.io"
INGRESS_KINDS = (("networking.k8s.io", "Ingress"), ("extensions", "Ingress"))


class Backend(NamedTuple):
    """A backend; `path` leads to its name and `port_path` to its port, in the object that names it.

    `port` is a number or a name, None if not given. `group` and `kind` are "" and "Service" for a Service.
    """

    path: FieldPath
    name: str
    namespace: str
    port: int | str | None = None
    port_path: FieldPath = ()
    group: str = ""
    kind: str = "Service"

    @property
    def is_service(self) -> bool:
        """Whether the backend is a core Service."""
        return self.group == "" and self.kind == "Service"


def backends(manifest: Manifest) -> Iterator[Backend]:
    """The backends of an Ingress, Gateway API route or Istio VirtualService; none for other kinds.

    Mirrors are included. Hosts of a VirtualService that may be outside the cluster are left out.
    """
    if (manifest.group, manifest.kind) in INGRESS_KINDS:
        yield from _ingress(manifest)
    elif manifest.is_a(GATEWAY_API, *ROUTE_KINDS):
        yield from _route(manifest)
    elif manifest.is_a(ISTIO, "VirtualService"):
        yield from _virtual_service(manifest)


def service_of_host(host: str, namespace: str) -> tuple[str, str] | None:
    """The (namespace, name) of the Service that an Istio host names; None if it may be another host.

    `namespace` is that of the VirtualService, which a short name refers to.
    """
    if not host or "*" in host:
        return None
    name, *rest = host.split(".")
    if not rest:
        return namespace, name
    if len(rest) >= 2 and rest[1] == "svc":
        return rest[0], name
    return None


def _ingress(manifest: Manifest) -> Iterator[Backend]:
    namespace = namespace_of(manifest)
    for field in ("defaultBackend", "backend"):
        if isinstance(manifest.spec.get(field), dict):
            yield from _ingress_backend(manifest.spec[field], ("spec", field), namespace)
    for index, rule in mappings(manifest.spec.get("rules")):
        for number, entry in mappings(mapping(rule.get("http")).get("paths")):
            path: FieldPath = ("spec", "rules", index, "http", "paths", number, "backend")
            yield from _ingress_backend(mapping(entry.get("backend")), path, namespace)


def _ingress_backend(backend: JsonObject, path: FieldPath, namespace: str) -> Iterator[Backend]:
    service = mapping(backend.get("service"))
    if service.get("name"):
        port = mapping(service.get("port"))
        field = "number" if "number" in port else "name"
        where = (*path, "service")
        value = _port(port.get(field))
        yield Backend((*where, "name"), text(service["name"]), namespace, value, (*where, "port", field))
    elif backend.get("serviceName"):
        value = _port(backend.get("servicePort"))
        name = text(backend["serviceName"])
        yield Backend((*path, "serviceName"), name, namespace, value, (*path, "servicePort"))


def _route(manifest: Manifest) -> Iterator[Backend]:
    own = namespace_of(manifest)
    for index, rule in mappings(manifest.spec.get("rules")):
        base: FieldPath = ("spec", "rules", index)
        references = [((*base, "backendRefs", n), ref) for n, ref in mappings(rule.get("backendRefs"))]
        holders = [(base, rule), *references]
        for path, holder in holders:
            for number, entry in mappings(holder.get("filters")):
                mirror = mapping(entry.get("requestMirror")).get("backendRef")
                if isinstance(mirror, dict):
                    references.append(((*path, "filters", number, "requestMirror", "backendRef"), mirror))
        for path, reference in references:
            if not reference.get("name"):
                continue
            yield Backend(
                (*path, "name"),
                text(reference["name"]),
                text(reference.get("namespace")) or own,
                _port(reference.get("port")),
                (*path, "port"),
                text(reference.get("group")),
                text(reference.get("kind"), "Service"),
            )


def _virtual_service(manifest: Manifest) -> Iterator[Backend]:
    own = namespace_of(manifest)
    for protocol in ("http", "tls", "tcp"):
        for index, rule in mappings(manifest.spec.get(protocol)):
            base: FieldPath = ("spec", protocol, index)
            places = [
                ((*base, "route", number, "destination"), mapping(entry.get("destination")))
                for number, entry in mappings(rule.get("route"))
            ]
            if isinstance(rule.get("mirror"), dict):
                places.append(((*base, "mirror"), rule["mirror"]))
            places += [
                ((*base, "mirrors", number, "destination"), mapping(entry.get("destination")))
                for number, entry in mappings(rule.get("mirrors"))
            ]
            for path, destination in places:
                found = service_of_host(text(destination.get("host")), own)
                if found is not None:
                    port = _port(mapping(destination.get("port")).get("number"))
                    yield Backend((*path, "host"), found[1], found[0], port, (*path, "port", "number"))


def _port(value: object) -> int | str | None:
    return value if isinstance(value, (int, str)) and not isinstance(value, bool) else None
