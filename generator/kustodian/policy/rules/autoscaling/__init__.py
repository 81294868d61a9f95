"""Rules of the topic "autoscaling"."""

from kustodian.policy.rule import Rule

RULES: tuple[Rule, ...] = ()
