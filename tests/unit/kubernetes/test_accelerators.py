"""Accelerators: names, shares of devices, claims, taints and node labels."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from kustodian.kubernetes.accelerators import (
    GKE_LABELS,
    VENDORS,
    accelerator_class,
    accelerator_path,
    accelerator_tolerations,
    claim_devices,
    claims_accelerator,
    container_accelerators,
    device_share,
    devices_per_pod,
    is_accelerator,
    is_mig_resource,
    mig_profile,
    node_label_keys,
    placed_by_others,
    pod_accelerators,
    required_node_labels,
    selects_nodes,
    tolerates,
    uses_claims,
    vendor_of,
)
from kustodian.kubernetes.pods.template import PodTemplate
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


def test_alternatives_of_an_affinity_must_all_ask_for_a_label() -> None:
    def term(*keys: str) -> dict[str, Any]:
        return {"matchExpressions": [{"key": key, "operator": "Exists"} for key in keys]}

    required = {"nodeSelectorTerms": [term("a", "b"), term("b", "c")]}
    affinity = {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": required}}
    spec = {"nodeSelector": {"d": "1"}, "affinity": affinity, "containers": [{"name": "c"}]}
    assert node_label_keys(pods_of(workload(spec))[0]) == {"b", "d"}


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
