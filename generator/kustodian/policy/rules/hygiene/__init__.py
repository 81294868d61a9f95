"""Rules of the topic "hygiene"."""

from kustodian.policy.rule import Rule
from kustodian.policy.rules.hygiene import missing_standard_labels, waiver_expired, waiver_unused

RULES: tuple[Rule, ...] = (missing_standard_labels.RULE, waiver_expired.RULE, waiver_unused.RULE)
