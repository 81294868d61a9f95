"""Rules of the topic "rbac"."""

from kustodian.policy.rule import Rule

RULES: tuple[Rule, ...] = ()
