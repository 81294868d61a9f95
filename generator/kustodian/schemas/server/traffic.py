"""Problems in Services, Ingresses and NetworkPolicies that the API server rejects beyond the schema.

Source: k8s.io/kubernetes v1.34 pkg/apis/core/validation (ValidateService) and pkg/apis/networking/validation.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator

from kustodian.kubernetes.syntax.names import is_dns_label, is_dns_subdomain, is_port_name
from kustodian.model.json_value import (
    FieldPath,
    JsonObject,
    integer,
    mapping,
    mappings,
    sequence,
    text,
)
from kustodian.model.manifest import Manifest
from kustodian.model.violation import Violation

_CLASS_ANNOTATION = "kubernetes.io/ingress.class"
_ADDRESS = re.compile(r"[0-9]+(\.[0-9]+){3}\Z")


def service(manifest: Manifest) -> Iterator[Violation]:
    """Problems of a Service: its ports, and the fields that its type requires."""
    spec = manifest.spec
    kind = text(spec.get("type"), "ClusterIP")
    headless = spec.get("clusterIP") == "None"
    ports = mappings(spec.get("ports"))
    if kind == "ExternalName":
        if not spec.get("externalName"):
            yield Violation(
                ("spec", "externalName"), 'field "externalName" is required for type ExternalName'
            )
        return
    if not ports and not headless:
        yield Violation(("spec", "ports"), "a Service that is not headless needs at least one port")
    if headless and kind in ("NodePort", "LoadBalancer"):
        yield Violation(("spec", "clusterIP"), f"clusterIP None is not possible for type {kind}")
    names: set[str] = set()
    numbers: set[tuple[str, int]] = set()
    for index, port in ports:
        path: FieldPath = ("spec", "ports", index)
        name = text(port.get("name"))
        if not name and len(ports) > 1:
            yield Violation((*path, "name"), "every port needs a name where a Service has several")
        elif name and not is_dns_label(name):
            yield Violation((*path, "name"), f'port name "{name}" must be a DNS label')
        elif name in names:
            yield Violation((*path, "name"), f'another port of the Service is named "{name}"')
        names.add(name)
        number = integer(port.get("port"))
        if number is not None:
            yield from _port_number(number, (*path, "port"))
            key = (text(port.get("protocol"), "TCP"), number)
            if key in numbers:
                yield Violation((*path, "port"), f"{key[0]} port {number} is listed twice")
            numbers.add(key)
        target = integer(port.get("targetPort"))
        if target:
            yield from _port_number(target, (*path, "targetPort"))
        named = port.get("targetPort")
        if isinstance(named, str) and not is_port_name(named):
            hint = "; write the number without quotes" if named.isdigit() else ""
            yield Violation((*path, "targetPort"), f'targetPort "{named}" is not a port name{hint}')
        if port.get("nodePort") and kind == "ClusterIP":
            yield Violation((*path, "nodePort"), "nodePort may not be used where the type is ClusterIP")


def ingress(manifest: Manifest) -> Iterator[Violation]:
    """Problems of an Ingress of networking.k8s.io/v1: rules, paths and backends."""
    if manifest.api_version != "networking.k8s.io/v1":
        return
    spec = manifest.spec
    if not sequence(spec.get("rules")) and not spec.get("defaultBackend"):
        yield Violation(("spec",), "an Ingress needs rules or a defaultBackend")
    if isinstance(spec.get("defaultBackend"), dict):
        yield from _backend(spec["defaultBackend"], ("spec", "defaultBackend"))
    annotated = manifest.annotations.get(_CLASS_ANNOTATION)
    named = spec.get("ingressClassName")
    if annotated is not None and isinstance(named, str) and annotated != named:
        where = ("metadata", "annotations", _CLASS_ANNOTATION)
        yield Violation(where, f'the class annotation "{annotated}" contradicts ingressClassName')
    for index, rule in mappings(spec.get("rules")):
        host = text(rule.get("host"))
        if host and (not is_dns_subdomain(host.removeprefix("*.")) or _ADDRESS.match(host)):
            yield Violation(("spec", "rules", index, "host"), f'host "{host}" is not a DNS name')
        for number, entry in mappings(mapping(rule.get("http")).get("paths")):
            path: FieldPath = ("spec", "rules", index, "http", "paths", number)
            url, kind = entry.get("path"), entry.get("pathType")
            if kind in ("Exact", "Prefix") and not text(url).startswith("/"):
                yield Violation(
                    (*path, "path"), f'path "{text(url)}" must start with "/" for pathType {kind}'
                )
            if isinstance(entry.get("backend"), dict):
                yield from _backend(entry["backend"], (*path, "backend"))


def _backend(backend: JsonObject, path: FieldPath) -> Iterator[Violation]:
    target, resource = backend.get("service"), backend.get("resource")
    if bool(target) == bool(resource):
        yield Violation(path, "a backend needs exactly one of service and resource")
    elif isinstance(target, dict):
        port = mapping(target.get("port"))
        if bool(port.get("name")) == bool(port.get("number")):
            yield Violation(
                (*path, "service", "port"), "a service backend needs exactly one of port name and number"
            )


def network_policy(manifest: Manifest) -> Iterator[Violation]:
    """Problems of a NetworkPolicy: peers, address blocks and ports."""
    for direction, field in (("ingress", "from"), ("egress", "to")):
        for index, rule in mappings(manifest.spec.get(direction)):
            base: FieldPath = ("spec", direction, index)
            for number, port in mappings(rule.get("ports")):
                yield from _policy_port(port, (*base, "ports", number))
            for number, peer in mappings(rule.get(field)):
                yield from _peer(peer, (*base, field, number))
    types = sequence(manifest.spec.get("policyTypes"))
    if len(types) > 2:
        yield Violation(("spec", "policyTypes"), "policyTypes may have at most two entries")


def _peer(peer: JsonObject, path: FieldPath) -> Iterator[Violation]:
    given = [key for key in ("ipBlock", "namespaceSelector", "podSelector") if peer.get(key) is not None]
    if not given:
        yield Violation(path, "a peer needs one of ipBlock, namespaceSelector and podSelector")
    block = peer.get("ipBlock")
    if not isinstance(block, dict):
        return
    if len(given) > 1:
        yield Violation((*path, "ipBlock"), "ipBlock cannot be combined with a selector in one peer")
    cidr = _network(block.get("cidr"))
    if cidr is None and isinstance(block.get("cidr"), str):
        yield Violation(
            (*path, "ipBlock", "cidr"), f'"{block["cidr"]}" is not an address block such as 10.0.0.0/8'
        )
    for index, text_ in enumerate(sequence(block.get("except"))):
        hole = _network(text_)
        where = (*path, "ipBlock", "except", index)
        if hole is None:
            yield Violation(where, f'"{text_}" is not an address block such as 10.0.0.0/8')
        elif cidr is not None and not (
            hole.version == cidr.version and hole.prefixlen > cidr.prefixlen and _within(hole, cidr)
        ):
            yield Violation(where, f"except {text_} must be a strict part of the cidr {cidr}")


_Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def _network(value: object) -> _Network | None:
    """The address block in a text, None if it is not one; host bits may be set, as the API server allows."""
    if not isinstance(value, str) or "/" not in value:
        return None
    try:
        return ipaddress.ip_network(value, strict=False)
    except ValueError:
        return None


def _within(inner: _Network, outer: _Network) -> bool:
    return int(inner.network_address) >> (outer.max_prefixlen - outer.prefixlen) == int(
        outer.network_address
    ) >> (outer.max_prefixlen - outer.prefixlen)


def _policy_port(port: JsonObject, path: FieldPath) -> Iterator[Violation]:
    number, end = integer(port.get("port")), integer(port.get("endPort"))
    if number is not None:
        yield from _port_number(number, (*path, "port"))
    elif isinstance(port.get("port"), str) and not is_port_name(port["port"]):
        yield Violation((*path, "port"), f'port "{port["port"]}" is neither a number nor a port name')
    if port.get("endPort") is not None:
        if number is None:
            yield Violation((*path, "endPort"), "endPort needs a numeric port")
        elif end is not None and end < number:
            yield Violation((*path, "endPort"), f"endPort {end} is below port {number}")


def _port_number(number: int, path: FieldPath) -> Iterator[Violation]:
    if not 1 <= number <= 65535:
        yield Violation(path, f"port {number} is not between 1 and 65535")
