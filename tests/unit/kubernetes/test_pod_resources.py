"""What a pod asks for after the API server's defaulting."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from kustodian.kubernetes.object_set import ObjectSet
from kustodian.kubernetes.pod_resources import (
    container_limit,
    container_request,
    format_amount,
    limit_defaults,
    limit_range_items,
    pod_amount,
    pod_level,
)
from kustodian.kubernetes.pods.template import PodTemplate
from kustodian.kubernetes.pods.workload import pods_of
from kustodian.model.manifest import Manifest
from tests.unit.kubernetes.builders import manifest, objects

NEW, OLD = (1, 34), (1, 33)


def pod(spec: dict[str, Any]) -> PodTemplate:
    return pods_of(Manifest({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": spec}))[0]


def container(cpu: str, **more: Any) -> dict[str, Any]:
    return {"name": "c", "resources": {"requests": {"cpu": cpu}}, **more}


def test_init_containers_run_before_and_sidecars_beside() -> None:
    template = pod(
        {
            "initContainers": [
                container("3"),
                container("1", restartPolicy="Always"),
                container("4"),
            ],
            "containers": [container("2"), container("1")],
            "overhead": {"cpu": "250m"},
        }
    )
    # Together: 2 + 1 + the sidecar's 1. Starting: 3 alone, then 4 beside the sidecar's 1.
    assert pod_amount(template, "requests", "cpu", NEW) == Fraction(5) + Fraction(1, 4)


def test_limit_is_the_request_where_there_is_none() -> None:
    template = pod({"containers": [{"name": "c", "resources": {"limits": {"memory": "1Gi"}}}]})
    assert pod_amount(template, "requests", "memory", NEW) == 2**30


def test_pod_level_resources_need_the_version_that_reads_them() -> None:
    template = pod({"resources": {"requests": {"cpu": "4"}}, "containers": [container("1")]})
    assert pod_amount(template, "requests", "cpu", NEW) == 4
    assert pod_amount(template, "requests", "cpu", OLD) == 1


def test_limit_range_defaults_are_filled_in_as_by_the_api_server() -> None:
    item = {"type": "Container", "max": {"memory": "4Gi"}, "min": {"cpu": "100m"}, "default": {"cpu": "1"}}
    limit_range = Manifest(
        {"apiVersion": "v1", "kind": "LimitRange", "metadata": {"name": "l"}, "spec": {"limits": [item]}}
    )
    defaults = limit_defaults(ObjectSet([limit_range]), "default")
    assert defaults.limits == {"memory": "4Gi", "cpu": "1"}
    assert defaults.requests == {"memory": "4Gi", "cpu": "1"}
    template = pod({"containers": [{"name": "c"}]})
    assert pod_amount(template, "requests", "memory", NEW, defaults) == 4 * 2**30
    assert pod_amount(template, "limits", "cpu", NEW, defaults) == 1


def limit_range(*items: object, namespace: str = "a", name: str = "l") -> Manifest:
    return manifest("v1", "LimitRange", {"limits": list(items)}, name=name, namespace=namespace)


def test_limit_range_items() -> None:
    pods, containers = {"type": "Pod", "max": {"cpu": "4"}}, {"type": "Container"}
    here, there = limit_range(pods, None, containers), limit_range(containers, namespace="b")
    found = objects(here, there)
    assert limit_range_items(found, "a", "Container") == [(here, 2, containers)]
    assert limit_range_items(found, "a", "Pod") == [(here, 0, pods)]
    assert limit_range_items(found, "b", "Pod") == []
    assert limit_range_items(objects(manifest("v1", "LimitRange")), "default", "Pod") == []


@pytest.mark.parametrize(
    ("item", "limit", "request_"),
    [
        ({"default": {"cpu": "2"}}, "2", "2"),
        ({"default": {"cpu": "2"}, "defaultRequest": {"cpu": "1"}}, "2", "1"),
        ({"max": {"cpu": "4"}}, "4", "4"),
        ({"max": {"cpu": "4"}, "default": {"cpu": "2"}}, "2", "2"),
        ({"min": {"cpu": "1"}}, None, "1"),
        ({"min": {"cpu": "1"}, "default": {"cpu": "2"}}, "2", "2"),
        ({"min": {"cpu": "1"}, "defaultRequest": {"cpu": "2"}}, None, "2"),
        ({"default": None}, None, None),
    ],
)
def test_limit_defaults(item: dict[str, Any], limit: str | None, request_: str | None) -> None:
    owner = limit_range({"type": "Container", **item})
    defaults = limit_defaults(objects(owner), "a")
    assert (defaults.limits.get("cpu"), defaults.requests.get("cpu")) == (limit, request_)
    assert (defaults.sources.get(("limits", "cpu")) is owner) is (limit is not None)
    assert (defaults.sources.get(("requests", "cpu")) is owner) is (request_ is not None)


def test_the_first_limit_range_with_a_default_decides() -> None:
    first = limit_range({"type": "Container", "default": {"cpu": "1"}}, name="first")
    second = limit_range({"type": "Container", "default": {"cpu": "2", "memory": "1Gi"}}, name="second")
    defaults = limit_defaults(objects(first, second), "a")
    assert defaults.limits == {"cpu": "1", "memory": "1Gi"}
    assert defaults.sources["limits", "cpu"] is first
    assert defaults.sources["limits", "memory"] is second
    assert limit_defaults(objects(first), "b").limits == {}


@pytest.mark.parametrize(
    ("resources", "limit", "request_"),
    [
        (None, 8, 4),
        ({"limits": {"cpu": "2"}}, 2, 2),
        ({"requests": {"cpu": "1"}}, 8, 1),
        ({"limits": {"cpu": "2"}, "requests": {"cpu": "1"}}, 2, 1),
        ({"limits": {"cpu": "2"}, "requests": {"cpu": None}}, 2, 2),
        ({"limits": {"cpu": 0}}, 0, 0),
        ({"limits": {"cpu": "two"}}, None, None),
        ({"limits": [], "requests": "1"}, 8, 4),
    ],
)
def test_a_container_with_the_defaults_of_its_namespace(
    resources: object, limit: int | None, request_: int | None
) -> None:
    item = {"type": "Container", "default": {"cpu": "8"}, "defaultRequest": {"cpu": "4"}}
    defaults = limit_defaults(objects(limit_range(item)), "a")
    (found,) = pod({"containers": [{"name": "c", "resources": resources}]}).containers
    assert container_limit(found, "cpu", defaults) == limit
    assert container_request(found, "cpu", defaults) == request_


def test_a_container_without_resources_or_defaults_has_neither() -> None:
    (found,) = pod({"containers": [{"name": "c"}]}).containers
    assert container_limit(found, "cpu") is container_request(found, "cpu") is None


@pytest.mark.parametrize(
    ("resources", "side", "version", "expected"),
    [
        ({"requests": {"cpu": "4"}}, "requests", NEW, 4),
        ({"requests": {"cpu": "4"}}, "requests", OLD, None),
        ({"requests": {"cpu": "4"}}, "limits", NEW, None),
        ({"limits": {"cpu": "4"}}, "limits", NEW, 4),
        ({"limits": {"cpu": "4"}}, "requests", NEW, 4),
        ({"limits": {"memory": "1Gi"}}, "requests", NEW, None),
        (None, "requests", NEW, None),
    ],
)
def test_pod_level(resources: object, side: Any, version: tuple[int, int], expected: int | None) -> None:
    assert pod_level(pod({"resources": resources}), side, "cpu", version) == expected


def test_overhead_comes_on_top_of_pod_level_resources_and_ephemeral_containers_count_nothing() -> None:
    template = pod(
        {"resources": {"requests": {"cpu": "4"}}, "overhead": {"cpu": "1"}, "containers": [container("9")]}
    )
    assert pod_amount(template, "requests", "cpu", NEW) == 5
    debugged = pod({"containers": [container("1")], "ephemeralContainers": [container("9")]})
    assert pod_amount(debugged, "requests", "cpu", NEW) == 1
    assert pod_amount(pod({"containers": None}), "requests", "cpu", NEW) == 0


@pytest.mark.parametrize(
    ("amount", "resource", "expected"),
    [
        (Fraction(0), "memory", "0"),
        (Fraction(2**20), "limits.ephemeral-storage", "1Mi"),
        (Fraction(1536), "storage", "1.5Ki"),
        (Fraction(2**30), "hugepages-2Mi", "1Gi"),
        (Fraction(0), "cpu", "0"),
        (Fraction(3, 2) * 2**30, "memory", "1.5Gi"),
        (Fraction(512), "requests.memory", "512"),
        (Fraction(3, 2), "cpu", "1500m"),
        (Fraction(12), "cpu", "12"),
        (Fraction(2, 7), "nvidia.com/gpu", "0.29"),
    ],
)
def test_format_amount(amount: Fraction, resource: str, expected: str) -> None:
    assert format_amount(amount, resource) == expected
