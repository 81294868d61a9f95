"""Evaluates rules on rendered overlays and on the repository.

The results are neither located nor waived; see `review`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Generic, NamedTuple, TypeAlias, TypeVar

from kustodian.kubernetes.carriers import is_placeholder, is_template
from kustodian.kubernetes.object_set import ObjectSet
from kustodian.kubernetes.pods.template import PodTemplate
from kustodian.kubernetes.pods.workload import pods_of
from kustodian.model.environment import Environment, EnvironmentClass, Severity
from kustodian.model.errors import Undecided
from kustodian.model.manifest import Manifest
from kustodian.model.overlay import RenderedOverlay
from kustodian.model.repository.view import RepositoryView
from kustodian.model.violation import SourceViolation, Violation
from kustodian.policy.rule import Context, ObjectRule, PodRule, RepositoryRule, Rule, SetRule
from kustodian.policy.settings import Settings

_T = TypeVar("_T")
Check: TypeAlias = Callable[[_T, Context], Iterable[Violation]]


class Hit(NamedTuple):
    """A violation in an overlay, with its severity in the overlay's environment.

    `manifest` is the object that the violation's path refers to.
    """

    rule: Rule
    severity: Severity
    overlay: RenderedOverlay
    violation: Violation
    manifest: Manifest | None


class SourceHit(NamedTuple):
    """A violation in a file; `overlay` is the overlay that it concerns, None for the whole repository."""

    rule: Rule
    severity: Severity
    overlay: RenderedOverlay | None
    violation: SourceViolation

    @property
    def manifest(self) -> Manifest | None:
        """The rendered object that the violation concerns, if any."""
        return self.violation.manifest


class RuleFailure(NamedTuple):
    """A rule that raised: reported, never counted as clean.

    That is a defect of ours, or with `unknown` something that the rule needs and cannot know. `overlay` is
    "." for the repository.
    """

    rule: str
    overlay: str
    error: str
    code: str = "rule-failed"


class Evaluator:
    """Evaluates a set of rules; `failures` are those that raised an exception."""

    def __init__(self, rules: Iterable[Rule], settings: Settings) -> None:
        """`settings` gives the rules' severities and options."""
        self.settings = settings
        self.rules = tuple(rules)
        self.failures: list[RuleFailure] = []
        self._by_environment: dict[tuple[str | None, EnvironmentClass], _ActiveRules] = {}

    def evaluate_overlay(self, rendered: RenderedOverlay) -> list[Hit]:
        """The hits of object, pod and set rules in one overlay."""
        active = self._active_in(rendered.overlay.environment)
        hits: list[Hit] = []
        for manifest in rendered.objects:
            self._apply_to_object(active, manifest, rendered, hits)
        for manifest in rendered.opened:
            inner: list[Hit] = []
            self._apply_to_object(active, manifest, rendered, inner)
            hits += _true_inside(manifest, inner)
        whole = ObjectSet(rendered.objects, rendered.opened, rendered.unread)
        self._apply(active.sets, whole, None, rendered, hits)
        return hits

    def _apply_to_object(
        self, active: _ActiveRules, manifest: Manifest, rendered: RenderedOverlay, hits: list[Hit]
    ) -> None:
        """Add the hits of object and pod rules on one object."""
        kind = active.by_kind.get((manifest.group, manifest.kind), ())
        self._apply(active.any_object, manifest, manifest, rendered, hits)
        self._apply(kind, manifest, manifest, rendered, hits)
        for pod in pods_of(manifest):
            self._apply(active.pods, pod, manifest, rendered, hits)

    def _apply(
        self,
        rules: Iterable[_ActiveRule[_T]],
        subject: _T,
        owner: Manifest | None,
        rendered: RenderedOverlay,
        hits: list[Hit],
    ) -> None:
        """Evaluate rules on one subject and add their hits; a rule that fails adds none."""
        for rule, check, context, severity in rules:
            before = len(hits)
            try:
                for violation in check(subject, context):
                    hits.append(Hit(rule, severity, rendered, violation, violation.manifest or owner))
            except MemoryError:
                raise
            except Exception as error:
                del hits[before:]
                self._failed(rule, rendered, error)

    @property
    def repository_rules(self) -> list[RepositoryRule]:
        """The repository rules among the rules."""
        return [rule for rule in self.rules if isinstance(rule, RepositoryRule)]

    def evaluate_repository(
        self,
        view: RepositoryView,
        environments: Iterable[Environment],
        rules: Iterable[RepositoryRule] | None = None,
    ) -> list[SourceHit]:
        """The hits of the repository rules, or of `rules` only.

        A hit that concerns no overlay gets the rule's highest severity in the environments.
        """
        environments = list(environments) or [Environment()]
        overlays = {rendered.overlay.path: rendered for rendered in view.overlays}
        hits: list[SourceHit] = []
        for rule in self.repository_rules if rules is None else rules:
            severities = [level for e in environments if (level := self.settings.severity(rule, e))]
            if not severities:
                continue
            for violation in self._violations(rule, view, environments[-1]):
                overlay = overlays.get(violation.overlay) if violation.overlay is not None else None
                if overlay is None:
                    severity: Severity | None = max(severities)
                else:
                    severity = self.settings.severity(rule, overlay.overlay.environment)
                if severity is not None:
                    hits.append(SourceHit(rule, severity, overlay, violation))
        return hits

    def _active_in(self, environment: Environment) -> _ActiveRules:
        key = (environment.name, environment.environment_class)
        if key not in self._by_environment:
            active = _ActiveRules()
            for rule in self.rules:
                severity = self.settings.severity(rule, environment)
                if severity is not None:
                    active.add(rule, severity, self.settings.context_of(rule, environment))
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
            for violation in rule.check(view, self.settings.context_of(rule, environment)):
                violations.append(violation)
        except Undecided as error:  # what it could decide counts
            failure = RuleFailure(rule.id, ".", str(error), error.code)
            if failure not in self.failures:  # a comparison evaluates a rule several times
                self.failures.append(failure)
        except MemoryError:
            raise
        except Exception as error:
            self._failed(rule, None, error)
            return []
        return violations

    def _failed(self, rule: Rule, rendered: RenderedOverlay | None, error: Exception) -> None:
        """Record a rule that raised, so that the overlay is not reported as clean."""
        where = rendered.overlay.path if rendered else "."
        self.failures.append(RuleFailure(rule.id, where, f"{type(error).__name__}: {error}"))


def _true_inside(manifest: Manifest, hits: list[Hit]) -> list[Hit]:
    """The hits on an object inside another one that hold for what is created from it.

    Whether the cluster knows the kind is unknown. What is completed or filled in later is not what is
    written, so its schema is not checked, nor is a placeholder. Edits are for the overlay's own objects.
    """
    inside = manifest.inside
    if not hits or inside is None:
        return hits
    is_final = not inside.partial and not is_template(manifest)
    return [
        hit._replace(violation=hit.violation._replace(edits=()))
        for hit in hits
        if (hit.rule.topic != "schema" or (is_final and hit.rule.id != "unknown-kind"))
        and (is_final or not is_placeholder(manifest, hit.violation.path))
    ]


class _ActiveRule(NamedTuple, Generic[_T]):
    """A rule that is on in an environment, with its context and severity there."""

    rule: Rule
    check: Check[_T]
    context: Context
    severity: Severity


@dataclass
class _ActiveRules:
    """The rules that are on in an environment, by the input of their check."""

    any_object: list[_ActiveRule[Manifest]] = field(default_factory=list)
    by_kind: dict[tuple[str, str], list[_ActiveRule[Manifest]]] = field(default_factory=dict)
    pods: list[_ActiveRule[PodTemplate]] = field(default_factory=list)
    sets: list[_ActiveRule[ObjectSet]] = field(default_factory=list)

    def add(self, rule: Rule, severity: Severity, context: Context) -> None:
        """Add a rule; one about the repository is left out."""
        if isinstance(rule, PodRule):
            self.pods.append(_ActiveRule(rule, rule.check, context, severity))
        elif isinstance(rule, SetRule):
            self.sets.append(_ActiveRule(rule, rule.check, context, severity))
        elif isinstance(rule, ObjectRule):
            active = _ActiveRule(rule, rule.check, context, severity)
            if not rule.kinds:
                self.any_object.append(active)
            for kind in rule.kinds:
                self.by_kind.setdefault(kind, []).append(active)
