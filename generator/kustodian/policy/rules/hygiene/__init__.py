"""Rules of the topic "hygiene"."""

from kustodian.policy.rule import Rule
from kustodian.policy.rules.hygiene import waiver_expired, waiver_unused

RULES: tuple[Rule, ...] = (waiver_expired.RULE, waiver_unused.RULE)
