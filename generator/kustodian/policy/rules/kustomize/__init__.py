"""Rules of the topic "kustomize"."""

from kustodian.policy.rule import Rule
from kustodian.policy.rules.kustomize import (
    deprecated_kustomize_field,
    duplicate_key,
    environment_drift,
    labels_change_selectors,
    orphan_overlay,
    remote_base,
    unpinned_remote_base,
    unused_file,
)

RULES: tuple[Rule, ...] = (
    remote_base.RULE,
    unpinned_remote_base.RULE,
    deprecated_kustomize_field.RULE,
    duplicate_key.RULE,
    labels_change_selectors.RULE,
    unused_file.RULE,
    orphan_overlay.RULE,
    environment_drift.RULE,
)
