"""Rules of the topic "storage"."""

from kustodian.policy.rule import Rule
from kustodian.policy.rules.storage import (
    claim_without_class,
    claim_without_size,
    unbounded_empty_dir,
    unpinned_model,
    volume_not_shareable,
)

RULES: tuple[Rule, ...] = (
    unbounded_empty_dir.RULE,
    volume_not_shareable.RULE,
    claim_without_class.RULE,
    claim_without_size.RULE,
    unpinned_model.RULE,
)
