"""Rules of the topic "gpu"."""

from kustodian.policy.rule import Rule
from kustodian.policy.rules.gpu import (
    environment_gpu_budget_exceeded,
    fractional_gpu,
    gpu_budget_exceeded,
    gpu_in_dev,
    gpu_memory_not_guaranteed,
    gpu_request_differs,
    gpu_surge_without_spare,
    gpu_without_limit,
    gpu_without_node_selector,
    gpu_without_toleration,
    mig_resource_mismatch,
    resource_claim_missing,
    small_shared_memory,
    toleration_without_gpu,
)

RULES: tuple[Rule, ...] = (
    gpu_without_limit.RULE,
    gpu_request_differs.RULE,
    fractional_gpu.RULE,
    gpu_without_toleration.RULE,
    gpu_without_node_selector.RULE,
    toleration_without_gpu.RULE,
    gpu_in_dev.RULE,
    gpu_budget_exceeded.RULE,
    environment_gpu_budget_exceeded.RULE,
    gpu_surge_without_spare.RULE,
    small_shared_memory.RULE,
    gpu_memory_not_guaranteed.RULE,
    mig_resource_mismatch.RULE,
    resource_claim_missing.RULE,
)
