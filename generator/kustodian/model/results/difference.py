"""The differences between the rendered objects of two revisions."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from kustodian.model.manifest import ObjectRef


class Kind(StrEnum):
    """The kind of change of an object or an overlay."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class FieldChange:
    """The change of a field; `path` identifies list items by merge key: `spec.containers[name=server].image`.

    Items without a merge key are identified by their index: after the change, or before it if they were
    removed. A side without the field is ABSENT. The path of a whole object is empty.
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
    """The change of an object; `risks` are sentences about what a reviewer should examine.

    An added or removed object has one field: itself, with the empty path.
    """

    object: ObjectRef
    kind: Kind
    fields: tuple[FieldChange, ...] = ()
    risks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OverlayDifference:
    """The changes of an overlay, sorted; `error` is set if one of the two sides does not render.

    `kind` is ADDED or REMOVED if only one side has the overlay. `before` is its path at the base if it was
    renamed. `notes` are sentences about the overlay as a whole.
    """

    path: str
    environment: str | None
    changes: tuple[ObjectChange, ...] = ()
    error: str | None = None
    kind: Kind = Kind.CHANGED
    before: str | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Difference:
    """The comparison with a commit; `unchanged` is the number of overlays without changes."""

    commit: str
    overlays: tuple[OverlayDifference, ...]
    unchanged: int

    @property
    def incomplete(self) -> bool:
        """Whether an overlay could not be compared."""
        return any(overlay.error is not None for overlay in self.overlays)
