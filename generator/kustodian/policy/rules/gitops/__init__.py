"""Rules of the topic "gitops"."""

from kustodian.policy.rule import Rule
from kustodian.policy.rules.gitops import (
    application_default_project,
    application_foreign_repository,
    application_path_missing,
    application_prune_without_guard,
    application_target_revision,
    application_wildcard_project,
    applicationset_deletes_on_removal,
    applicationset_missing_key,
    autoscaled_replicas_not_ignored,
    contents_not_checked,
    overlay_without_application,
    sync_wave_order,
    undeclared_default_drifts,
)

RULES: tuple[Rule, ...] = (
    application_target_revision.RULE,
    application_path_missing.RULE,
    application_wildcard_project.RULE,
    application_default_project.RULE,
    application_foreign_repository.RULE,
    overlay_without_application.RULE,
    application_prune_without_guard.RULE,
    applicationset_missing_key.RULE,
    applicationset_deletes_on_removal.RULE,
    undeclared_default_drifts.RULE,
    autoscaled_replicas_not_ignored.RULE,
    sync_wave_order.RULE,
    contents_not_checked.RULE,
)
