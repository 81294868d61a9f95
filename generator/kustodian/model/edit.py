"""Safe changes that rules propose: an `Edit` of a field, and a `Replacement` of text in a file."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, NamedTuple

from kustodian.model.json_value import FieldPath


class Action(StrEnum):
    """What to do with the field."""

    SET = "set"
    REMOVE = "remove"
    MOVE_TO_END = "move-to-end"
    #: A deprecated field of a kustomization is written as its successor; `value` is the field's name.
    MODERNIZE = "modernize"


class Edit(NamedTuple):
    """A change of the field at `path`: of the rendered object, or of the file where the finding is about one.

    `value` is what SET writes, as plain JSON values. A field that does not exist is made where the object is
    written; one that exists is changed where it was set.
    """

    action: Action
    path: FieldPath
    value: Any = None


def set_field(path: FieldPath, value: Any) -> tuple[Edit, ...]:
    """The edit that writes one field."""
    return (Edit(Action.SET, path, value),)


class Replacement(NamedTuple):
    """Put `text` in the place of a stretch of a file; the end is exclusive, an empty stretch inserts.

    Lines and columns are 1-based, columns count characters. `file` is relative to the repository root.
    """

    file: str
    line: int
    column: int
    end_line: int
    end_column: int
    text: str
