"""The outcome of a check, as every report format gets it."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import NamedTuple

from kustodian.model.environment import Severity
from kustodian.model.finding import Finding, Status
from kustodian.model.overlay import NotChecked
from kustodian.model.results.object_graph import ObjectGraph
from kustodian.model.results.rule_help import RuleHelp
from kustodian.model.results.shard import ShardReport


class OverlayOutcome(NamedTuple):
    """What became of one overlay. `through` names the overlay that it was checked as part of."""

    path: str
    environment: str | None
    objects: int = 0
    error: NotChecked | None = None
    through: str | None = None


class Comparison(NamedTuple):
    """With which commit the findings were compared, and those that it had and the work tree has not.

    Before the first commit it is the empty tree. `untouched` overlays were not rendered
    because nothing that they read differs.
    """

    commit: str
    fixed: tuple[Finding, ...] = ()
    untouched: int = 0


class Inputs(NamedTuple):
    """What a report follows from, beside the command line, the program and what git knows.

    `files` maps what rendering read to its sha256, `absent` is what it looked for and did not find, both
    relative to `root`; `named` are files elsewhere. `started` is when reading began (nanoseconds since the
    epoch), `until` the last day on which the same waivers hold (None: no waiver ends).
    """

    root: Path
    files: Mapping[str, str]
    absent: frozenset[str]
    named: tuple[Path, ...]
    started: int
    until: date | None


@dataclass(slots=True)
class CheckReport:
    """Everything that `check` found, sorted; paths are relative to `root`.

    `root` is the repository root relative to the working directory ("" where they are the same), `prefix`
    relative to the top of the git work tree (not "" where kustodian.yaml lies in a folder of it).
    `not_checked` are failures that belong to no overlay (a rule that raised, a policy that did not load).
    """

    root: str = ""
    overlays: list[OverlayOutcome] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    not_checked: list[NotChecked] = field(default_factory=list)
    rules: int = 0
    policy_results: int = 0
    #: How long it took; None where that is not known (a merged report).
    seconds: float | None = 0.0
    #: The lines of every file that a finding is in, for snippets.
    sources: dict[str, Sequence[str]] = field(default_factory=dict)
    prefix: str = ""
    #: The manual page of every rule with a finding; a Rego rule has none.
    rule_help: dict[str, RuleHelp] = field(default_factory=dict)
    #: By overlay path; empty unless asked for.
    graphs: dict[str, ObjectGraph] = field(default_factory=dict)
    #: Set where the findings were compared with another revision; each open one has a status then.
    comparison: Comparison | None = None
    #: Set where this is one part of a run that was split.
    shard: ShardReport | None = None
    #: Set where the report follows from nothing else, so that it need not be made again.
    inputs: Inputs | None = None

    @property
    def objects(self) -> int:
        """How many objects were looked at, over all overlays."""
        return sum(overlay.objects for overlay in self.overlays)

    @property
    def open_findings(self) -> list[Finding]:
        """The findings that no waiver covers."""
        return [finding for finding in self.findings if finding.waiver is None]

    def with_status(self, status: Status) -> list[Finding]:
        """The open findings of a comparison that are new or unchanged."""
        return [finding for finding in self.open_findings if finding.status is status]

    def count(self, severity: Severity) -> int:
        """How many open findings of one severity."""
        return sum(finding.severity == severity for finding in self.open_findings)

    @property
    def waived(self) -> int:
        """How many findings a waiver covers."""
        return len(self.findings) - len(self.open_findings)

    @property
    def incomplete(self) -> bool:
        """Whether anything could not be checked."""
        return bool(self.not_checked) or any(overlay.error for overlay in self.overlays)

    def in_work_tree(self, file: str) -> str:
        """A file of the repository as forges name it: relative to the top of the git work tree."""
        return posixpath.normpath(posixpath.join(self.prefix, file)) if file != "-" else file

    def shown(self, file: str) -> str:
        """A file of the repository as the user would name it from the working directory."""
        return f"{self.root}/{file}" if self.root and file != "-" else file
