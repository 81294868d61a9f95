"""Accelerators: names, shares of devices, claims, taints and node labels."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from kustodian.kubernetes.accelerators import (
    accelerator_class,
    claim_devices,
    claims_accelerator,
    device_share,
    is_accelerator,
    is_mig_resource,
    node_label_keys,
)
from kustodian.kubernetes.pods.workload import pods_of
from kustodian.model.manifest import Manifest


@pytest.mark.parametrize(
    "name",
    [
        "nvidia.com/gpu", "nvidia.com/gpu.shared", "nvidia.com/mig-1g.5gb", "amd.com/gpu", "amd.com/cpx_nps4",
        "gpu.intel.com/i915", "gpu.intel.com/xe", "aws.amazon.com/neuron", "aws.amazon.com/neuroncore",
        "google.com/tpu", "habana.ai/gaudi",
    ],
)  # fmt: skip
def test_accelerators(name: str) -> None:
    assert is_accelerator(name)


@pytest.mark.parametrize(
    "name",
    [
        "cpu", "memory", "nvidia.com/gpumem", "nvidia.com/gpucores", "gpu.intel.com/i915_monitoring",
        "gpu.intel.com/millicores", "example.com/gpu", "rdma/hca", 3, None,
    ],
)  # fmt: skip
def test_no_accelerators(name: object) -> None:
    assert not is_accelerator(name)


@pytest.mark.parametrize(
    ("resource", "share"),
    [
        ("nvidia.com/gpu", Fraction(1)),
        ("nvidia.com/mig-1g.10gb", Fraction(1, 7)),
        ("nvidia.com/mig-3g.40gb", Fraction(3, 7)),
        ("nvidia.com/mig-7g.80gb", Fraction(1)),
        ("nvidia.com/mig-2g.12gb", Fraction(1, 2)),
        ("nvidia.com/mig-1g.12gb", Fraction(1, 7)),
        ("nvidia.com/mig-1g.10gb.me", Fraction(1, 7)),
        ("nvidia.com/gpu.shared", Fraction(0)),
        ("amd.com/cpx_nps4", Fraction(1, 8)),
        ("aws.amazon.com/neuroncore", Fraction(1, 2)),
    ],
)
def test_device_share(resource: str, share: Fraction) -> None:
    assert device_share(resource) == share


def test_mig_names() -> None:
    assert is_mig_resource("nvidia.com/mig-1c.2g.10gb")
    assert not is_mig_resource("nvidia.com/mig-1g10gb")


@pytest.mark.parametrize(
    ("requests", "expected"),
    [
        ([{"name": "a", "exactly": {"deviceClassName": "gpu.nvidia.com"}}], Fraction(1)),
        ([{"name": "a", "exactly": {"deviceClassName": "gpu.nvidia.com", "count": 4}}], Fraction(4)),
        ([{"name": "a", "deviceClassName": "gpu.amd.com", "count": 2}], Fraction(2)),
        ([{"name": "a", "exactly": {"deviceClassName": "nic.example.com", "count": 8}}], Fraction(0)),
        (
            [
                {
                    "name": "a",
                    "exactly": {
                        "deviceClassName": "mig.nvidia.com",
                        "selectors": [
                            {
                                "cel": {
                                    "expression": "device.attributes['gpu.nvidia.com'].profile == '3g.40gb'"
                                }
                            }
                        ],
                    },
                }
            ],
            Fraction(3, 7),
        ),
        (
            [
                {
                    "name": "a",
                    "firstAvailable": [
                        {"name": "x", "deviceClassName": "gpu.nvidia.com", "count": 1},
                        {"name": "y", "deviceClassName": "gpu.nvidia.com", "count": 2},
                    ],
                }
            ],
            Fraction(2),
        ),
    ],
)
def test_claim_devices(requests: list[dict[str, Any]], expected: Fraction) -> None:
    assert claim_devices({"devices": {"requests": requests}}) == expected


def test_device_classes() -> None:
    assert accelerator_class("mig.nvidia.com")
    assert not accelerator_class("dranet.example.com")


def workload(spec: dict[str, Any], kind: str = "Deployment") -> Manifest:
    group = "batch/v1" if kind == "Job" else "apps/v1"
    return Manifest(
        {"apiVersion": group, "kind": kind, "metadata": {"name": "m"}, "spec": {"template": {"spec": spec}}}
    )


@pytest.mark.parametrize(
    ("name", "expected"),
    [("gpu", True), ("gpus", True), ("mig-slice", True), ("migration", False), ("nic", False)],
)
def test_claim_names(name: str, expected: bool) -> None:
    spec = {"resourceClaims": [{"name": name, "resourceClaimName": "x"}], "containers": [{"name": "c"}]}
    assert claims_accelerator(pods_of(workload(spec))[0]) is expected


def test_alternatives_of_an_affinity_must_all_ask_for_a_label() -> None:
    def term(*keys: str) -> dict[str, Any]:
        return {"matchExpressions": [{"key": key, "operator": "Exists"} for key in keys]}

    required = {"nodeSelectorTerms": [term("a", "b"), term("b", "c")]}
    affinity = {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": required}}
    spec = {"nodeSelector": {"d": "1"}, "affinity": affinity, "containers": [{"name": "c"}]}
    assert node_label_keys(pods_of(workload(spec))[0]) == {"b", "d"}
