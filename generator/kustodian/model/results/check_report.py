"""The result of a check, from which every report format is written."""

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
    """The result of one overlay; `through` is the overlay that it was checked as part of."""

    path: str
    environment: str | None
    objects: int = 0
    error: NotChecked | None = None
    through: str | None = None


class Comparison(NamedTuple):
    """The comparison with `commit`, or with the empty tree before the first commit.

    `fixed` are findings that only the commit has. `untouched` is the number of overlays that were not
    rendered because none of the files that they read differs.
    """

    commit: str
    fixed: tuple[Finding, ...] = ()
    untouched: int = 0


class Inputs(NamedTuple):
    """What a report depends on, apart from the command line, the program and git.

    `files` maps the files that rendering read to their sha256, `absent` are paths that it looked for and did
    not find, both relative to `root`; `named` are files elsewhere. `started` is when the run began to read
    (nanoseconds since the epoch), `until` the last day before a waiver expires (None if none does).
    """

    root: Path
    files: Mapping[str, str]
    absent: frozenset[str]
    named: tuple[Path, ...]
    started: int
    until: date | None


@dataclass(slots=True)
class CheckReport:
    """The result of `check`, sorted; paths are relative to the repository root.

    `root` is the repository root relative to the working directory, `prefix` relative to the top of the git
    work tree; both are "" if they are the same. `not_checked` are failures that do not belong to an overlay
    (a rule that raised, a policy that did not load).
    """

    root: str = ""
    overlays: list[OverlayOutcome] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    not_checked: list[NotChecked] = field(default_factory=list)
    rules: int = 0
    policy_results: int = 0
    #: How long the check took; None in a merged report.
    seconds: float | None = 0.0
    #: The lines of every file with a finding, for snippets.
    sources: dict[str, Sequence[str]] = field(default_factory=dict)
    prefix: str = ""
    #: The manual page of every rule with a finding, except Rego rules.
    rule_help: dict[str, RuleHelp] = field(default_factory=dict)
    #: By overlay path; empty unless requested.
    graphs: dict[str, ObjectGraph] = field(default_factory=dict)
    #: Set if the findings were compared with another revision; every open finding then has a status.
    comparison: Comparison | None = None
    #: Set if this is one part of a run that was split.
    shard: ShardReport | None = None
    #: Set if the report depends on nothing else, so that it may be cached.
    inputs: Inputs | None = None

    @property
    def objects(self) -> int:
        """The number of objects in all overlays."""
        return sum(overlay.objects for overlay in self.overlays)

    @property
    def open_findings(self) -> list[Finding]:
        """The findings that no waiver covers."""
        return [finding for finding in self.findings if finding.waiver is None]

    def with_status(self, status: Status) -> list[Finding]:
        """The open findings with a status (after a comparison)."""
        return [finding for finding in self.open_findings if finding.status is status]

    @property
    def waived_worse(self) -> list[Finding]:
        """The findings that were waived at the base as well, and are worse now."""
        return [finding for finding in self.findings if finding.waiver is not None and finding.worse]

    def count(self, severity: Severity) -> int:
        """The number of open findings of a severity."""
        return sum(finding.severity == severity for finding in self.open_findings)

    @property
    def waived(self) -> int:
        """The number of findings that a waiver covers."""
        return len(self.findings) - len(self.open_findings)

    @property
    def incomplete(self) -> bool:
        """Whether anything could not be checked."""
        return bool(self.not_checked) or any(overlay.error for overlay in self.overlays)

    def in_work_tree(self, file: str) -> str:
        """The path of a file relative to the top of the git work tree, as forges expect it."""
        return posixpath.normpath(posixpath.join(self.prefix, file)) if file != "-" else file

    def shown(self, file: str) -> str:
        """The path of a file relative to the working directory."""
        return f"{self.root}/{file}" if self.root and file != "-" else file
