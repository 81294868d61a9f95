"""Rules of the topic "references"."""

from kustodian.policy.rule import Rule

RULES: tuple[Rule, ...] = ()
