"""How Services are reached from outside the cluster."""

from __future__ import annotations

import pytest

from kustodian.kubernetes.exposure import INTERNAL, RANGES, exposure, is_internal, source_ranges
from kustodian.model.manifest import Manifest
from tests.unit.kubernetes.builders import manifest


def service(spec: object = None, **annotations: object) -> Manifest:
    return manifest("v1", "Service", spec, annotations=annotations)


@pytest.mark.parametrize(
    ("key", "value"), [(key, value) for key, values in INTERNAL.items() for value in values]
)
def test_annotations_for_a_private_address(key: str, value: str) -> None:
    assert is_internal(service(**{key: value}))
    assert is_internal(service(**{key: value.title()})), "upper case is the same"
    assert not is_internal(service(**{key: "false"}))
    assert not is_internal(service(**{key: True})), "an annotation is a string"


def test_without_an_annotation_it_is_public() -> None:
    assert not is_internal(service())
    assert not is_internal(Manifest({}))


@pytest.mark.parametrize(("spec", "annotation", "ranges"), [
    ({}, None, []),
    ({"loadBalancerSourceRanges": ["10.0.0.0/8", "192.0.2.0/24"]}, None, ["10.0.0.0/8", "192.0.2.0/24"]),
    ({"loadBalancerSourceRanges": ["10.0.0.0/8", "0.0.0.0/0"]}, None, []),
    ({"loadBalancerSourceRanges": ["::/0"]}, None, []),
    ({"loadBalancerSourceRanges": []}, None, []),
    ({"loadBalancerSourceRanges": None}, None, []),
    ({"loadBalancerSourceRanges": [None, "10.0.0.0/8"]}, None, ["10.0.0.0/8"]),
    ({}, "10.0.0.0/8, 192.0.2.0/24", ["10.0.0.0/8", "192.0.2.0/24"]),
    ({}, "10.0.0.0/8,0.0.0.0/0", []),
    ({}, "", []),
    ({"loadBalancerSourceRanges": ["10.0.0.0/8"]}, "0.0.0.0/0", ["10.0.0.0/8"]),
    (None, None, []),
])  # fmt: skip
def test_source_ranges(spec: object, annotation: str | None, ranges: list[str]) -> None:
    annotations = {} if annotation is None else {RANGES: annotation}
    assert source_ranges(service(spec, **annotations)) == ranges


@pytest.mark.parametrize(("spec", "annotations", "phrase"), [
    ({"type": "NodePort"}, {}, "type NodePort opens a port on every node"),
    ({"type": "LoadBalancer"}, {}, "type LoadBalancer accepts clients from any address"),
    ({"type": "LoadBalancer", "loadBalancerSourceRanges": ["0.0.0.0/0"]}, {}, "type LoadBalancer accepts clients from any address"),
    ({"type": "LoadBalancer", "loadBalancerSourceRanges": ["10.0.0.0/8"]}, {}, ""),
    ({"type": "LoadBalancer"}, {"networking.gke.io/load-balancer-type": "Internal"}, ""),
    ({"type": "ClusterIP"}, {}, ""),
    ({"type": None}, {}, ""),
    ({}, {}, ""),
])  # fmt: skip
def test_exposure(spec: object, annotations: dict[str, str], phrase: str) -> None:
    assert exposure(service(spec, **annotations)) == phrase
