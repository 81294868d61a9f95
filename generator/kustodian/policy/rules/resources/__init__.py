"""Rules of the topic "resources"."""

from kustodian.policy.rule import Rule
from kustodian.policy.rules.resources import (
    cpu_limit_set,
    excessive_limit_ratio,
    limit_below_request,
    missing_cpu_limit,
    missing_cpu_request,
    missing_ephemeral_storage_limit,
    missing_memory_limit,
    missing_memory_request,
    namespace_without_limit_range,
    namespace_without_quota,
    outside_limit_range,
    replicas_exceed_quota,
)

RULES: tuple[Rule, ...] = (
    missing_cpu_request.RULE,
    missing_memory_request.RULE,
    missing_memory_limit.RULE,
    missing_cpu_limit.RULE,
    cpu_limit_set.RULE,
    limit_below_request.RULE,
    outside_limit_range.RULE,
    excessive_limit_ratio.RULE,
    missing_ephemeral_storage_limit.RULE,
    namespace_without_quota.RULE,
    namespace_without_limit_range.RULE,
    replicas_exceed_quota.RULE,
)
