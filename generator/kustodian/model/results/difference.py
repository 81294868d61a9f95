"""What a change does to the objects of each environment."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from kustodian.model.manifest import ObjectRef


class Kind(StrEnum):
    """What became of an object, or of an overlay."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field; `path` names list items by their merge key: `spec.containers[name=server].image`.

    Items without one go by their index: after the change, or before it for one that is gone. A side that
    does not have the field is ABSENT. The path of a whole object is empty.
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
    """One object; `risks` are sentences about what a reviewer should look at twice.

    An object that came or went has one field, itself.
    """

    object: ObjectRef
    kind: Kind
    fields: tuple[FieldChange, ...] = ()
    risks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OverlayDifference:
    """The changes of one overlay, sorted; `error` where one of the two sides does not render.

    `kind` is ADDED or REMOVED where only one side has the overlay; `before` is its path at the base where
    its folder has another name now; `notes` are sentences about the overlay as a whole.
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
    """The whole comparison with a commit; overlays without a change are left out but counted."""

    commit: str
    overlays: tuple[OverlayDifference, ...]
    unchanged: int

    @property
    def incomplete(self) -> bool:
        """Whether some overlay could not be compared."""
        return any(overlay.error is not None for overlay in self.overlays)
