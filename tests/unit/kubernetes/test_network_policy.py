"""NetworkPolicies: whom they select, which directions they isolate, what their rules allow."""

from __future__ import annotations

from typing import Any

import pytest

from kustodian.kubernetes.network_policy import (
    allows_port,
    is_cluster_wide,
    is_everywhere,
    on_host,
    parse_network,
    peers,
    plugin_policies,
    policies,
    ports,
    read_policy,
)
from kustodian.kubernetes.pods.workload import pods_of
from kustodian.model.manifest import Manifest
from tests.unit.kubernetes.builders import deployment, manifest, objects, pod


def policy(spec: object, namespace: str = "a", name: str = "p") -> Manifest:
    return manifest("networking.k8s.io/v1", "NetworkPolicy", spec, name=name, namespace=namespace)


@pytest.mark.parametrize(("spec", "directions"), [
    ({}, {"ingress"}),
    ({"ingress": [{}]}, {"ingress"}),
    ({"egress": [{}]}, {"ingress", "egress"}),
    ({"egress": []}, {"ingress"}),
    ({"egress": None}, {"ingress"}),
    ({"policyTypes": ["Egress"]}, {"egress"}),
    ({"policyTypes": ["Egress"], "ingress": [{}]}, {"egress"}),
    ({"policyTypes": ["Ingress", "Egress"]}, {"ingress", "egress"}),
    ({"policyTypes": ["Ingress"], "egress": [{}]}, {"ingress"}),
    ({"policyTypes": []}, {"ingress"}),
    ({"policyTypes": None}, {"ingress"}),
    ({"policyTypes": ["Sideways"]}, set()),
    (None, {"ingress"}),
])  # fmt: skip
def test_directions_default_as_in_the_api_server(spec: object, directions: set[str]) -> None:
    assert read_policy(policy(spec)).directions == directions


@pytest.mark.parametrize(("selector", "everything"), [
    ({}, True),
    (None, True),
    ({"matchLabels": {}, "matchExpressions": []}, True),
    ({"matchLabels": {"app": "x"}}, False),
    ({"matchExpressions": [{"key": "app", "operator": "Exists"}]}, False),
])  # fmt: skip
def test_selects_all(selector: object, everything: bool) -> None:
    assert read_policy(policy({"podSelector": selector})).selects_all is everything


def test_selects() -> None:
    def selects(selector: object, workload: Manifest) -> bool:
        return read_policy(policy({"podSelector": selector})).selects(pods_of(workload)[0])

    labelled = {"app": "x"}
    assert selects({}, deployment("d", "a"))
    assert selects({"matchLabels": labelled}, deployment("d", "a", labelled))
    assert not selects({"matchLabels": labelled}, deployment("d", "a"))
    assert not selects({}, deployment("d", "b"))
    assert not selects({}, deployment("d", "a", hostNetwork=True)), (
        "the host's network is outside of every policy"
    )


def test_rules_only_of_directions_that_apply() -> None:
    spec = {"policyTypes": ["Ingress"], "ingress": [{"ports": []}, None, {"from": []}], "egress": [{}]}
    read = read_policy(policy(spec))
    assert list(read.rules("ingress")) == [
        (("spec", "ingress", 0), {"ports": []}),
        (("spec", "ingress", 2), {"from": []}),
    ]
    assert list(read.rules("egress")) == []


def test_policies_of_a_set() -> None:
    standard = policy({})
    calico = manifest("crd.projectcalico.org/v1", "NetworkPolicy")
    (found,) = policies(objects(standard, calico))
    assert (found.manifest, found.namespace) == (standard, "a")
    assert policies(objects()) == ()


@pytest.mark.parametrize(
    ("value", "expected"), [(True, True), (False, False), ("true", False), (None, False)]
)
def test_on_host(value: object, expected: bool) -> None:
    assert on_host(pod(hostNetwork=value)) is expected


@pytest.mark.parametrize(("version", "kind", "cluster_wide"), [
    ("cilium.io/v2", "CiliumNetworkPolicy", False),
    ("cilium.io/v2", "CiliumClusterwideNetworkPolicy", True),
    ("crd.projectcalico.org/v1", "NetworkPolicy", False),
    ("crd.projectcalico.org/v1", "GlobalNetworkPolicy", True),
    ("projectcalico.org/v3", "NetworkPolicy", False),
    ("projectcalico.org/v3", "GlobalNetworkPolicy", True),
    ("policy.networking.k8s.io/v1alpha1", "AdminNetworkPolicy", True),
    ("policy.networking.k8s.io/v1alpha1", "BaselineAdminNetworkPolicy", True),
    ("crd.antrea.io/v1beta1", "NetworkPolicy", False),
    ("crd.antrea.io/v1beta1", "ClusterNetworkPolicy", True),
])  # fmt: skip
def test_policies_of_network_plugins(version: str, kind: str, cluster_wide: bool) -> None:
    found = manifest(version, kind, namespace="a")
    assert is_cluster_wide(found) is cluster_wide
    assert plugin_policies(objects(found), "a") == [found]
    assert plugin_policies(objects(found), "b") == ([found] if cluster_wide else [])


def test_a_standard_policy_is_not_a_plugins() -> None:
    assert plugin_policies(objects(policy({})), "a") == []


def test_peers_and_ports_of_a_rule() -> None:
    rule = {"from": [{"podSelector": {}}, None], "to": [{"ipBlock": {}}], "ports": ["x", {"port": 1}]}
    assert peers(rule, "ingress") == [(0, {"podSelector": {}})]
    assert peers(rule, "egress") == [(0, {"ipBlock": {}})]
    assert ports(rule) == [(1, {"port": 1})]
    assert peers({"from": None}, "ingress") == peers({}, "ingress") == ports({}) == []


@pytest.mark.parametrize(("entries", "protocol", "number", "allowed"), [
    (None, "TCP", 80, True),
    ([], "TCP", 80, True),
    ([{"port": 80}], "TCP", 80, True),
    ([{"port": 80}], "TCP", 81, False),
    ([{"port": 80}], "UDP", 80, False),
    ([{"port": 53, "protocol": "UDP"}], "UDP", 53, True),
    ([{"protocol": "TCP"}], "TCP", 80, True),
    ([{"protocol": "UDP"}], "TCP", 80, False),
    ([{"port": None}], "TCP", 80, True),
    ([{"port": 80, "endPort": 90}], "TCP", 85, True),
    ([{"port": 80, "endPort": 90}], "TCP", 90, True),
    ([{"port": 80, "endPort": 90}], "TCP", 91, False),
    ([{"port": 80, "endPort": 90}], "TCP", 79, False),
    ([{"port": "http"}], "TCP", 80, True),
    ([{"port": "https"}], "TCP", 80, False),
    ([{"port": 1}, {"port": 80}], "TCP", 80, True),
    ([{"port": True}], "TCP", 1, False),
])  # fmt: skip
def test_allows_port(entries: Any, protocol: str, number: int, allowed: bool) -> None:
    assert allows_port({"ports": entries}, protocol, number, ("http",)) is allowed


@pytest.mark.parametrize(("cidr", "network", "everywhere"), [
    ("0.0.0.0/0", "0.0.0.0/0", True),
    ("::/0", "::/0", True),
    ("10.0.0.0/8", "10.0.0.0/8", False),
    ("10.1.2.3/8", "10.0.0.0/8", False),
    ("10.1.2.3", "10.1.2.3/32", False),
    ("0.0.0.0", "0.0.0.0/32", False),
    ("10.0.0.0/33", None, False),
    ("everywhere", None, False),
    ("", None, False),
    (0, None, False),
    (None, None, False),
])  # fmt: skip
def test_address_blocks(cidr: object, network: str | None, everywhere: bool) -> None:
    parsed = parse_network(cidr)
    assert (None if parsed is None else str(parsed)) == network
    assert is_everywhere(cidr) is everywhere
