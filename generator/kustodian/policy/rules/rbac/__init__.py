"""Rules of the topic "rbac"."""

from kustodian.policy.rule import Rule
from kustodian.policy.rules.rbac import (
    anonymous_subject,
    cluster_admin_binding,
    cross_namespace_subject,
    default_service_account,
    powerful_role_for_everyone,
    role_can_escalate,
    role_can_exec,
    role_creates_workloads,
    role_edits_webhooks,
    role_reads_secrets,
    wildcard_role,
)

RULES: tuple[Rule, ...] = (
    wildcard_role.RULE,
    cluster_admin_binding.RULE,
    role_reads_secrets.RULE,
    role_can_exec.RULE,
    role_can_escalate.RULE,
    anonymous_subject.RULE,
    powerful_role_for_everyone.RULE,
    default_service_account.RULE,
    cross_namespace_subject.RULE,
    role_creates_workloads.RULE,
    role_edits_webhooks.RULE,
)
