"""What a change does to the objects of each environment."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from kustodian.model.manifest import ObjectRef


class Kind(StrEnum):
    """What became of an object."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field; `path` names list items by their merge key: `spec.containers[name=server].image`.

    A side that does not have the field is ABSENT.
    """

    path: str
    before: Any
    after: Any


class _Absent:
    def __repr__(self) -> str:
        return "(absent)"


ABSENT = _Absent()


@dataclass(frozen=True, slots=True)
class ObjectChange:
    """One object; `risks` are sentences about what a reviewer should look at twice."""

    object: ObjectRef
    kind: Kind
    fields: tuple[FieldChange, ...] = ()
    risks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OverlayDifference:
    """The changes of one overlay, sorted; `error` where one of the two sides does not render."""

    path: str
    environment: str | None
    changes: tuple[ObjectChange, ...] = ()
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Difference:
    """The whole comparison with a commit; overlays without a change are left out but counted."""

    commit: str
    overlays: tuple[OverlayDifference, ...]
    unchanged: int

    @property
    def incomplete(self) -> bool:
        """Whether some overlay could not be compared."""
        return any(overlay.error is not None for overlay in self.overlays)
