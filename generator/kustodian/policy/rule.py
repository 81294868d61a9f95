"""What a rule is.

A rule is one module under `policy/rules/<topic>/`, named after its id, that ends in `RULE = ...`. Its
docstring is its manual page, which `parse_manual` reads. There are six kinds of rule, by the input of their
check: `ObjectRule` (one object), `PodRule` (one pod template), `SetRule` (the objects of an overlay),
`RepositoryRule` (the repository), and two without a check of their own: `WaiverRule` (the waivers) and
`GateRule` (what a change does to the rules that judge it).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from kustodian.kubernetes.object_set import ObjectSet
from kustodian.kubernetes.pods.template import PodTemplate
from kustodian.model.environment import Environment, EnvironmentClass, Severity
from kustodian.model.manifest import Manifest
from kustodian.model.repository.view import RepositoryView
from kustodian.model.violation import SourceViolation, Violation

if TYPE_CHECKING:
    from kustodian.schemas.registry import Schemas


#: The letters of `Rule.severity`.
_SEVERITIES = {"E": Severity.ERROR, "W": Severity.WARNING, "I": Severity.INFO, "-": None}


class Scope(StrEnum):
    """The largest thing that a rule compares: an object, the objects of an overlay, or the repository."""

    OBJECT = "object"
    SET = "set"
    REPOSITORY = "repository"


class Worse(StrEnum):
    """What makes a finding of a rule worse in a later revision, although the fingerprint is the same.

    `NEVER`: it has no degrees: something is missing, is set, or does not work. `BY_MESSAGE`: any other
    message. `BY_VALUE`: any other value at its path. `BY_MEASURE`: the measure of the violation decides.
    """

    NEVER = "never"
    BY_MESSAGE = "by message"
    BY_VALUE = "by value"
    BY_MEASURE = "by measure"


class Context(NamedTuple):
    """The settings that a check gets beside its input.

    `version` is the Kubernetes version, such as (1, 34). `registries` are the allowed registries, empty if
    any is allowed. `options` are the rule's own, defaults filled in.
    """

    environment: Environment
    version: tuple[int, int]
    registries: tuple[str, ...]
    options: Mapping[str, Any]
    schemas: Schemas | None = None


class Option(NamedTuple):
    """An option of a rule; its type is the type of the default."""

    default: bool | int | float | str | tuple[str, ...] | None
    help: str
    choices: tuple[str, ...] = ()


class Manual(NamedTuple):
    """A rule's manual page: `title` one line, `why` and `fix` one or two sentences each."""

    title: str
    why: str
    fix: str
    sections: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Rule:
    """The attributes of every kind of rule.

    `severity` is "dev/staging/prod", one letter each (E error, W warning, I info, - off), as in the
    rule table of the docs. `doc` is the module's docstring. `worse` says what makes a finding worse; the
    message does where a rule leaves it out. Findings of a rule that is not `waivable` cannot
    be waived.
    """

    id: str
    topic: str
    severity: str
    doc: str | None
    tags: tuple[str, ...] = ()
    options: Mapping[str, Option] = field(default_factory=dict)
    waivable: bool = True
    worse: Worse | None = None

    @property
    def scope(self) -> Scope:
        """The largest thing that the rule compares."""
        raise TypeError(f"{type(self).__name__} has no scope")

    @cached_property
    def manual(self) -> Manual:
        """The manual page, read from the docstring."""
        return parse_manual(self.doc or "")

    @cached_property
    def default_severities(self) -> dict[EnvironmentClass, Severity | None]:
        """The severity in each class of environment, None where the rule is off."""
        letters = self.severity.split("/")
        return {key: _SEVERITIES[letter] for key, letter in zip(EnvironmentClass, letters, strict=True)}

    def default_severity(self, environment_class: EnvironmentClass) -> Severity | None:
        """The severity in an environment of that class, None where the rule is off."""
        return self.default_severities[environment_class]

    @property
    def is_error_everywhere(self) -> bool:
        """Whether a finding is an error in every class of environment: something does not work at all."""
        return set(self.default_severities.values()) == {Severity.ERROR}


@dataclass(frozen=True, kw_only=True)
class ObjectRule(Rule):
    """A rule about single objects; `kinds` are their (group, kind) pairs, empty for objects of any kind."""

    check: Callable[[Manifest, Context], Iterable[Violation]]
    kinds: tuple[tuple[str, str], ...] = ()

    @property
    def scope(self) -> Scope:
        """One object."""
        return Scope.OBJECT


@dataclass(frozen=True, kw_only=True)
class PodRule(Rule):
    """A rule about pod templates, of workloads of any kind."""

    check: Callable[[PodTemplate, Context], Iterable[Violation]]

    @property
    def scope(self) -> Scope:
        """One object, the owner of the pod template."""
        return Scope.OBJECT


@dataclass(frozen=True, kw_only=True)
class SetRule(Rule):
    """A rule about objects of an overlay in relation to each other."""

    check: Callable[[ObjectSet, Context], Iterable[Violation]]

    @property
    def scope(self) -> Scope:
        """The objects of an overlay."""
        return Scope.SET


class Reach(StrEnum):
    """How much of the rendered repository one violation depends on, beside the files on disk.

    A comparison of two revisions renders no more than that, so a rule with too small a reach misses
    violations. Overlays with Argo CD's own objects are always rendered.

    `NOTHING`: the list of overlays, with the environment of each and the files that it may read. `OVERLAY`:
    one overlay, or one kustomization with its parts and users; such a rule reports only on
    `RepositoryView.asked_about`. `PAIR`: the overlays of one application in two environments. `ALL`: any
    overlay.
    """

    NOTHING = "nothing"
    OVERLAY = "overlay"
    PAIR = "pair"
    ALL = "all"


@dataclass(frozen=True, kw_only=True)
class RepositoryRule(Rule):
    """A rule about files, history, or overlays in relation to each other.

    `shared` returns everything that violations about different overlays have in common. If it is equal in
    two revisions, and the violations about the overlays that differ are equal too, then so are all others.
    It is called with a view that has the objects of only the differing overlays. A rule with the reach `ALL`
    but without `shared` is always evaluated on all overlays.
    """

    check: Callable[[RepositoryView, Context], Iterable[SourceViolation]]
    reach: Reach = Reach.ALL
    shared: Callable[[RepositoryView], object] | None = None

    @property
    def scope(self) -> Scope:
        """The repository."""
        return Scope.REPOSITORY


@dataclass(frozen=True, kw_only=True)
class WaiverRule(Rule):
    """A rule about the waivers themselves, evaluated by `review.check.waive` after all other rules."""

    waivable: bool = False
    worse: Worse | None = Worse.NEVER

    @property
    def scope(self) -> Scope:
        """The repository."""
        return Scope.REPOSITORY


@dataclass(frozen=True, kw_only=True)
class GateRule(Rule):
    """A rule about what a change does to the rules of the gate, evaluated by `review.gate`.

    The change that is judged cannot waive its findings.
    """

    waivable: bool = False
    worse: Worse | None = Worse.NEVER

    @property
    def scope(self) -> Scope:
        """The repository."""
        return Scope.REPOSITORY


_SECTION = re.compile(r"^(Why|Fix|Wrong|Right|Options|Notes|Source):[ \t]*", re.MULTILINE)


def parse_manual(doc: str) -> Manual:
    """Read a rule's docstring: a title line, then sections: Why, Fix, Wrong, Right, Options, Notes, Source.

    Raises ValueError if the title, Why or Fix is missing.
    """
    import inspect

    parts = _SECTION.split(inspect.cleandoc(doc))
    title = " ".join(parts[0].split())
    sections = {
        name: inspect.cleandoc(body) if "\n" in body else body.strip()
        for name, body in zip(parts[1::2], parts[2::2], strict=True)
    }
    missing = [name for name in ("Why", "Fix") if not sections.get(name)]
    if not title or missing:
        raise ValueError(f"the manual page has no {', '.join(missing) or 'title'}: {title!r}")
    return Manual(title, " ".join(sections["Why"].split()), " ".join(sections["Fix"].split()), sections)
