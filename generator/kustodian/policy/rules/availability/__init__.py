"""Rules of the topic "availability"."""

from kustodian.policy.rule import Rule
from kustodian.policy.rules.availability import (
    disruption_budget_blocks_drain,
    disruption_budget_selects_nothing,
    liveness_equals_readiness,
    missing_liveness_probe,
    missing_pod_disruption_budget,
    missing_readiness_probe,
    missing_startup_probe,
    no_topology_spread,
    probe_port_not_declared,
    recreate_strategy,
    short_termination_grace,
    single_replica,
    unbounded_surge,
)

RULES: tuple[Rule, ...] = (
    missing_readiness_probe.RULE,
    missing_liveness_probe.RULE,
    missing_startup_probe.RULE,
    liveness_equals_readiness.RULE,
    probe_port_not_declared.RULE,
    single_replica.RULE,
    missing_pod_disruption_budget.RULE,
    disruption_budget_blocks_drain.RULE,
    disruption_budget_selects_nothing.RULE,
    no_topology_spread.RULE,
    recreate_strategy.RULE,
    unbounded_surge.RULE,
    short_termination_grace.RULE,
)
