"""Rules of the topic "storage"."""

from kustodian.policy.rule import Rule
from kustodian.policy.rules.storage import (
    claim_without_class,
    claim_without_size,
    host_path_persistent_volume,
    unbounded_empty_dir,
    unpinned_model,
    volume_not_shareable,
)

RULES: tuple[Rule, ...] = (
    unbounded_empty_dir.RULE,
    volume_not_shareable.RULE,
    claim_without_class.RULE,
    claim_without_size.RULE,
    host_path_persistent_volume.RULE,
    unpinned_model.RULE,
)
