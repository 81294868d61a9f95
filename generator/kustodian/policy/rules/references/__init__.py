"""Rules of the topic "references"."""

from kustodian.policy.rule import Rule
from kustodian.policy.rules.references import (
    dangling_ingress,
    dangling_rollout,
    dangling_route,
    dangling_service,
    dangling_service_monitor,
    dangling_stateful_service,
    duplicate_object,
    missing_claim,
    missing_config_map,
    missing_priority_class,
    missing_secret,
    missing_service_account,
    namespace_missing,
    selector_mismatch,
    undeclared_target_port,
)

RULES: tuple[Rule, ...] = (
    dangling_service.RULE,
    dangling_ingress.RULE,
    dangling_route.RULE,
    dangling_rollout.RULE,
    dangling_service_monitor.RULE,
    dangling_stateful_service.RULE,
    selector_mismatch.RULE,
    undeclared_target_port.RULE,
    missing_config_map.RULE,
    missing_secret.RULE,
    missing_claim.RULE,
    missing_service_account.RULE,
    missing_priority_class.RULE,
    duplicate_object.RULE,
    namespace_missing.RULE,
)
