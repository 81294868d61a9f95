"""When API versions were deprecated and removed."""

from __future__ import annotations

import pytest

from kustodian.kubernetes.api_lifecycle import ApiLifecycle, lifecycle_of, version_text


@pytest.mark.parametrize(("api_version", "kind", "deprecated", "removed", "replacement"), [
    ("extensions/v1beta1", "Deployment", (1, 8), (1, 16), "apps/v1"),
    ("extensions/v1beta1", "Ingress", (1, 14), (1, 22), "networking.k8s.io/v1"),
    ("batch/v1beta1", "CronJob", (1, 21), (1, 25), "batch/v1"),
    ("autoscaling/v2beta2", "HorizontalPodAutoscaler", (1, 23), (1, 26), "autoscaling/v2"),
    ("networking.k8s.io/v1beta1", "IngressClass", (1, 19), (1, 22), "networking.k8s.io/v1"),
    ("networking.k8s.io/v1beta1", "IPAddress", (1, 34), (1, 37), "networking.k8s.io/v1"),
    ("v1", "Endpoints", (1, 33), None, "EndpointSlice of discovery.k8s.io/v1"),
    # Every kind of the version.
    ("resource.k8s.io/v1alpha2", "ResourceClass", (1, 31), (1, 31), "resource.k8s.io/v1 (1.34 and later)"),
])  # fmt: skip
def test_lifecycle(
    api_version: str,
    kind: str,
    deprecated: tuple[int, int],
    removed: tuple[int, int] | None,
    replacement: str,
) -> None:
    assert lifecycle_of(api_version, kind) == ApiLifecycle(deprecated, removed, replacement)


@pytest.mark.parametrize(("api_version", "kind"), [
    ("apps/v1", "Deployment"),
    ("extensions/v1beta1", "StatefulSet"),
    ("batch/v1beta1", "Job"),
    ("v1", "Pod"),
    ("v1", "*"),
    ("example.com/v1beta1", "CronJob"),
    ("", ""),
])  # fmt: skip
def test_versions_without_an_end(api_version: str, kind: str) -> None:
    assert lifecycle_of(api_version, kind) is None


def test_a_policy_v1_budget_differs_from_v1beta1_as_the_replacement_says() -> None:
    budget = lifecycle_of("policy/v1beta1", "PodDisruptionBudget")
    assert budget is not None
    assert "empty selector" in budget.replacement


@pytest.mark.parametrize(("version", "text"), [((1, 22), "1.22"), ((1, 5), "1.5"), ((2, 0), "2.0")])
def test_version_text(version: tuple[int, int], text: str) -> None:
    assert version_text(version) == text
