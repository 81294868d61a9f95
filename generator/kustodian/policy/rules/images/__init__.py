"""Rules of the topic "images"."""

from kustodian.policy.rule import Rule
from kustodian.policy.rules.images import (
    image_entry_matches_nothing,
    image_skips_environment,
    image_without_digest,
    malformed_digest,
    placeholder_digest,
    pull_policy_mismatch,
    retired_registry,
    unapproved_registry,
    unpinned_image,
)

RULES: tuple[Rule, ...] = (
    unpinned_image.RULE,
    image_without_digest.RULE,
    malformed_digest.RULE,
    placeholder_digest.RULE,
    unapproved_registry.RULE,
    retired_registry.RULE,
    pull_policy_mismatch.RULE,
    image_entry_matches_nothing.RULE,
    image_skips_environment.RULE,
)
