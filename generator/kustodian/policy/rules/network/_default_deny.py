"""The check shared by the two default-deny rules."""

from __future__ import annotations

from collections.abc import Iterator

from kustodian.kubernetes.network_policy import (
    Direction,
    Policy,
    on_host,
    peers,
    plugin_policies,
    policies,
    ports,
)
from kustodian.kubernetes.object_set import ObjectSet, namespace_of
from kustodian.model.violation import Violation

_SYSTEM = ("kube-system", "kube-public", "kube-node-lease")


def without_default_deny(objects: ObjectSet, direction: Direction) -> Iterator[Violation]:
    """One violation for each namespace of the set that has no default deny in this direction.

    Only namespaces with pods that policies apply to are checked, and only if the set contains the Namespace
    or one of its policies. Without either, `pod-without-network-policy` already reports the pods.
    """
    all_policies = policies(objects)
    with_pods = {namespace_of(pod.owner) for pod in objects.pods if not on_host(pod)}
    for namespace in sorted(with_pods - set(_SYSTEM)):
        own = [policy for policy in all_policies if policy.namespace == namespace]
        if any(_denies_by_default(policy, direction) for policy in own) or plugin_policies(
            objects, namespace
        ):
            continue
        subject = objects.find("", "Namespace", "", namespace)
        anchor = subject or (own[0].manifest if own else None)
        if anchor is not None:
            yield Violation(
                ("metadata", "name") if subject else ("spec",),
                f"namespace {namespace} has no default deny for {direction}: "
                f"no policy selects all of its pods and restricts their {direction}",
                anchor,
            )


def _denies_by_default(policy: Policy, direction: Direction) -> bool:
    """Whether the policy isolates every pod of the namespace and has no rule that allows everything."""
    if not policy.selects_all or direction not in policy.directions:
        return False
    return not any(not peers(rule, direction) and not ports(rule) for _, rule in policy.rules(direction))
