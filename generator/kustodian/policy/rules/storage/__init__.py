"""Rules of the topic "storage"."""

from kustodian.policy.rule import Rule

RULES: tuple[Rule, ...] = ()
