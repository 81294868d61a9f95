"""Every rule, written out by hand, topic by topic: nothing is discovered, nothing registers itself."""

from __future__ import annotations

from functools import cache

from kustodian.policy.rule import Rule
from kustodian.policy.rules import (
    autoscaling,
    availability,
    gitops,
    gpu,
    hygiene,
    images,
    kustomize,
    network,
    pod_security,
    rbac,
    references,
    resources,
    schema,
    secrets,
    storage,
)

RULES: tuple[Rule, ...] = (
    *images.RULES,
    *resources.RULES,
    *pod_security.RULES,
    *network.RULES,
    *rbac.RULES,
    *secrets.RULES,
    *availability.RULES,
    *autoscaling.RULES,
    *gpu.RULES,
    *storage.RULES,
    *references.RULES,
    *schema.RULES,
    *gitops.RULES,
    *kustomize.RULES,
    *hygiene.RULES,
)


@cache
def by_id() -> dict[str, Rule]:
    """Rules by id."""
    return {rule.id: rule for rule in RULES}
