"""Overlays (anything that is checked as one whole) before and after rendering."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from kustodian.model.environment import Environment
from kustodian.model.json_value import JsonObject
from kustodian.model.manifest import Manifest


@dataclass(frozen=True, slots=True)
class Overlay:
    """One unit of checking: a kustomization directory, or a manifest file or folder.

    `path` is relative to the repository root ("." for the root itself, "-" for stdin).
    """

    path: str
    environment: Environment = field(default_factory=Environment)
    files: tuple[str, ...] = ()

    @property
    def is_kustomization(self) -> bool:
        """Whether kustomize renders it (else `files` are read as plain manifests)."""
        return not self.files


class NotChecked(NamedTuple):
    """Why an overlay could not be checked; `code` is stable ("remote-base", "component", "yaml" ...)."""

    code: str
    message: str
    file: str | None = None
    line: int | None = None
    column: int | None = None
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class PolicyResult:
    """One failure, warning or exception of a Rego policy on one object (an index into `objects`)."""

    object: int
    namespace: str
    query: str
    level: str
    message: str
    metadata: JsonObject = field(default_factory=dict)


@dataclass(slots=True)
class RenderedOverlay:
    """What rendering gave: objects, or the reason there are none.

    `files` maps each file that was read (relative to the repository root) to its sha256;
    `absent` are paths that were looked for and not there. An overlay that was not rendered has nothing but
    `may_read`: files that rendering it may read.
    """

    overlay: Overlay
    objects: list[Manifest] = field(default_factory=list)
    error: NotChecked | None = None
    files: dict[str, str] = field(default_factory=dict)
    absent: tuple[str, ...] = ()
    policy: tuple[PolicyResult, ...] = ()
    policy_successes: int = 0
    may_read: frozenset[str] = frozenset()
