"""All rules, listed by hand: each topic's package lists its own."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kustodian.policy.rule import Rule


@cache
def all_rules() -> tuple[Rule, ...]:
    """All rules, imported on the first call, because that takes time."""
    from kustodian.policy.rules import (
        autoscaling,
        availability,
        gate,
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

    return (
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
        *gate.RULES,
    )


@cache
def by_id() -> dict[str, Rule]:
    """All rules by id."""
    return {rule.id: rule for rule in all_rules()}
