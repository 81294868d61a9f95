"""NetworkPolicies: the pods they isolate and the traffic they allow.

Source: Kubernetes API reference v1.34, networking.k8s.io/v1 NetworkPolicy; defaults in
k8s.io/kubernetes pkg/apis/networking/v1/defaults.go (`policyTypes`).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from kustodian.kubernetes.object_set import ObjectSet, namespace_of
from kustodian.kubernetes.pod_selection import may_select
from kustodian.kubernetes.pods.template import PodTemplate
from kustodian.model.json_value import FieldPath, JsonObject, integer, mapping, mappings, sequence, text
from kustodian.model.manifest import Manifest

GROUP = "networking.k8s.io"
Direction = Literal["ingress", "egress"]
DIRECTIONS: tuple[Direction, ...] = ("ingress", "egress")
#: The list of peers in a rule of each direction.
PEERS: dict[Direction, str] = {"ingress": "from", "egress": "to"}
#: Policies of network plugins, which add to what the standard ones allow.
_PLUGIN_POLICIES = (
    ("cilium.io", "CiliumNetworkPolicy", "CiliumClusterwideNetworkPolicy"),
    ("crd.projectcalico.org", "NetworkPolicy", "GlobalNetworkPolicy"),
    ("projectcalico.org", "NetworkPolicy", "GlobalNetworkPolicy"),
    ("policy.networking.k8s.io", "AdminNetworkPolicy", "BaselineAdminNetworkPolicy", "ClusterNetworkPolicy"),
    ("crd.antrea.io", "NetworkPolicy", "ClusterNetworkPolicy"),
)
_CLUSTER_WIDE = ("Clusterwide", "Global", "Admin", "ClusterNetworkPolicy")


@dataclass(frozen=True, eq=False)
class Policy:
    """A NetworkPolicy: the pods it isolates, and the directions in which it isolates them."""

    manifest: Manifest
    namespace: str
    selector: JsonObject
    directions: frozenset[Direction]

    @property
    def selects_all(self) -> bool:
        """Whether it selects every pod of its namespace: an empty or absent podSelector."""
        return not self.selector.get("matchLabels") and not self.selector.get("matchExpressions")

    def selects(self, pod: PodTemplate) -> bool:
        """Whether it may select the pod; no policy applies to pods on the host's network."""
        return (
            namespace_of(pod.owner) == self.namespace and not on_host(pod) and may_select(self.selector, pod)
        )

    def rules(self, direction: Direction) -> Iterator[tuple[FieldPath, JsonObject]]:
        """The allow rules of a direction with their paths; empty if the policy does not isolate it."""
        if direction in self.directions:
            for index, rule in mappings(self.manifest.spec.get(direction)):
                yield ("spec", direction, index), rule


def policies(objects: ObjectSet) -> tuple[Policy, ...]:
    """Every NetworkPolicy of the set, in rendered order."""
    return objects.memoized(_policies)


def _policies(objects: ObjectSet) -> tuple[Policy, ...]:
    return tuple(read_policy(manifest) for manifest in objects.of(GROUP, "NetworkPolicy"))


def read_policy(manifest: Manifest) -> Policy:
    """The policy that a NetworkPolicy object describes, with the API server's default of `policyTypes`."""
    spec = manifest.spec
    types = [word for word in sequence(spec.get("policyTypes")) if isinstance(word, str)]
    if not types:
        types = ["Ingress", "Egress"] if sequence(spec.get("egress")) else ["Ingress"]
    directions: set[Direction] = set()
    if "Ingress" in types:
        directions.add("ingress")
    if "Egress" in types:
        directions.add("egress")
    return Policy(manifest, namespace_of(manifest), mapping(spec.get("podSelector")), frozenset(directions))


def on_host(pod: PodTemplate) -> bool:
    """Whether the pod uses the host's network."""
    return pod.spec.get("hostNetwork") is True


def plugin_policies(objects: ObjectSet, namespace: str) -> list[Manifest]:
    """The policies of a network plugin's own kinds that may apply in a namespace."""
    every = objects.memoized(_plugin_policies)
    return [m for m in every if is_cluster_wide(m) or namespace_of(m) == namespace]


def _plugin_policies(objects: ObjectSet) -> tuple[Manifest, ...]:
    return tuple(m for group, *kinds in _PLUGIN_POLICIES for m in objects.of(group, *kinds))


def is_cluster_wide(manifest: Manifest) -> bool:
    """Whether a policy of a plugin's own kind may apply in every namespace."""
    return any(word in manifest.kind for word in _CLUSTER_WIDE)


def peers(rule: JsonObject, direction: Direction) -> list[tuple[int, JsonObject]]:
    """The peers of a rule, each with its index; empty means everyone, as with an absent or null list."""
    return mappings(rule.get(PEERS[direction]))


def ports(rule: JsonObject) -> list[tuple[int, JsonObject]]:
    """The ports of a rule, each with its index; empty means every port."""
    return mappings(rule.get("ports"))


def allows_port(rule: JsonObject, protocol: str, number: int, names: tuple[str, ...] = ()) -> bool:
    """Whether a rule allows a port; `names` are the names that the destination pod gives it."""
    entries = ports(rule)
    if not entries:
        return True
    for _, entry in entries:
        if text(entry.get("protocol"), "TCP") != protocol:
            continue
        port = entry.get("port")
        first, last = integer(port), integer(entry.get("endPort"))
        if port is None or (isinstance(port, str) and port in names):
            return True
        if first is not None and first <= number <= (last if last is not None else first):
            return True
    return False


def is_everywhere(cidr: object) -> bool:
    """Whether an address block contains every address (IPv4 or IPv6)."""
    network = parse_network(cidr)
    return network is not None and network.prefixlen == 0


def everywhere_in(cidrs: Iterable[object]) -> str:
    """The block of every IPv4 or every IPv6 address, if these blocks have it together; else empty."""
    networks = [network for cidr in cidrs if (network := parse_network(cidr)) is not None]
    four = ipaddress.collapse_addresses(n for n in networks if isinstance(n, ipaddress.IPv4Network))
    six = ipaddress.collapse_addresses(n for n in networks if isinstance(n, ipaddress.IPv6Network))
    if any(network.prefixlen == 0 for network in four):
        return "0.0.0.0/0"
    return "::/0" if any(network.prefixlen == 0 for network in six) else ""


def parse_network(cidr: object) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    """The address block that a CIDR describes, host bits ignored; None if the value is not a CIDR."""
    try:
        return ipaddress.ip_network(text(cidr), strict=False) if text(cidr) else None
    except ValueError:
        return None
