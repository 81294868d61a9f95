"""Rules of the topic "network"."""

from kustodian.policy.rule import Rule

RULES: tuple[Rule, ...] = ()
