"""Findings grouped by cause: a line of the base that shows in several overlays is one entry for people."""

from __future__ import annotations

from collections.abc import Iterable

from kustodian.model.finding import Finding


def causes(findings: Iterable[Finding]) -> list[list[Finding]]:
    """The findings grouped by cause: changes of the gate, then the worst cause first.

    Within a group they are in the given order.
    """
    groups: dict[tuple[object, ...], list[Finding]] = {}
    for finding in findings:
        kind = finding.object.kind if finding.object else ""
        key = (
            finding.rule, finding.source, kind, finding.field, finding.message, finding.waiver, finding.worse,
        )  # fmt: skip
        groups.setdefault(key, []).append(finding)
    # A cause that is an error in prod and a warning in dev is listed with the errors.
    return sorted(
        groups.values(), key=lambda group: (not group[0].is_about_gate, -max(f.severity for f in group))
    )


def worst(group: list[Finding]) -> Finding:
    """The first finding of the worst severity; it represents its group."""
    return max(group, key=lambda finding: finding.severity)


def places(group: Iterable[Finding]) -> list[str]:
    """The environments of a group, or overlays outside of environments; empty for the repository itself."""
    names = dict.fromkeys(finding.environment or finding.overlay for finding in group)
    return [name for name in names if name != "."]
