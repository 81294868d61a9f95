"""The pod's egress is restricted and no policy allows DNS, so it cannot resolve any name.

Why: Every connection by name fails with a timeout: model downloads, databases, tracing, even services in the
same namespace.

Fix: Add an egress rule for UDP and TCP 53 to kube-dns (`k8s-app: kube-dns` in kube-system), and to
169.254.20.10/32 where NodeLocal DNSCache runs.

Wrong:
    spec:
      podSelector: {}
      policyTypes: [Egress]

Right:
    spec:
      podSelector: {}
      policyTypes: [Egress]
      egress:
        - to:
            - namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: kube-system}}
              podSelector: {matchLabels: {k8s-app: kube-dns}}
          ports:
            - {protocol: UDP, port: 53}
            - {protocol: TCP, port: 53}

Notes: The rules of all policies that select a pod are combined. TCP is needed too: a client retries over TCP
when an answer does not fit into a datagram. Port 5353 counts as well (OpenShift). Pods with `dnsPolicy: None`
are skipped, and so are pods to which Cilium or Calico policies may apply.

Source: Kubernetes documentation, "Network Policies",
https://kubernetes.io/docs/concepts/services-networking/network-policies/; RFC 7766 (DNS over TCP)
"""

from __future__ import annotations

from collections.abc import Iterator

from kustodian.kubernetes.network_policy import (
    Policy,
    allows_port,
    parse_network,
    peers,
    plugin_policies,
    policies,
)
from kustodian.kubernetes.object_set import ObjectSet, namespace_of
from kustodian.kubernetes.pods.template import PodTemplate
from kustodian.model.json_value import JsonObject, mapping, mappings, sequence, string_map, text
from kustodian.model.measure import members
from kustodian.model.violation import Violation
from kustodian.policy.rule import Context, SetRule, Worse

_PORTS = (53, 5353)
_PORT_NAMES = {"UDP": ("dns",), "TCP": ("dns-tcp", "dns")}
_NAMESPACES = ("kube-system", "openshift-dns")
_NAME_LABEL = "kubernetes.io/metadata.name"
_POD_LABELS = {"k8s-app": ("kube-dns", "coredns", "node-local-dns"), "app": ("coredns", "kube-dns")}


def check(objects: ObjectSet, context: Context) -> Iterator[Violation]:
    """One violation for each policy that leaves pods of the set without DNS."""
    del context
    restricting = [policy for policy in policies(objects) if "egress" in policy.directions]
    blocked: dict[int, tuple[Policy, tuple[str, ...], list[PodTemplate]]] = {}
    for pod in objects.pods:
        selecting = [policy for policy in restricting if policy.selects(pod)]
        if not selecting or pod.spec.get("dnsPolicy") == "None":
            continue
        if plugin_policies(objects, namespace_of(pod.owner)):
            continue
        missing = tuple(protocol for protocol in ("UDP", "TCP") if not _reaches_dns(selecting, protocol))
        if missing:
            # Report a policy that allows something: its author is the one who forgot DNS.
            anchor = next((policy for policy in selecting if list(policy.rules("egress"))), selecting[0])
            blocked.setdefault(id(anchor.manifest), (anchor, missing, []))[2].append(pod)
    for policy, missing, pods in blocked.values():
        owners = dict.fromkeys(f"{pod.owner.kind} {pod.owner.name}" for pod in pods)
        first, *others = owners
        subject = first + (f" and {len(others)} more" if others else "")
        has_rules = bool(list(policy.rules("egress")))
        yield Violation(
            ("spec", "egress") if has_rules else ("spec", "policyTypes"),
            f"egress of {subject} is restricted and DNS over {' and '.join(missing)} is not allowed",
            policy.manifest,
            measure=members(missing),
        )


def _reaches_dns(selecting: list[Policy], protocol: str) -> bool:
    return any(
        _allows(rule, protocol) and _may_include_dns(rule, policy.namespace)
        for policy in selecting
        for _, rule in policy.rules("egress")
    )


def _allows(rule: JsonObject, protocol: str) -> bool:
    return any(allows_port(rule, protocol, number, _PORT_NAMES[protocol]) for number in _PORTS)


def _may_include_dns(rule: JsonObject, namespace: str) -> bool:
    """Whether the peers of a rule may include the cluster's DNS; unknown peers count as a match."""
    entries = peers(rule, "egress")
    return not entries or any(_may_be_dns(peer, namespace) for _, peer in entries)


def _may_be_dns(peer: JsonObject, namespace: str) -> bool:
    block = peer.get("ipBlock")
    if isinstance(block, dict):
        network = parse_network(block.get("cidr"))
        # Service and node addresses are private, so a public block is outside the cluster.
        return network is not None and (network.prefixlen == 0 or network.is_private or network.is_link_local)
    selector = peer.get("namespaceSelector")
    if not isinstance(selector, dict):
        return namespace in _NAMESPACES
    return any(_may_match(selector, {_NAME_LABEL: (name,)}) for name in _NAMESPACES) and (
        not isinstance(peer.get("podSelector"), dict) or _may_match(mapping(peer["podSelector"]), _POD_LABELS)
    )


def _may_match(selector: JsonObject, labels: dict[str, tuple[str, ...]]) -> bool:
    """Whether a selector may match an object with these labels; labels not listed may have any value."""
    for key, value in string_map(selector.get("matchLabels")).items():
        if key in labels and value not in labels[key]:
            return False
    for _, expression in mappings(selector.get("matchExpressions")):
        possible = labels.get(text(expression.get("key")))
        values = sequence(expression.get("values"))
        if possible is None:
            continue
        operator = expression.get("operator")
        if operator == "DoesNotExist" or (operator == "In" and not set(possible) & set(map(str, values))):
            return False
        if operator == "NotIn" and set(possible) <= set(map(str, values)):
            return False
    return True


RULE = SetRule(
    id="egress-blocks-dns",
    topic="network",
    severity="E/E/E",
    check=check,
    doc=__doc__,
    worse=Worse.BY_MEASURE,
    tags=("reliability",),
)
