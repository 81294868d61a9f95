"""The severity, options and context of each rule in each environment, as configured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from kustodian.kubernetes.api_lifecycle import DEFAULT_KUBERNETES_VERSION
from kustodian.model.environment import Environment, EnvironmentClass, Severity
from kustodian.policy.rule import Context, Rule

if TYPE_CHECKING:
    from kustodian.schemas.registry import Schemas

#: Rules whose option `policy` is the key `cpuLimits` of the configuration.
_CPU_LIMIT_RULES = ("missing-cpu-limit", "cpu-limit-set")


@dataclass(frozen=True)
class RuleSettings:
    """The settings of one rule under `rules:`; `severity` is None for the default, `off` switches it off."""

    severity: Severity | None = None
    off: bool = False
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Settings:
    """The configuration of the rules.

    The profile "baseline" makes every finding one step milder, except those of rules that are errors in every
    environment. `only` are the ids of the rules to evaluate, empty for all.
    """

    version: str = DEFAULT_KUBERNETES_VERSION
    profile: str = "production"
    registries: tuple[str, ...] = ()
    cpu_limits: str = "ignore"
    rules: Mapping[str, RuleSettings] = field(default_factory=dict)
    only: frozenset[str] = frozenset()
    schemas: Schemas | None = None

    @property
    def version_pair(self) -> tuple[int, int]:
        """The Kubernetes version as numbers, such as (1, 34)."""
        major, _, minor = self.version.partition(".")
        return int(major), int(minor)

    def severity(self, rule: Rule, environment: Environment) -> Severity | None:
        """The severity of a rule in an environment; None if it is off.

        In order of precedence: the environment's own setting (of the rule, then of a tag or its topic),
        `rules:`, and the rule's default under the profile.
        """
        if self.only and rule.id not in self.only:
            return None
        for key in (rule.id, *rule.tags, rule.topic):
            if key in environment.severities:
                return environment.severities[key]
        configured = self.rules.get(rule.id, RuleSettings())
        if configured.off:
            return None
        if configured.severity is not None:
            return configured.severity
        return self._by_profile(rule, environment.environment_class)

    def options(self, rule: Rule) -> dict[str, Any]:
        """The rule's options, defaults filled in."""
        values: dict[str, Any] = {name: option.default for name, option in rule.options.items()}
        values |= self.rules.get(rule.id, RuleSettings()).options
        if rule.id in _CPU_LIMIT_RULES:
            values["policy"] = self.cpu_limits
        return values

    def context_of(self, rule: Rule, environment: Environment) -> Context:
        """The context of a rule's check in an environment."""
        return Context(environment, self.version_pair, self.registries, self.options(rule), self.schemas)

    def _by_profile(self, rule: Rule, environment_class: EnvironmentClass) -> Severity | None:
        level = rule.default_severity(environment_class)
        if level is None or self.profile != "baseline" or rule.is_error_everywhere:
            return level
        return Severity(level - 1) if level > Severity.INFO else None
