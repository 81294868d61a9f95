"""Overlays before and after rendering."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from kustodian.model.environment import Environment
from kustodian.model.json_value import FieldPath, JsonObject
from kustodian.model.manifest import Manifest


@dataclass(frozen=True, slots=True)
class Overlay:
    """A unit of checking: a kustomization folder, or a manifest file or folder.

    `path` is relative to the repository root ("." for the root itself, "-" for stdin).
    """

    path: str
    environment: Environment = field(default_factory=Environment)
    files: tuple[str, ...] = ()

    @property
    def is_kustomization(self) -> bool:
        """Whether kustomize renders it; else `files` are read as plain manifests."""
        return not self.files


class NotChecked(NamedTuple):
    """Why an overlay could not be checked; `code` is stable ("remote-base", "component", "yaml", ...)."""

    code: str
    message: str
    file: str | None = None
    line: int | None = None
    column: int | None = None
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class PolicyResult:
    """A failure, warning or exception of a Rego policy; `object` indexes `RenderedOverlay.evaluated`."""

    object: int
    namespace: str
    query: str
    level: str
    message: str
    metadata: JsonObject = field(default_factory=dict)


class Evaluated(NamedTuple):
    """The results of the policies for one overlay; with an `error` they are not complete."""

    results: tuple[PolicyResult, ...] = ()
    successes: int = 0
    error: NotChecked | None = None


@dataclass(slots=True)
class RenderedOverlay:
    """The result of rendering an overlay: objects, or an error; both if a policy cannot be evaluated.

    `files` maps each file that was read (relative to the repository root) to its sha256; `absent` are paths
    that were looked for and do not exist. An overlay that was not rendered has only `may_read`, the files
    that rendering it may read.

    `opened` are the objects inside the objects, which a controller creates from them. `objects` has the items
    of Lists instead of the `lists`. `unread` are texts inside objects with manifests that do not parse.
    """

    overlay: Overlay
    objects: list[Manifest] = field(default_factory=list)
    error: NotChecked | None = None
    files: dict[str, str] = field(default_factory=dict)
    absent: tuple[str, ...] = ()
    policy: tuple[PolicyResult, ...] = ()
    policy_successes: int = 0
    may_read: frozenset[str] = frozenset()
    opened: list[Manifest] = field(default_factory=list)
    lists: list[Manifest] = field(default_factory=list)
    unread: list[tuple[Manifest, FieldPath]] = field(default_factory=list)

    @property
    def evaluated(self) -> list[Manifest]:
        """The objects that policies are evaluated on, in this order."""
        return [*self.objects, *self.opened, *self.lists]
