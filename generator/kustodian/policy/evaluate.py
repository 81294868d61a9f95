"""Run the rules over rendered overlays and over the repository.

What comes out is not yet located and not yet waived; that is `review`'s work.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import TypeAlias, TypeVar

from kustodian.model.environment import Environment, EnvironmentClass, Severity
from kustodian.model.manifest import Manifest
from kustodian.model.object_set import ObjectSet
from kustodian.model.overlay import RenderedOverlay
from kustodian.model.repository_view import RepositoryView
from kustodian.policy.rule import (
    Context,
    ObjectRule,
    PodRule,
    RepositoryRule,
    Rule,
    SetRule,
    SourceViolation,
    Violation,
)
from kustodian.policy.settings import Settings

_T = TypeVar("_T")
_V = TypeVar("_V")
Check: TypeAlias = Callable[[_T, Context], Iterable[Violation]]


@dataclass(frozen=True, slots=True)
class Hit:
    """A violation of a rule in an overlay, with the severity its environment gives it."""

    rule: Rule
    severity: Severity
    overlay: RenderedOverlay
    violation: Violation


@dataclass(frozen=True, slots=True)
class SourceHit:
    """A violation found in the files; `overlay` is the one it is about, None for the repository."""

    rule: Rule
    severity: Severity
    overlay: RenderedOverlay | None
    violation: SourceViolation


@dataclass(frozen=True, slots=True)
class RuleFailure:
    """A rule that raised: a defect of ours, reported, never counted as clean."""

    rule: str
    overlay: str
    error: str


class Evaluator:
    """The rules that are on, with their settings, indexed by what they look at."""

    def __init__(self, rules: Iterable[Rule], settings: Settings) -> None:
        """`settings` gives severities and options; a rule that is off in every environment costs nothing."""
        self.settings = settings
        self.rules = tuple(rules)
        self.failures: list[RuleFailure] = []
        self._contexts: dict[tuple[str | None, EnvironmentClass], dict[str, Context]] = {}
        self._last: tuple[Environment, dict[str, Context]] | None = None
        self._by_environment: dict[tuple[str | None, EnvironmentClass], _Active] = {}

    def overlay(self, rendered: RenderedOverlay) -> list[Hit]:
        """The hits of one overlay, by object and rule."""
        environment = rendered.overlay.environment
        active = self._active(environment)
        hits: list[Hit] = []

        def run(rule: Rule, check: Check[_T], subject: _T, owner: Manifest | None) -> None:
            for violation in self._violations(rule, check, subject, environment, rendered):
                hits.append(Hit(rule, active.level[rule.id], rendered, _owned(violation, owner)))

        for manifest in rendered.objects:
            for rule in (*active.any_object, *active.by_kind.get((manifest.group, manifest.kind), ())):
                run(rule, rule.check, manifest, manifest)
            for pod in manifest.pods:
                for pod_rule in active.pods:
                    run(pod_rule, pod_rule.check, pod, manifest)
        objects = ObjectSet(rendered.objects)
        for set_rule in active.sets:
            run(set_rule, set_rule.check, objects, None)
        return hits

    @property
    def repository_rules(self) -> list[RepositoryRule]:
        """The rules about the repository."""
        return [rule for rule in self.rules if isinstance(rule, RepositoryRule)]

    def repository(
        self,
        view: RepositoryView,
        environments: Iterable[Environment],
        rules: Iterable[RepositoryRule] | None = None,
    ) -> list[SourceHit]:
        """The hits of the repo rules, or of some; one about no overlay gets the strictest severity."""
        everywhere = list(environments) or [Environment()]
        overlays = {rendered.overlay.path: rendered for rendered in view.overlays}
        hits: list[SourceHit] = []
        for rule in self.repository_rules if rules is None else rules:
            levels = [level for e in everywhere if (level := self.settings.severity(rule, e))]
            if not levels:
                continue
            for violation in self._violations(rule, rule.check, view, everywhere[-1], None):
                about = overlays.get(violation.overlay) if violation.overlay is not None else None
                level = self.settings.severity(rule, about.overlay.environment) if about else max(levels)
                if level is not None:
                    hits.append(SourceHit(rule, level, about, violation))
        return hits

    def _active(self, environment: Environment) -> _Active:
        key = _key(environment)
        if key not in self._by_environment:
            active = _Active()
            for rule in self.rules:
                level = self.settings.severity(rule, environment)
                if level is not None:
                    active.add(rule, level)
            self._by_environment[key] = active
        return self._by_environment[key]

    def _contexts_of(self, environment: Environment) -> dict[str, Context]:
        """The contexts of an environment by rule; asked for every rule and object, mostly of the same one."""
        if self._last is None or self._last[0] is not environment:
            self._last = (environment, self._contexts.setdefault(_key(environment), {}))
        return self._last[1]

    def _violations(
        self,
        rule: Rule,
        check: Callable[[_T, Context], Iterable[_V]],
        subject: _T,
        environment: Environment,
        rendered: RenderedOverlay | None,
    ) -> list[_V]:
        """Run one check; one that raises is recorded as a failure, so nothing passes for clean."""
        contexts = self._contexts_of(environment)
        context = contexts.get(rule.id)
        if context is None:
            context = contexts[rule.id] = self.settings.context(rule, environment)
        try:
            return list(check(subject, context))
        except Exception as error:
            where = rendered.overlay.path if rendered else "."
            self.failures.append(RuleFailure(rule.id, where, f"{type(error).__name__}: {error}"))
            return []


@dataclass
class _Active:
    """The rules that are on in one environment, by what they look at."""

    level: dict[str, Severity] = field(default_factory=dict)
    any_object: list[ObjectRule] = field(default_factory=list)
    by_kind: dict[tuple[str, str], list[ObjectRule]] = field(default_factory=dict)
    pods: list[PodRule] = field(default_factory=list)
    sets: list[SetRule] = field(default_factory=list)

    def add(self, rule: Rule, level: Severity) -> None:
        """File the rule under what it looks at."""
        self.level[rule.id] = level
        if isinstance(rule, PodRule):
            self.pods.append(rule)
        elif isinstance(rule, SetRule):
            self.sets.append(rule)
        elif isinstance(rule, ObjectRule):
            if not rule.kinds:
                self.any_object.append(rule)
            for kind in rule.kinds:
                self.by_kind.setdefault(kind, []).append(rule)


def _key(environment: Environment) -> tuple[str | None, EnvironmentClass]:
    return environment.name, environment.environment_class


def _owned(violation: Violation, owner: Manifest | None) -> Violation:
    return violation if violation.manifest is not None else replace(violation, manifest=owner)
