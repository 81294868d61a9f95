"""Safe changes that rules propose: an `Edit` of a field, or a `Replacement` of text in a file."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, NamedTuple

from kustodian.model.json_value import FieldPath


class Action(StrEnum):
    """The kinds of edits."""

    SET = "set"
    REMOVE = "remove"
    MOVE_TO_END = "move-to-end"
    #: Rewrite a deprecated field of a kustomization as its successor; `value` is the field's name.
    MODERNIZE = "modernize"


class Edit(NamedTuple):
    """A change of the field at `path` of a rendered object, or of a file if the finding is about a file.

    `value` is what SET writes, as plain JSON values. An existing field is changed where it was set; a new one
    is added where the object is written.
    """

    action: Action
    path: FieldPath
    value: Any = None


def set_field(path: FieldPath, value: Any) -> tuple[Edit, ...]:
    """The edits that set one field."""
    return (Edit(Action.SET, path, value),)


class Replacement(NamedTuple):
    """Replace a range of a file by `text`; the end is exclusive, and an empty range inserts.

    Lines and columns are 1-based, and columns count characters. `file` is relative to the repository root.
    """

    file: str
    line: int
    column: int
    end_line: int
    end_column: int
    text: str
