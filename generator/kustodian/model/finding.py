"""A finding, its location, and the waiver that covers it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from kustodian.model.edit import Replacement
from kustodian.model.environment import Severity
from kustodian.model.manifest import ObjectRef
from kustodian.model.measure import Measure

#: Prefixes of rules without a manual page: the user's own Rego, and errors of a cluster's API server.
FOREIGN_RULES = ("rego/", "cluster/")
#: The prefix of rules about what a change does to the rules that judge it.
GATE_RULES = "gate-changed-"


class Location(NamedTuple):
    """A place in a source file; `file` is relative to the repository root, lines and columns are 1-based."""

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
    """The status of a finding in a comparison with another revision."""

    NEW = "new"
    WORSE = "worse"
    UNCHANGED = "unchanged"
    FIXED = "fixed"


class Worsening(NamedTuple):
    """The offending value of a finding that grew worse, at the base and now; a secret is not in it."""

    was: str
    now: str

    def __str__(self) -> str:
        """`was: …; now: …`."""
        return f"was: {self.was}; now: {self.now}"


@dataclass(slots=True)
class Finding:
    """A violation of a rule in an overlay, located at the source line to edit.

    `field` is a formatted path into the rendered object. `fingerprint` stays the same when lines move;
    `list_place` stays the same when items of a list without a key change places, too. `measure` is how bad
    the finding is, None if it has no degrees; `worse` is set by a comparison.
    `fixable` says whether `check --fix` has a safe change; `replacements` are that change, computed only for
    reports that show it.
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
    list_place: str = ""
    measure: Measure | None = None
    worse: Worsening | None = None

    @property
    def is_about_gate(self) -> bool:
        """Whether it is about a change of the rules that judge the change; reports list those first."""
        return self.rule.startswith(GATE_RULES)


def finding_order(finding: Finding) -> tuple[int, int, str, int, str, str, str, str]:
    """The sort key of reports: changes of the gate, then the most severe first, then by location."""
    source = finding.source
    return (
        not finding.is_about_gate, -finding.severity, source.file, source.line, finding.rule, finding.overlay,
        str(finding.object), finding.field,
    )  # fmt: skip
