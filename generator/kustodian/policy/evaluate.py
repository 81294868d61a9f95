"""Run the rules over rendered overlays and over the repository.

What comes out is not yet located and not yet waived; that is `review`'s work.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Generic, NamedTuple, TypeAlias, TypeVar

from kustodian.kubernetes.object_set import ObjectSet
from kustodian.kubernetes.pods.template import PodTemplate
from kustodian.kubernetes.pods.workload import pods_of
from kustodian.model.environment import Environment, EnvironmentClass, Severity
from kustodian.model.errors import HistoryUnknown
from kustodian.model.manifest import Manifest
from kustodian.model.overlay import RenderedOverlay
from kustodian.model.repository_view import RepositoryView
from kustodian.model.violation import SourceViolation, Violation
from kustodian.policy.rule import Context, ObjectRule, PodRule, RepositoryRule, Rule, SetRule
from kustodian.policy.settings import Settings

_T = TypeVar("_T")
Check: TypeAlias = Callable[[_T, Context], Iterable[Violation]]


class Hit(NamedTuple):
    """A violation of a rule in an overlay, with the severity its environment gives it.

    `manifest` is the object that the violation's path leads into.
    """

    rule: Rule
    severity: Severity
    overlay: RenderedOverlay
    violation: Violation
    manifest: Manifest | None


class SourceHit(NamedTuple):
    """A violation found in the files; `overlay` is the one it is about, None for the repository."""

    rule: Rule
    severity: Severity
    overlay: RenderedOverlay | None
    violation: SourceViolation

    @property
    def manifest(self) -> Manifest | None:
        """The rendered object that the violation is about, if any."""
        return self.violation.manifest


class RuleFailure(NamedTuple):
    """A rule that raised: reported, never counted as clean.

    That is a defect of ours, or with `unknown` something that the rule needs and could not look at.
    """

    rule: str
    overlay: str
    error: str
    unknown: bool = False


class Evaluator:
    """The rules that are on, with their settings, indexed by what they look at."""

    def __init__(self, rules: Iterable[Rule], settings: Settings) -> None:
        """`settings` gives severities and options; a rule that is off in every environment costs nothing."""
        self.settings = settings
        self.rules = tuple(rules)
        self.failures: list[RuleFailure] = []
        self._by_environment: dict[tuple[str | None, EnvironmentClass], _Active] = {}

    def overlay(self, rendered: RenderedOverlay) -> list[Hit]:
        """The hits of one overlay, by object and rule."""
        active = self._active(rendered.overlay.environment)
        hits: list[Hit] = []
        for manifest in rendered.objects:
            kind = active.by_kind.get((manifest.group, manifest.kind), ())
            self._apply(active.any_object, manifest, manifest, rendered, hits)
            self._apply(kind, manifest, manifest, rendered, hits)
            for pod in pods_of(manifest):
                self._apply(active.pods, pod, manifest, rendered, hits)
        self._apply(active.sets, ObjectSet(rendered.objects), None, rendered, hits)
        return hits

    def _apply(
        self,
        rules: Iterable[Ready[_T]],
        subject: _T,
        owner: Manifest | None,
        rendered: RenderedOverlay,
        hits: list[Hit],
    ) -> None:
        """Run rules over one subject: this loop turns for every rule and object of a repository."""
        for rule, check, context, level in rules:
            before = len(hits)
            try:
                for violation in check(subject, context):
                    hits.append(Hit(rule, level, rendered, violation, violation.manifest or owner))
            except Exception as error:
                del hits[before:]
                self._failed(rule, rendered, error)

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
            for violation in self._violations(rule, view, everywhere[-1]):
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
                    active.add(rule, level, self.settings.context(rule, environment))
            self._by_environment[key] = active
        return self._by_environment[key]

    def _violations(
        self,
        rule: RepositoryRule,
        view: RepositoryView,
        environment: Environment,
    ) -> list[SourceViolation]:
        violations: list[SourceViolation] = []
        try:
            for violation in rule.check(view, self.settings.context(rule, environment)):
                violations.append(violation)
        except HistoryUnknown as error:  # what it could decide counts
            failure = RuleFailure(rule.id, ".", str(error), unknown=True)
            if failure not in self.failures:  # a comparison evaluates a rule several times
                self.failures.append(failure)
        except Exception as error:
            self._failed(rule, None, error)
            return []
        return violations

    def _failed(self, rule: Rule, rendered: RenderedOverlay | None, error: Exception) -> None:
        """Record a check that raised, so nothing passes for clean."""
        where = rendered.overlay.path if rendered else "."
        self.failures.append(RuleFailure(rule.id, where, f"{type(error).__name__}: {error}"))


class Ready(NamedTuple, Generic[_T]):
    """A rule that is on in an environment, with what it is called with there."""

    rule: Rule
    check: Check[_T]
    context: Context
    level: Severity


@dataclass
class _Active:
    """The rules that are on in one environment, by what they look at."""

    any_object: list[Ready[Manifest]] = field(default_factory=list)
    by_kind: dict[tuple[str, str], list[Ready[Manifest]]] = field(default_factory=dict)
    pods: list[Ready[PodTemplate]] = field(default_factory=list)
    sets: list[Ready[ObjectSet]] = field(default_factory=list)

    def add(self, rule: Rule, level: Severity, context: Context) -> None:
        """File the rule under what it looks at."""
        if isinstance(rule, PodRule):
            self.pods.append(Ready(rule, rule.check, context, level))
        elif isinstance(rule, SetRule):
            self.sets.append(Ready(rule, rule.check, context, level))
        elif isinstance(rule, ObjectRule):
            ready = Ready(rule, rule.check, context, level)
            if not rule.kinds:
                self.any_object.append(ready)
            for kind in rule.kinds:
                self.by_kind.setdefault(kind, []).append(ready)


def _key(environment: Environment) -> tuple[str | None, EnvironmentClass]:
    return environment.name, environment.environment_class
