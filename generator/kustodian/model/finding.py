"""What the checker says: a finding, where it is, and whether a waiver covers it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from kustodian.model.edit import Replacement
from kustodian.model.environment import Severity
from kustodian.model.manifest import ObjectRef

#: Rules that are not ours and have no page: an organisation's Rego, and what a cluster's API server says.
FOREIGN_RULES = ("rego/", "cluster/")


class Location(NamedTuple):
    """A place in a file a person edits; `file` relative to the repository root, line and column 1-based."""

    file: str
    line: int = 1
    column: int = 1
    end_line: int | None = None
    end_column: int | None = None


class AppliedWaiver(NamedTuple):
    """The waiver that covers a finding; `expires` is an ISO date."""

    reason: str
    owner: str
    expires: str
    location: Location | None = None


class Status(StrEnum):
    """What a comparison with another revision says of a finding."""

    NEW = "new"
    UNCHANGED = "unchanged"
    FIXED = "fixed"


@dataclass(slots=True)
class Finding:
    """One violation of one rule in one overlay, at the line a person edits.

    `field` is a formatted path into the rendered object; `fingerprint` stays the same when lines move;
    `fixable` says that `check --fix` knows a safe change, `replacements` are that change where a report
    asks for it.
    """

    rule: str
    severity: Severity
    message: str
    fix: str
    why: str
    environment: str | None
    overlay: str
    object: ObjectRef | None
    field: str
    source: Location
    tags: tuple[str, ...] = ()
    fingerprint: str = ""
    waiver: AppliedWaiver | None = None
    fixable: bool = False
    status: Status | None = None
    replacements: tuple[Replacement, ...] = ()


def finding_order(finding: Finding) -> tuple[int, str, int, str, str, str, str]:
    """The sort key of every report: worst first, then by place."""
    source = finding.source
    return (
        -finding.severity, source.file, source.line, finding.rule, finding.overlay,
        str(finding.object), finding.field,
    )  # fmt: skip
