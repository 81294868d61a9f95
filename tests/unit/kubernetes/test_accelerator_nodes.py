"""Tolerations and node labels of pods with accelerators."""

from __future__ import annotations

from typing import Any

import pytest

from kustodian.kubernetes.accelerators import (
    GKE_LABELS,
    VENDORS,
    accelerator_tolerations,
    node_label_keys,
    required_node_labels,
    selects_nodes,
    tolerates,
)
from kustodian.kubernetes.pods.template import PodTemplate
from tests.unit.kubernetes.builders import pod


def test_alternatives_of_an_affinity_must_all_ask_for_a_label() -> None:
    def term(*keys: str) -> dict[str, Any]:
        return {"matchExpressions": [{"key": key, "operator": "Exists"} for key in keys]}

    required = {"nodeSelectorTerms": [term("a", "b"), term("b", "c")]}
    affinity = {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": required}}
    spec = {"nodeSelector": {"d": "1"}, "affinity": affinity, "containers": [{"name": "c"}]}
    assert node_label_keys(pod(**spec)) == {"b", "d"}


def vendors(*names: str) -> list[Any]:
    return [vendor for vendor in VENDORS if vendor.name in names]


@pytest.mark.parametrize(
    ("toleration", "expected"),
    [
        ({"key": "nvidia.com/gpu", "operator": "Exists"}, True),
        ({"key": "nvidia.com/gpu", "effect": "NoSchedule"}, True),
        ({"key": "nvidia.com/gpu", "effect": "PreferNoSchedule"}, False),
        ({"key": "amd.com/gpu"}, False),
        ({"operator": "Exists"}, True),
        ({"operator": "Equal"}, False),
        ({"key": "sku", "value": "gpu"}, True),
        ({"key": "dedicated"}, True),
        ({"key": "example.com/gpu-pool"}, True),
        ({"key": "pool", "value": "gpu-large"}, True),
        ({"key": "pool", "value": "cpu"}, False),
        ({"key": "amd.com/gpu", "value": "gpu"}, False),
        ({"key": "node.kubernetes.io/not-ready"}, False),
        ({}, False),
    ],
)
def test_tolerates(toleration: dict[str, Any], expected: bool) -> None:
    assert tolerates(pod(tolerations=[None, toleration]), vendors("NVIDIA")) is expected
    assert not tolerates(pod(tolerations=None), vendors("NVIDIA"))


def test_a_taint_without_gpu_in_its_name() -> None:
    assert tolerates(pod(tolerations=[{"key": "google.com/tpu"}]), vendors("Google TPU"))
    assert not tolerates(pod(tolerations=[{"key": "google.com/tpu"}]), vendors("NVIDIA"))


def test_tolerations_only_for_accelerators() -> None:
    keys = ["nvidia.com/gpu", "pool", "gpu", "sku", "google.com/tpu"]
    tolerations = [{"key": key, "value": "gpu" if key == "sku" else "x"} for key in keys]
    template = pod(tolerations=[*tolerations, {"operator": "Exists"}, None])
    assert list(accelerator_tolerations(template)) == [
        (0, "nvidia.com/gpu"),
        (2, "gpu"),
        (3, "sku"),
        (4, "google.com/tpu"),
    ]


def on_nodes(*terms: list[dict[str, Any]], selector: object = None) -> PodTemplate:
    required = {"nodeSelectorTerms": [{"matchExpressions": term} for term in terms]}
    affinity = {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": required}}
    return pod(affinity=affinity, nodeSelector=selector)


def expression(key: str, operator: str = "In", *values: str) -> dict[str, Any]:
    return {"key": key, "operator": operator, "values": list(values)}


def test_node_label_keys_leave_out_what_a_node_must_not_carry() -> None:
    absent, other = expression("a", "DoesNotExist"), expression("b", "NotIn", "x")
    assert node_label_keys(on_nodes([absent, other, expression("c", "Exists")])) == {"c"}
    assert node_label_keys(pod(nodeSelector=None, affinity="x")) == set()


@pytest.mark.parametrize(
    ("terms", "labels"),
    [
        ([[expression("a", "In", "x")]], {"a": "x"}),
        ([[expression("a", "In", "x"), expression("b", "In", "y")]], {"a": "x", "b": "y"}),
        ([[expression("a", "In", "x", "y")]], {}),
        ([[expression("a", "NotIn", "x")]], {}),
        ([[expression("a", "In", "x")], [expression("a", "In", "x")]], {}),
        ([], {}),
    ],
)
def test_required_node_labels(terms: list[list[dict[str, Any]]], labels: dict[str, str]) -> None:
    assert required_node_labels(on_nodes(*terms)) == labels


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        ({"nvidia.com/gpu.product": "H100"}, True),
        ({"cloud.google.com/gke-accelerator": "nvidia-l4"}, True),
        ({"pool": "gpu"}, True),
        ({"karpenter.k8s.aws/instance-gpu-name": "l4"}, True),  # AMD's nodes have this label too
        ({"amd.com/gpu.family": "x"}, False),
        ({"kubernetes.io/arch": "amd64", "topology.kubernetes.io/zone": "a"}, False),
        ({"kubernetes.io/os": "linux", "pool": "gpu"}, True),
        ({}, False),
        (None, False),
    ],
)
def test_selects_nodes(selector: object, expected: bool) -> None:
    assert selects_nodes(pod(nodeSelector=selector), vendors("NVIDIA")) is expected


@pytest.mark.parametrize(
    ("label", "expected"),
    [
        ("cloud.google.com/gke-accelerator", True),
        ("cloud.google.com/gke-tpu-accelerator", True),
        ("cloud.google.com/gke-nodepool", False),
    ],
)
def test_labels_for_which_gke_adds_a_toleration(label: str, expected: bool) -> None:
    assert bool(GKE_LABELS.fullmatch(label)) is expected
