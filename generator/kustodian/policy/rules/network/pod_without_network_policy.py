"""No network policy selects the pod, so anyone may talk to it and it may talk to anyone.

Why: Anyone who takes over one pod of the cluster can reach the model server, and the model server can reach
the internet.

Fix: Add a default-deny NetworkPolicy for the namespace (`podSelector: {}`) and allow what the pod needs.

Wrong:
    kind: Deployment  # in a namespace without a NetworkPolicy that selects its pods

Right:
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: default-deny}
    spec:
      podSelector: {}
      policyTypes: [Ingress, Egress]

Notes: Only policies in the pod's own namespace count. Policies do not apply to pods on the host network, so
these are not reported here. Cilium, Calico, Antrea and admin network policies count as well.

Source: Kubernetes documentation, "Network Policies",
https://kubernetes.io/docs/concepts/services-networking/network-policies/; NSA/CISA Kubernetes Hardening Guide
v1.2, "Network separation"
"""

from __future__ import annotations

from collections.abc import Iterator

from kustodian.kubernetes.network_policy import on_host, plugin_policies, policies
from kustodian.kubernetes.object_set import ObjectSet, namespace_of
from kustodian.kubernetes.pods.template import PodTemplate
from kustodian.kubernetes.selector import selector_matches
from kustodian.model.json_value import mapping, string_map, text
from kustodian.model.manifest import Manifest
from kustodian.model.violation import Violation
from kustodian.policy.rule import Context, SetRule, Worse


def check(objects: ObjectSet, context: Context) -> Iterator[Violation]:
    """One violation for each pod template that no policy of its namespace selects."""
    del context
    all_policies = policies(objects)
    reported = set()
    for pod in objects.pods:
        namespace = namespace_of(pod.owner)
        if on_host(pod) or id(pod.owner) in reported:
            continue
        if any(policy.selects(pod) for policy in all_policies):
            continue
        if any(_plugin_selects(policy, pod) for policy in plugin_policies(objects, namespace)):
            continue
        reported.add(id(pod.owner))
        has_policies = any(policy.namespace == namespace for policy in all_policies)
        reason = "selects them" if has_policies else "exists"
        yield Violation(
            (*pod.path, "metadata", "labels"),
            f"pods of {pod.owner.kind} {pod.owner.name} run in namespace {namespace}, "
            f"where no network policy {reason}",
            pod.owner,
        )


def _plugin_selects(policy: Manifest, pod: PodTemplate) -> bool:
    """Whether a plugin's policy selects the pod; a selector that cannot be evaluated counts as a match."""
    selector = policy.spec.get("endpointSelector")
    if policy.group != "cilium.io" or not isinstance(selector, dict):
        return True
    # Cilium prefixes keys with the source of the label: `k8s:app`, `any:app`.
    labels = {key.rpartition(":")[2]: value for key, value in string_map(selector.get("matchLabels")).items()}
    expressions = [
        {**mapping(item), "key": text(mapping(item).get("key")).rpartition(":")[2]}
        for item in selector.get("matchExpressions") or []
    ]
    return selector_matches({"matchLabels": labels, "matchExpressions": expressions}, pod.labels)


RULE = SetRule(
    id="pod-without-network-policy",
    topic="network",
    severity="W/E/E",
    check=check,
    doc=__doc__,
    worse=Worse.NEVER,
    tags=("nsa", "cis", "security"),
)
