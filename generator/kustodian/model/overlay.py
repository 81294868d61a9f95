"""Overlays before and after rendering."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from kustodian.model.environment import Environment
from kustodian.model.json_value import JsonObject
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
    """A failure, warning or exception of a Rego policy; `object` is an index into the overlay's objects."""

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
    """

    overlay: Overlay
    objects: list[Manifest] = field(default_factory=list)
    error: NotChecked | None = None
    files: dict[str, str] = field(default_factory=dict)
    absent: tuple[str, ...] = ()
    policy: tuple[PolicyResult, ...] = ()
    policy_successes: int = 0
    may_read: frozenset[str] = frozenset()
