"""Where Ingresses, routes and virtual services send their traffic."""

from __future__ import annotations

from typing import Any

import pytest

from kustodian.kubernetes.traffic import Backend, backends, service_of_host
from tests.unit.kubernetes.builders import manifest

PATH = ("spec", "rules", 0, "http", "paths", 1, "backend")


def ingress(spec: dict[str, Any], version: str = "networking.k8s.io/v1") -> list[Backend]:
    return list(backends(manifest(version, "Ingress", spec, namespace="a")))


@pytest.mark.parametrize(("spec", "expected"), [
    (
        {"defaultBackend": {"service": {"name": "s", "port": {"number": 80}}}},
        [Backend(("spec", "defaultBackend", "service", "name"), "s", "a", 80, ("spec", "defaultBackend", "service", "port", "number"))],
    ),
    (
        {"rules": [{"http": {"paths": [None, {"backend": {"service": {"name": "s", "port": {"name": "http"}}}}]}}]},
        [Backend((*PATH, "service", "name"), "s", "a", "http", (*PATH, "service", "port", "name"))],
    ),
    (
        {"backend": {"serviceName": "s", "servicePort": "http"}},
        [Backend(("spec", "backend", "serviceName"), "s", "a", "http", ("spec", "backend", "servicePort"))],
    ),
    (
        {"defaultBackend": {"service": {"name": "s"}}},
        [Backend(("spec", "defaultBackend", "service", "name"), "s", "a", None, ("spec", "defaultBackend", "service", "port", "name"))],
    ),
    ({"defaultBackend": {"resource": {"kind": "StorageBucket", "name": "x"}}}, []),
    ({"defaultBackend": {"service": {"name": ""}}}, []),
    ({"defaultBackend": {"service": None}}, []),
    ({"rules": [{"http": None}, {"host": "x"}, None]}, []),
    ({}, []),
])  # fmt: skip
def test_ingress(spec: dict[str, Any], expected: list[Backend]) -> None:
    assert ingress(spec) == expected
    assert ingress(spec, "extensions/v1beta1") == expected


def test_a_port_that_is_neither_number_nor_name_is_none() -> None:
    (backend,) = ingress({"defaultBackend": {"service": {"name": "s", "port": {"number": True}}}})
    assert backend.port is None


REFS = ("spec", "rules", 0, "backendRefs", 0)
MIRROR = {"requestMirror": {"backendRef": {"name": "m", "port": 1}}}


@pytest.mark.parametrize(("rule", "expected"), [
    ({"backendRefs": [{"name": "s", "port": 80}]}, [Backend((*REFS, "name"), "s", "a", 80, (*REFS, "port"))]),
    ({"backendRefs": [{"name": "s", "namespace": "b"}]}, [Backend((*REFS, "name"), "s", "b", None, (*REFS, "port"))]),
    (
        {"backendRefs": [{"name": "s", "group": "serving.kserve.io", "kind": "InferencePool"}]},
        [Backend((*REFS, "name"), "s", "a", None, (*REFS, "port"), "serving.kserve.io", "InferencePool")],
    ),
    (
        {"filters": [MIRROR]},
        [Backend(
            ("spec", "rules", 0, "filters", 0, "requestMirror", "backendRef", "name"), "m", "a", 1,
            ("spec", "rules", 0, "filters", 0, "requestMirror", "backendRef", "port"),
        )],
    ),
    (
        {"backendRefs": [{"name": "s", "filters": [{}, MIRROR]}]},
        [
            Backend((*REFS, "name"), "s", "a", None, (*REFS, "port")),
            Backend(
                (*REFS, "filters", 1, "requestMirror", "backendRef", "name"), "m", "a", 1,
                (*REFS, "filters", 1, "requestMirror", "backendRef", "port"),
            ),
        ],
    ),
    ({"backendRefs": [{"name": None}, {}, None], "filters": [{"requestMirror": None}]}, []),
    ({"backendRefs": None}, []),
])  # fmt: skip
@pytest.mark.parametrize("kind", ["HTTPRoute", "GRPCRoute", "TLSRoute", "TCPRoute", "UDPRoute"])
def test_route(kind: str, rule: dict[str, Any], expected: list[Backend]) -> None:
    route = manifest("gateway.networking.k8s.io/v1", kind, {"rules": [rule]}, namespace="a")
    assert list(backends(route)) == expected


def to(host: object) -> dict[str, Any]:
    return {"host": host, "port": {"number": 80}}


@pytest.mark.parametrize(("spec", "where"), [
    ({"http": [{"route": [{"destination": to("s")}]}]}, ("http", 0, "route", 0, "destination")),
    ({"tls": [{"route": [None, {"destination": to("s")}]}]}, ("tls", 0, "route", 1, "destination")),
    ({"tcp": [{"route": [{"destination": to("s.a.svc.cluster.local")}]}]}, ("tcp", 0, "route", 0, "destination")),
    ({"http": [{"mirror": to("s")}]}, ("http", 0, "mirror")),
    ({"http": [{"mirrors": [{"destination": to("s")}]}]}, ("http", 0, "mirrors", 0, "destination")),
])  # fmt: skip
def test_virtual_service(spec: dict[str, Any], where: tuple[str | int, ...]) -> None:
    (found,) = backends(manifest("networking.istio.io/v1", "VirtualService", spec, namespace="a"))
    assert found == Backend(("spec", *where, "host"), "s", "a", 80, ("spec", *where, "port", "number"))
    assert found.is_service


@pytest.mark.parametrize("host", ["elsewhere.example.com", "*.example.com", "", None])
def test_a_virtual_service_may_send_traffic_elsewhere(host: object) -> None:
    spec = {"http": [{"route": [{"destination": to(host)}]}]}
    assert list(backends(manifest("networking.istio.io/v1", "VirtualService", spec))) == []


@pytest.mark.parametrize(("api_version", "kind"), [
    ("v1", "Service"), ("gateway.networking.k8s.io/v1", "Gateway"), ("networking.k8s.io/v1", "NetworkPolicy"),
    ("networking.istio.io/v1", "Gateway"), ("example.com/v1", "Ingress"),
])  # fmt: skip
def test_other_kinds_send_nothing(api_version: str, kind: str) -> None:
    spec = {
        "backend": {"serviceName": "s"},
        "rules": [{"backendRefs": [{"name": "s"}]}],
        "http": [{"route": [{"destination": to("s")}]}],
    }
    assert list(backends(manifest(api_version, kind, spec))) == []


@pytest.mark.parametrize(("host", "service"), [
    ("s", ("a", "s")),
    ("s.b.svc", ("b", "s")),
    ("s.b.svc.cluster.local", ("b", "s")),
    ("s.b", None),
    ("s.example.com", None),
    ("*", None),
    ("*.b.svc", None),
    ("", None),
])  # fmt: skip
def test_service_of_host(host: str, service: tuple[str, str] | None) -> None:
    assert service_of_host(host, "a") == service


@pytest.mark.parametrize(("group", "kind", "expected"), [
    ("", "Service", True), ("", "ConfigMap", False), ("serving.knative.dev", "Service", False),
])  # fmt: skip
def test_is_service(group: str, kind: str, expected: bool) -> None:
    assert Backend((), "s", "a", group=group, kind=kind).is_service is expected
