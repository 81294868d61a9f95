"""What `kustodian where` found: where the values of rendered objects are written."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from kustodian.model.finding import Location
from kustodian.model.json_value import FieldPath
from kustodian.model.manifest import ObjectRef


class Earlier(NamedTuple):
    """A value that a later one replaced, and where it is written; `location` is None if no file has it."""

    value: str
    location: Location | None
    by: str


class ValueOrigin(NamedTuple):
    """The text whose change changes one value of a rendered object.

    `by` says what put the value there: origin, patch, image, replica, label, annotation, namespace, prefix,
    suffix, generator, replacement, helm, or the kind of another transformer. `exact` is false, with a
    `reason`, if no single text has the value. `chain` lists the values that it replaced, the latest first.
    `line` is the text of the line.
    """

    object: ObjectRef
    field: FieldPath
    value: Any
    location: Location | None
    by: str
    exact: bool
    reason: str = ""
    chain: tuple[Earlier, ...] = ()
    overlay: str = ""
    environment: str | None = None
    line: str = ""


@dataclass(slots=True)
class ValueOrigins:
    """The values asked for, and the overlays that do not render, each with its message."""

    values: list[ValueOrigin] = field(default_factory=list)
    errors: list[tuple[str, str]] = field(default_factory=list)
