"""ResourceQuotas: their keys, the pods they cover, what each pod counts for."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from kustodian.kubernetes.pod_resources import limit_defaults
from kustodian.kubernetes.quota import amount_per_pod, covers, hard_limits, quotas_in, resource_of
from kustodian.model.manifest import Manifest
from tests.unit.kubernetes.builders import manifest, objects, pod

NEW = (1, 34)


def container(cpu: str, **more: Any) -> dict[str, Any]:
    return {"name": "c", "resources": {"requests": {"cpu": cpu}}, **more}


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
        ("pods", ("requests", "pods")),
        ("hugepages-2Mi", ("requests", "hugepages-2Mi")),
        ("memory", ("requests", "memory")),
        ("limits.hugepages-2Mi", None),
        ("", None),
        ("gold.storageclass.storage.k8s.io/requests.storage", None),
    ],
)
def test_quota_keys(key: str, expected: tuple[str, str] | None) -> None:
    assert resource_of(key) == expected


def quota(spec: object, namespace: str = "") -> Manifest:
    return manifest("v1", "ResourceQuota", spec, name="q", namespace=namespace)


def priority(operator: str, *values: str) -> dict[str, Any]:
    return scoped("PriorityClass", operator, *values)


def scoped(name: str, operator: str, *values: str) -> dict[str, Any]:
    expression = {"scopeName": name, "operator": operator, "values": list(values)}
    return {"scopeSelector": {"matchExpressions": [expression]}}


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({}, True),
        (None, True),
        ({"scopes": None, "scopeSelector": None}, True),
        ({"scopes": ["NotTerminating", "NotBestEffort"]}, True),
        ({"scopes": ["Terminating"]}, False),
        ({"scopes": ["BestEffort"]}, False),
        ({"scopes": ["NotTerminating", "BestEffort"]}, False),
        ({"scopes": ["CrossNamespacePodAffinity"]}, False),
        ({"scopes": ["PriorityClass"]}, True),
        ({"scopes": ["Unheard"]}, False),
        ({"scopes": [None]}, False),
        (priority("In", "high"), True),
        (priority("In", "low"), False),
        (priority("NotIn", "high"), False),
        (priority("NotIn", "low"), True),
        (priority("Exists"), True),
        (priority("DoesNotExist"), False),
        (priority("Equals", "high"), False),
        (scoped("NotBestEffort", "Exists"), True),
        (scoped("Terminating", "Exists"), False),
        ({"scopes": ["Terminating"], **priority("In", "high")}, False),
    ],
)
def test_scopes(spec: object, expected: bool) -> None:
    template = pod(priorityClassName="high", containers=[container("1")])
    assert covers(quota(spec), template, NEW) is expected


def test_scopes_of_another_pod() -> None:
    template = pod(activeDeadlineSeconds=60)
    assert covers(quota({"scopes": ["Terminating", "BestEffort"]}), template, NEW)
    assert not covers(quota({"scopes": ["NotTerminating"]}), template, NEW)
    assert not covers(quota({"scopes": ["NotBestEffort"]}), template, NEW)
    assert not covers(quota(priority("Exists")), template, NEW)
    assert covers(quota(priority("DoesNotExist")), template, NEW)


def test_the_defaults_of_the_namespace_decide_what_is_best_effort() -> None:
    limits = [{"type": "Container", "default": {"memory": "1Gi"}}]
    defaults = limit_defaults(objects(manifest("v1", "LimitRange", {"limits": limits})), "default")
    best_effort = quota({"scopes": ["BestEffort"]})
    assert covers(best_effort, pod(), NEW)
    assert not covers(best_effort, pod(), NEW, defaults)


@pytest.mark.parametrize(
    ("affinity", "expected"),
    [
        ({"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [{"namespaces": ["x"]}]}}, True),
        (
            {
                "podAntiAffinity": {
                    "requiredDuringSchedulingIgnoredDuringExecution": [{"namespaceSelector": {}}]
                }
            },
            True,
        ),
        (
            {
                "podAffinity": {
                    "preferredDuringSchedulingIgnoredDuringExecution": [
                        {"podAffinityTerm": {"namespaces": ["x"]}}
                    ]
                }
            },
            True,
        ),
        ({"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [{"namespaces": []}]}}, False),
        (
            {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [{"namespaces": ["x"]}]}},
            False,
        ),
        (None, False),
    ],
)
def test_affinity_to_pods_of_other_namespaces(affinity: object, expected: bool) -> None:
    assert covers(quota({"scopes": ["CrossNamespacePodAffinity"]}), pod(affinity=affinity), NEW) is expected


def test_quotas_of_a_namespace() -> None:
    here, there = quota({}, "a"), quota({}, "b")
    found = objects(there, here, manifest("v1", "LimitRange", namespace="a"))
    assert quotas_in(found, "a") == [here]
    assert quotas_in(found, "default") == []


def test_hard_limits_have_the_readable_entries_that_count_pods_or_their_resources() -> None:
    hard = {
        "requests.cpu": "1500m", "pods": 4, "limits.memory": "many", "cpu": None, "services": "3",
        "requests.nvidia.com/gpu": "2", "requests.storage": "1Gi",
    }  # fmt: skip
    assert list(hard_limits(quota({"hard": hard}))) == [
        ("requests.cpu", Fraction(3, 2), "1500m"),
        ("pods", Fraction(4), 4),
        ("requests.nvidia.com/gpu", Fraction(2), "2"),
    ]
    assert list(hard_limits(quota({"hard": None}))) == []


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("pods", 1),
        ("count/pods", 1),
        ("cpu", 1),
        ("requests.cpu", 1),
        ("limits.cpu", 2),
        ("requests.nvidia.com/gpu", 4),
        ("requests.memory", 0),
        ("services", 0),
    ],
)
def test_amount_per_pod(key: str, expected: int) -> None:
    resources = {"requests": {"cpu": "1"}, "limits": {"cpu": "2", "nvidia.com/gpu": 4}}
    template = pod(containers=[{"name": "c", "resources": resources}])
    assert amount_per_pod(key, template, NEW) == expected
