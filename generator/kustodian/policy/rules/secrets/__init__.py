"""Rules of the topic "secrets"."""

from kustodian.policy.rule import Rule

RULES: tuple[Rule, ...] = ()
