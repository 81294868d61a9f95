"""What a pod asks for after the API server's defaulting."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from kustodian.kubernetes.object_set import ObjectSet
from kustodian.kubernetes.pod_resources import format_amount, limit_defaults, pod_amount
from kustodian.kubernetes.pods.template import PodTemplate
from kustodian.kubernetes.pods.workload import pods_of
from kustodian.kubernetes.quota import amount_per_pod, covers, resource_of
from kustodian.model.manifest import Manifest

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


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("cpu", ("requests", "cpu")),
        ("requests.memory", ("requests", "memory")),
        ("limits.ephemeral-storage", ("limits", "ephemeral-storage")),
        ("requests.nvidia.com/gpu", ("requests", "nvidia.com/gpu")),
        ("requests.hugepages-2Mi", ("requests", "hugepages-2Mi")),
        ("count/pods", ("requests", "pods")),
        ("limits.nvidia.com/gpu", None),
        ("requests.storage", None),
        ("persistentvolumeclaims", None),
        ("count/deployments.apps", None),
        ("gold.storageclass.storage.k8s.io/requests.storage", None),
    ],
)
def test_quota_keys(key: str, expected: tuple[str, str] | None) -> None:
    assert resource_of(key) == expected


def quota(spec: dict[str, Any]) -> Manifest:
    return Manifest({"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "q"}, "spec": spec})


def priority(operator: str, *values: str) -> dict[str, Any]:
    expression = {"scopeName": "PriorityClass", "operator": operator, "values": list(values)}
    return {"scopeSelector": {"matchExpressions": [expression]}}


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({}, True),
        ({"scopes": ["NotTerminating", "NotBestEffort"]}, True),
        ({"scopes": ["Terminating"]}, False),
        ({"scopes": ["BestEffort"]}, False),
        ({"scopes": ["CrossNamespacePodAffinity"]}, False),
        (priority("In", "high"), True),
        (priority("NotIn", "high"), False),
        (priority("Exists"), True),
        (priority("DoesNotExist"), False),
    ],
)
def test_quota_scopes(spec: dict[str, Any], expected: bool) -> None:
    template = pod({"priorityClassName": "high", "containers": [container("1")]})
    assert covers(quota(spec), template, NEW) is expected


def test_a_pod_is_one_pod() -> None:
    assert amount_per_pod("pods", pod({"containers": [container("1")]}), NEW) == 1


@pytest.mark.parametrize(
    ("amount", "resource", "expected"),
    [
        (Fraction(3, 2) * 2**30, "memory", "1.5Gi"),
        (Fraction(512), "requests.memory", "512"),
        (Fraction(3, 2), "cpu", "1500m"),
        (Fraction(12), "cpu", "12"),
        (Fraction(2, 7), "nvidia.com/gpu", "0.29"),
    ],
)
def test_format_amount(amount: Fraction, resource: str, expected: str) -> None:
    assert format_amount(amount, resource) == expected
