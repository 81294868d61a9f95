"""Rules of the topic "gate"."""

from kustodian.policy.rule import Rule
from kustodian.policy.rules.gate import (
    gate_changed_config,
    gate_changed_coverage,
    gate_changed_environment,
    gate_changed_exclude,
    gate_changed_option,
    gate_changed_overlay,
    gate_changed_policy,
    gate_changed_rule_off,
    gate_changed_schema,
    gate_changed_severity,
    gate_changed_version,
    gate_changed_waiver,
    ignored_configuration,
)

RULES: tuple[Rule, ...] = (
    gate_changed_rule_off.RULE,
    gate_changed_severity.RULE,
    gate_changed_option.RULE,
    gate_changed_environment.RULE,
    gate_changed_coverage.RULE,
    gate_changed_overlay.RULE,
    gate_changed_exclude.RULE,
    gate_changed_waiver.RULE,
    gate_changed_policy.RULE,
    gate_changed_schema.RULE,
    gate_changed_version.RULE,
    gate_changed_config.RULE,
    ignored_configuration.RULE,
)
