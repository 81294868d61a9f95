"""Rules of the topic "autoscaling"."""

from kustodian.policy.rule import Rule
from kustodian.policy.rules.autoscaling import (
    autoscaler_range,
    autoscaler_target_missing,
    autoscaler_without_request,
    keda_silent_null,
    memory_metric_order,
    replicas_with_autoscaler,
    scale_to_zero_in_prod,
    two_autoscalers,
)

RULES: tuple[Rule, ...] = (
    autoscaler_target_missing.RULE,
    autoscaler_without_request.RULE,
    autoscaler_range.RULE,
    two_autoscalers.RULE,
    replicas_with_autoscaler.RULE,
    memory_metric_order.RULE,
    scale_to_zero_in_prod.RULE,
    keda_silent_null.RULE,
)
