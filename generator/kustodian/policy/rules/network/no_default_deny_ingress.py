"""The namespace has no default deny for ingress: a new pod accepts connections from anywhere.

Why: Policies that select individual applications leave every pod that is added later open to the whole
cluster.

Fix: Add a NetworkPolicy with `podSelector: {}` and `policyTypes: [Ingress]`, and allow what is needed in
further policies.

Wrong:
    spec:
      podSelector: {matchLabels: {app: iris}}  # only this application is isolated
      policyTypes: [Ingress]

Right:
    spec:
      podSelector: {}
      policyTypes: [Ingress]

Notes: A policy that selects all pods and allows some peers counts too, because it denies everything else. A
policy that allows everything does not count.

Source: Kubernetes documentation, "Default deny all ingress traffic",
https://kubernetes.io/docs/concepts/services-networking/network-policies/#default-policies
"""

from __future__ import annotations

from collections.abc import Iterator

from kustodian.kubernetes.object_set import ObjectSet
from kustodian.model.violation import Violation
from kustodian.policy.rule import Context, SetRule, Worse
from kustodian.policy.rules.network._default_deny import without_default_deny


def check(objects: ObjectSet, context: Context) -> Iterator[Violation]:
    """One violation for each namespace with pods but without a default deny for ingress."""
    del context
    return without_default_deny(objects, "ingress")


RULE = SetRule(
    id="no-default-deny-ingress",
    topic="network",
    severity="W/E/E",
    check=check,
    doc=__doc__,
    worse=Worse.NEVER,
    tags=("nsa", "cis", "security"),
)
