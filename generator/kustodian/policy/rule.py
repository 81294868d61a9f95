"""What a rule is.

A rule is one module under `policy/rules/<topic>/`, named by its id, that ends in `RULE = ...`. Its
docstring is its manual page; `parse_manual` reads it. Three kinds of rule see three sizes of input:
one object (or one pod template of it), all objects of an overlay, or the whole repository.
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
from kustodian.model.repository_view import RepositoryView
from kustodian.model.violation import SourceViolation, Violation

if TYPE_CHECKING:
    from kustodian.schemas.registry import Schemas


class Scope(StrEnum):
    """How much a rule needs to see."""

    OBJECT = "object"
    SET = "set"
    REPOSITORY = "repository"


class Context(NamedTuple):
    """What a check may know beside its input.

    `version` is the Kubernetes version, (1, 34); `registries` the allow list (empty: any); `options`
    the rule's own, defaults filled in.
    """

    environment: Environment
    version: tuple[int, int]
    registries: tuple[str, ...]
    options: Mapping[str, Any]
    schemas: Schemas | None = None


class Option(NamedTuple):
    """A per-rule option; its type is the type of the default."""

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
    """What every kind of rule has.

    `severity` is "dev/staging/prod", one letter each (E error, W warning, I info, - off), as in the
    rule table of the docs. `doc` is the module's docstring.
    """

    id: str
    topic: str
    severity: str
    doc: str | None
    tags: tuple[str, ...] = ()
    options: Mapping[str, Option] = field(default_factory=dict)
    waivable: bool = True

    @property
    def scope(self) -> Scope:
        """What the rule needs to see."""
        raise TypeError(f"{type(self).__name__} has no scope")

    @cached_property
    def manual(self) -> Manual:
        """The manual page, read from the docstring."""
        return parse_manual(self.doc or "")

    def default_severity(self, environment_class: EnvironmentClass) -> Severity | None:
        """The severity in an environment of that class, None where the rule is off."""
        column = list(EnvironmentClass).index(environment_class)
        letter = self.severity.split("/")[column]
        return {"E": Severity.ERROR, "W": Severity.WARNING, "I": Severity.INFO, "-": None}[letter]


@dataclass(frozen=True, kw_only=True)
class ObjectRule(Rule):
    """One object decides. `kinds` are (group, kind) pairs, empty for every object."""

    check: Callable[[Manifest, Context], Iterable[Violation]]
    kinds: tuple[tuple[str, str], ...] = ()

    @property
    def scope(self) -> Scope:
        """One object."""
        return Scope.OBJECT


@dataclass(frozen=True, kw_only=True)
class PodRule(Rule):
    """One pod template decides, whoever owns it."""

    check: Callable[[PodTemplate, Context], Iterable[Violation]]

    @property
    def scope(self) -> Scope:
        """One object: the one that owns the pod template."""
        return Scope.OBJECT


@dataclass(frozen=True, kw_only=True)
class SetRule(Rule):
    """The overlay's other objects matter."""

    check: Callable[[ObjectSet, Context], Iterable[Violation]]

    @property
    def scope(self) -> Scope:
        """All objects of an overlay."""
        return Scope.SET


class Reach(StrEnum):
    """How much of the rendered repository decides about one violation, beside the files on disk.

    A comparison of two revisions renders no more than that, so a rule that says too little misses what a
    change makes worse. Argo CD's own objects are always rendered.

    `NOTHING`: which overlays there are, the environment of each and the files it may read. `OVERLAY`: one
    overlay, or one kustomization with its parts and users; such a rule looks at `RepositoryView.asked_about`
    only. `PAIR`: the overlays of one application in two environments. `ALL`: any overlay.
    """

    NOTHING = "nothing"
    OVERLAY = "overlay"
    PAIR = "pair"
    ALL = "all"


@dataclass(frozen=True, kw_only=True)
class RepositoryRule(Rule):
    """Files, other overlays or history matter.

    `shared` is what all violations depend on, so that few have to be looked for: where it is the same in two
    revisions, and the violations about the overlays that differ are the same, all violations are. It sees
    both revisions with the objects of only those overlays. Without it, a rule with the reach `ALL` looks at
    everything.
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
    """A rule about the waivers themselves; `review.waive` finds its violations once all others are known."""

    waivable: bool = False

    @property
    def scope(self) -> Scope:
        """The repository."""
        return Scope.REPOSITORY


_SECTION = re.compile(r"^(Why|Fix|Wrong|Right|Options|Notes|Source):[ \t]*", re.MULTILINE)


def parse_manual(doc: str) -> Manual:
    """Read a rule's docstring: a title line, then sections `Why: Fix: Wrong: Right: Notes: Source:`.

    Raises ValueError where the title, Why or Fix is missing (a test holds every rule to it).
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
        raise ValueError(f"the manual page lacks {', '.join(missing) or 'its title'}: {title!r}")
    return Manual(title, " ".join(sections["Why"].split()), " ".join(sections["Fix"].split()), sections)
