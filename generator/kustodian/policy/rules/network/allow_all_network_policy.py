"""The network policy has a rule that allows everyone, which undoes its other rules for that direction.

Why: Rules are additive: with one that allows any peer, the pod is as open as it would be without a policy.

Fix: Name the peers: a `namespaceSelector` with a `podSelector` for peers in the cluster, an `ipBlock` that
excludes (`except`) the cluster's own ranges for peers outside it.

Wrong:
    egress:
      - to:
          - ipBlock: {cidr: 0.0.0.0/0}

Right:
    egress:
      - to:
          - ipBlock:
              cidr: 0.0.0.0/0
              except: [10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, 169.254.0.0/16]
        ports: [{protocol: TCP, port: 443}]

Notes: Three things are reported: a rule without peers and ports, a peer that selects every pod of every
namespace on every port, and 0.0.0.0/0 or ::/0 without exceptions, also in several blocks that together are
all addresses. Rules for port 53 alone are not reported.

Source: Kubernetes documentation, "Allow all ingress traffic",
https://kubernetes.io/docs/concepts/services-networking/network-policies/#allow-all-ingress-traffic; NSA/CISA
Kubernetes Hardening Guide v1.2
"""

from __future__ import annotations

from collections.abc import Iterator

from kustodian.kubernetes.network_policy import (
    GROUP,
    PEERS,
    Policy,
    everywhere_in,
    is_everywhere,
    peers,
    ports,
    read_policy,
)
from kustodian.kubernetes.selector import is_empty_selector
from kustodian.model.json_value import JsonObject, mapping, mappings, string_map, text
from kustodian.model.manifest import Manifest
from kustodian.model.measure import EVERYTHING, Conditions, Measure, fingerprint, members, several
from kustodian.model.violation import Violation
from kustodian.policy.rule import Context, ObjectRule, Worse


def check(manifest: Manifest, context: Context) -> Iterator[Violation]:
    """One violation for each rule, or peer of a rule, that allows everyone."""
    del context
    policy = read_policy(manifest)
    for direction, field in PEERS.items():
        in_rules: list[object] = []  # blocks of all rules, unless one of them is everywhere itself
        for path, rule in policy.rules(direction):
            entries = peers(rule, direction)
            in_rules += [] if _only_dns(rule) else _open_blocks(entries)
            together = everywhere_in(in_rules)
            if together and not everywhere_in(_open_blocks(entries)):
                message = f"{direction} rules allow {together}, in several blocks, without exceptions"
                yield Violation(path, message, measure=_measure(policy, together, rule))
            if together:
                in_rules = []
            if not entries and not ports(rule):
                message = f"{direction} rule allows every peer on every port"
                yield Violation(path, message, measure=_measure(policy, EVERYTHING, rule))
            together = everywhere_in(_open_blocks(entries))
            if together and not any(map(is_everywhere, _open_blocks(entries))) and not _only_dns(rule):
                message = f"{direction} rule allows {together}, in several blocks, without exceptions"
                yield Violation((*path, field), message, measure=_measure(policy, together, rule))
            for index, peer in entries:
                block = mapping(peer.get("ipBlock"))
                if is_everywhere(block.get("cidr")) and not block.get("except") and not _only_dns(rule):
                    cidr_path = (*path, field, index, "ipBlock", "cidr")
                    message = f"{direction} rule allows {block['cidr']} without exceptions"
                    yield Violation(cidr_path, message, measure=_measure(policy, block["cidr"], rule))
                elif not ports(rule) and _is_every_pod(peer):
                    peer_path = (*path, field, index)
                    message = f"{direction} rule allows every pod of every namespace on every port"
                    yield Violation(peer_path, message, measure=_measure(policy, "every pod", rule))


def _open_blocks(entries: list[tuple[int, JsonObject]]) -> list[object]:
    """The address blocks of peers, without those that have exceptions."""
    blocks = [mapping(peer.get("ipBlock")) for _, peer in entries]
    return [block.get("cidr") for block in blocks if not block.get("except")]


def _measure(policy: Policy, peer: str, rule: JsonObject) -> Measure:
    """How far the rule opens: which peer, on which ports, to which pods."""
    entries = [
        f"{entry.get('port', 'all')}-{entry.get('endPort', '')}".rstrip("-")
        + f"/{text(entry.get('protocol'), 'TCP')}"
        for _, entry in ports(rule)
    ]
    labels = string_map(mapping(policy.selector.get("matchLabels")))
    expressions = [fingerprint(entry) for _, entry in mappings(policy.selector.get("matchExpressions"))]
    selected = [*(f"{key}={value}" for key, value in labels.items()), *expressions]
    return several(
        peer=members([peer]),
        ports=members(entries or [EVERYTHING]),
        pods=Conditions(frozenset(selected)),
    )


def _only_dns(rule: JsonObject) -> bool:
    entries = ports(rule)
    return bool(entries) and all(entry.get("port") in (53, 5353) for _, entry in entries)


def _is_every_pod(peer: JsonObject) -> bool:
    return is_empty_selector(peer.get("namespaceSelector")) and (
        peer.get("podSelector") is None or is_empty_selector(peer.get("podSelector"))
    )


RULE = ObjectRule(
    id="allow-all-network-policy",
    topic="network",
    severity="W/E/E",
    check=check,
    kinds=((GROUP, "NetworkPolicy"),),
    doc=__doc__,
    worse=Worse.BY_MEASURE,
    tags=("nsa", "security"),
)
