"""What people read: one cause seen in several overlays (a line of the base) is one entry."""

from __future__ import annotations

from collections.abc import Iterable

from kustodian.model.finding import Finding


def causes(findings: Iterable[Finding]) -> list[list[Finding]]:
    """The findings grouped by cause, the worst cause first; each group in the order given."""
    groups: dict[tuple[object, ...], list[Finding]] = {}
    for finding in findings:
        kind = finding.object.kind if finding.object else ""
        key = (finding.rule, finding.source, kind, finding.field, finding.message, finding.waiver)
        groups.setdefault(key, []).append(finding)
    # A line that is an error in prod and a warning in dev reads as an error.
    return sorted(groups.values(), key=lambda group: -max(f.severity for f in group))


def worst(group: list[Finding]) -> Finding:
    """The finding that stands for its group: the first of the worst severity."""
    return max(group, key=lambda finding: finding.severity)


def places(group: Iterable[Finding]) -> list[str]:
    """The environments (overlays, outside of environments) of a group; empty for the repository itself."""
    names = dict.fromkeys(finding.environment or finding.overlay for finding in group)
    return [name for name in names if name != "."]
