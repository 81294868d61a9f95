"""The violations that rules report: a field of an object or a place in a file, and a sentence."""

from __future__ import annotations

from typing import NamedTuple

from kustodian.model.edit import Edit
from kustodian.model.json_value import FieldPath
from kustodian.model.manifest import Manifest
from kustodian.model.measure import Measure


class Violation(NamedTuple):
    """A violation in an object, found by an object, pod or set rule.

    `path` may lead to a field that does not exist; the finding is then located at the nearest ancestor.
    `manifest` is required from set rules; for others the evaluator knows it. `fix` overrides that of the
    manual page. `edits` are the safe changes that `check --fix` makes, all or none. `measure` is how bad it
    is, required from rules that are `Worse.BY_MEASURE`.
    `part` is what of the value offends, where several texts make it: the `tag` of an image, with its digest.
    """

    path: FieldPath
    message: str
    manifest: Manifest | None = None
    fix: str | None = None
    edits: tuple[Edit, ...] = ()
    measure: Measure | None = None
    part: str = ""


class SourceViolation(NamedTuple):
    """A violation in a file, found by a repository rule; `path` is a field of document `document`.

    `overlay` (its path) and `manifest` are set if the violation concerns one overlay or object. `line` is for
    what no path leads to.
    """

    file: str
    path: FieldPath
    message: str
    document: int = 0
    overlay: str | None = None
    manifest: Manifest | None = None
    fix: str | None = None
    edits: tuple[Edit, ...] = ()
    measure: Measure | None = None
    line: int | None = None
