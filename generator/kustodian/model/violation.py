"""What a rule reports: a field or a place in a file, and one sentence."""

from __future__ import annotations

from typing import NamedTuple

from kustodian.model.edit import Edit
from kustodian.model.json_value import FieldPath
from kustodian.model.manifest import Manifest


class Violation(NamedTuple):
    """What an object, pod or set rule found: the field (of the object that owns it) and one sentence.

    `path` may name a field that does not exist; the finding is then located at the nearest ancestor.
    `manifest` is needed from set rules; elsewhere the evaluator knows it. `fix` overrides the manual's.
    `edits` are what `check --fix` does about it, all of them or none; only safe ones are given.
    """

    path: FieldPath
    message: str
    manifest: Manifest | None = None
    fix: str | None = None
    edits: tuple[Edit, ...] = ()


class SourceViolation(NamedTuple):
    """What a repo rule found: a place in a file. `path` leads into document `document` of that file.

    `overlay` (its path) and `manifest` are given where the finding is about one overlay or object.
    """

    file: str
    path: FieldPath
    message: str
    document: int = 0
    overlay: str | None = None
    manifest: Manifest | None = None
    fix: str | None = None
    edits: tuple[Edit, ...] = ()
