"""Rules of the topic "gpu"."""

from kustodian.policy.rule import Rule

RULES: tuple[Rule, ...] = ()
