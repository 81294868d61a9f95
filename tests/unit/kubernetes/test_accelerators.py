"""Accelerators: names, shares of devices, and claims."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from kustodian.kubernetes.accelerators import (
    accelerator_class,
    accelerator_path,
    claim_devices,
    claims_accelerator,
    container_accelerators,
    device_share,
    devices_per_pod,
    is_accelerator,
    is_mig_resource,
    mig_profile,
    placed_by_others,
    pod_accelerators,
    uses_claims,
    vendor_of,
)
from kustodian.kubernetes.pods.workload import pods_of
from kustodian.model.manifest import Manifest
from tests.unit.kubernetes.builders import manifest, objects, pod


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
        ([{"name": "a", "exactly": {"deviceClassName": "mig.nvidia.com", "count": 2}}], Fraction(2, 7)),
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


@pytest.mark.parametrize(
    ("resource", "vendor"),
    [
        ("nvidia.com/gpu", "NVIDIA"),
        ("amd.com/gpu", "AMD"),
        ("gpu.intel.com/xe", "Intel"),
        ("aws.amazon.com/neuroncore", "AWS Neuron"),
        ("google.com/tpu", "Google TPU"),
        ("habana.ai/gaudi", "Intel Gaudi"),
        ("nvidia.com/gpu2", None),
        ("", None),
    ],
)
def test_vendor_of(resource: str, vendor: str | None) -> None:
    found = vendor_of(resource)
    assert (None if found is None else found.name) == vendor


@pytest.mark.parametrize(
    ("written", "profile"),
    [
        ("nvidia.com/mig-1g.10gb", "1g.10gb"),
        ("nvidia.com/mig-1c.2g.10gb", "1c.2g.10gb"),
        ("device.attributes['gpu.nvidia.com'].profile == '3g.40gb'", "3g.40gb"),
        ("all-1g.5gb", "1g.5gb"),
        ("nvidia.com/gpu", None),
        ("x1g.5gb", None),
        ("", None),
    ],
)
def test_mig_profile(written: str, profile: str | None) -> None:
    assert mig_profile(written) == profile


def asks(limits: object = None, requests: object = None, **more: Any) -> dict[str, Any]:
    return {"name": "c", "resources": {"limits": limits, "requests": requests}, **more}


@pytest.mark.parametrize(
    ("container", "resources"),
    [
        (asks({"nvidia.com/gpu": 1, "cpu": 1}), ("nvidia.com/gpu",)),
        (asks(None, {"amd.com/gpu": "2"}), ("amd.com/gpu",)),
        (asks({"nvidia.com/gpu": 1}, {"nvidia.com/gpu": 1}), ("nvidia.com/gpu",)),
        (asks({"nvidia.com/gpu": 0}, {"amd.com/gpu": "0"}), ()),
        (asks({"nvidia.com/gpu": "many"}), ("nvidia.com/gpu",)),
        (
            asks({"nvidia.com/mig-1g.5gb": 1, "google.com/tpu": 4}),
            ("nvidia.com/mig-1g.5gb", "google.com/tpu"),
        ),
        (asks([], "x"), ()),
        ({"name": "c", "resources": None}, ()),
    ],
)
def test_container_accelerators(container: dict[str, Any], resources: tuple[str, ...]) -> None:
    template = pod(containers=[container])
    assert container_accelerators(template.containers[0]) == resources
    assert pod_accelerators(template) == sorted(resources)


def test_the_first_place_where_a_pod_asks() -> None:
    template = pod(
        initContainers=[asks()], containers=[asks(None, {"amd.com/gpu": 1}), asks({"nvidia.com/gpu": 1})]
    )
    assert pod_accelerators(template) == ["amd.com/gpu", "nvidia.com/gpu"]
    assert accelerator_path(template) == ("spec", "containers", 0, "resources", "requests", "amd.com/gpu")
    both = pod(containers=[asks({"nvidia.com/gpu": 1}, {"nvidia.com/gpu": 1})])
    assert accelerator_path(both) == ("spec", "containers", 0, "resources", "limits", "nvidia.com/gpu")
    assert accelerator_path(pod()) is None


@pytest.mark.parametrize(
    ("claims", "expected"), [([{"name": "x"}], True), ([], False), (None, False), (["x"], False)]
)
def test_uses_claims(claims: object, expected: bool) -> None:
    assert uses_claims(pod(resourceClaims=claims)) is expected


def test_claims_are_recognised_by_any_of_their_names() -> None:
    assert claims_accelerator(pod(resourceClaims=[{"name": "a", "resourceClaimTemplateName": "one-gpu"}]))
    assert claims_accelerator(
        pod(resourceClaims=[{"name": "a"}, {"name": "b", "resourceClaimName": "tpu-v5"}])
    )
    assert not claims_accelerator(pod(resourceClaims=None))


@pytest.mark.parametrize(
    ("owner_labels", "pod_labels", "node", "expected"),
    [
        ({}, {}, None, False),
        ({"kueue.x-k8s.io/queue-name": "q"}, {}, None, True),
        ({}, {"kueue.x-k8s.io/queue-name": "q"}, None, True),
        ({}, {}, "node-1", True),
        ({}, {}, "", False),
    ],
)
def test_placed_by_others(
    owner_labels: dict[str, str], pod_labels: dict[str, str], node: object, expected: bool
) -> None:
    spec = {"template": {"metadata": {"labels": pod_labels}, "spec": {"nodeName": node}}}
    (template,) = pods_of(manifest("batch/v1", "Job", spec, labels=owner_labels))
    assert placed_by_others(template) is expected


def claim_template(name: str, devices: object) -> Manifest:
    return manifest("resource.k8s.io/v1", "ResourceClaimTemplate", {"spec": {"devices": devices}}, name=name)


def test_devices_per_pod() -> None:
    gpus = {"requests": [{"name": "a", "exactly": {"deviceClassName": "gpu.nvidia.com", "count": 2}}]}
    overlay = objects(claim_template("two", gpus), claim_template("other", None))

    def devices(*containers: dict[str, Any], claims: object = None) -> Fraction:
        return devices_per_pod(pod(containers=list(containers), resourceClaims=claims), overlay)

    assert devices() == 0
    assert devices(asks({"nvidia.com/gpu": 2}), asks({"nvidia.com/mig-1g.10gb": 3})) == Fraction(17, 7)
    assert devices(claims=[{"name": "a", "resourceClaimTemplateName": "two"}]) == 2
    assert (
        devices(asks({"nvidia.com/gpu": 1}), claims=[{"name": "a", "resourceClaimTemplateName": "two"}]) == 3
    )
    assert (
        devices(
            claims=[
                {"name": "a", "resourceClaimTemplateName": "other"},
                {"name": "b", "resourceClaimName": "two"},
                {},
            ]
        )
        == 0
    )
    assert devices(claims=[{"name": "a", "resourceClaimTemplateName": "absent"}]) == 0


@pytest.mark.parametrize(
    "spec", [{}, {"devices": None}, {"devices": {"requests": None}}, {"devices": {"requests": [None, {}]}}]
)
def test_a_claim_without_requests(spec: dict[str, Any]) -> None:
    assert claim_devices(spec) == 0
