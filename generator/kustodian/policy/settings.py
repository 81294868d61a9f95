"""What the configuration means for each rule in each environment: severity, options, context."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from kustodian.model.environment import Environment, EnvironmentClass, Severity
from kustodian.policy.rule import Context, Rule

if TYPE_CHECKING:
    from kustodian.schemas.registry import Schemas

DEFAULT_VERSION = "1.34"

#: Rules that follow a policy key of the configuration rather than an option of their own.
_CPU_LIMIT_RULES = ("missing-cpu-limit", "cpu-limit-set")


@dataclass(frozen=True)
class RuleSettings:
    """What `rules: {<id>: ...}` says of one rule. `severity` None leaves the default; `off` switches off."""

    severity: Severity | None = None
    off: bool = False
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Settings:
    """The resolved configuration, as the evaluator needs it.

    `profile` "baseline" makes every finding one step milder, except of rules that are errors in every
    environment: those say that something is broken. `only` limits the run to these rule ids (empty: all).
    """

    version: str = DEFAULT_VERSION
    profile: str = "production"
    registries: tuple[str, ...] = ()
    cpu_limits: str = "ignore"
    rules: Mapping[str, RuleSettings] = field(default_factory=dict)
    only: frozenset[str] = frozenset()
    schemas: Schemas | None = None

    @property
    def version_pair(self) -> tuple[int, int]:
        """(1, 34)."""
        major, _, minor = self.version.partition(".")
        return int(major), int(minor)

    def severity(self, rule: Rule, environment: Environment) -> Severity | None:
        """The severity of a rule in an environment; None where it is off.

        The most specific word wins: the environment's own (rule, then tag or topic), then `rules:`, then
        the profile over the rule's table.
        """
        if self.only and rule.id not in self.only:
            return None
        for key in (rule.id, *rule.tags, rule.topic):
            if key in environment.severities:
                return environment.severities[key]
        own = self.rules.get(rule.id)
        if own is not None and own.off:
            return None
        if own is not None and own.severity is not None:
            return own.severity
        return self._by_profile(rule, environment.environment_class)

    def options(self, rule: Rule) -> dict[str, Any]:
        """The rule's options, defaults filled in."""
        values: dict[str, Any] = {name: option.default for name, option in rule.options.items()}
        own = self.rules.get(rule.id)
        if own is not None:
            values.update(own.options)
        if rule.id in _CPU_LIMIT_RULES:
            values["policy"] = self.cpu_limits
        return values

    def context(self, rule: Rule, environment: Environment) -> Context:
        """What the rule's check gets beside its input."""
        return Context(environment, self.version_pair, self.registries, self.options(rule), self.schemas)

    def _by_profile(self, rule: Rule, environment_class: EnvironmentClass) -> Severity | None:
        level = rule.default_severity(environment_class)
        if level is None or self.profile != "baseline" or rule.severity == "E/E/E":
            return level
        return Severity(level - 1) if level > Severity.INFO else None
