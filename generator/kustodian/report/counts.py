"""The figures that every report shows, as numbers and in words."""

from __future__ import annotations

from kustodian.model.environment import Severity
from kustodian.model.finding import Finding, Status
from kustodian.model.overlay import NotChecked
from kustodian.model.results.check_report import CheckReport, Comparison, OverlayOutcome


def plural(number: int, word: str) -> str:
    """`1 error`, `2 errors`, `1,204 objects`; `info` has no plural."""
    return f"{number:,} {word}" + ("" if number == 1 or word == "info" else "s")


def found_words(report: CheckReport) -> str:
    """`2 errors, 1 warning, 3 info`, or `no findings`."""
    counts = [(report.count(severity), str(severity)) for severity in reversed(Severity)]
    return ", ".join(plural(number, word) for number, word in counts if number) or "no findings"


def listed(report: CheckReport) -> list[OverlayOutcome]:
    """The overlays that were checked on their own, not as part of another."""
    return [overlay for overlay in report.overlays if overlay.through is None]


def checked(report: CheckReport) -> int:
    """How many overlays were checked."""
    return sum(overlay.error is None for overlay in listed(report))


def failures(report: CheckReport) -> list[tuple[str | None, NotChecked]]:
    """(overlay path or None, reason) of everything that could not be checked."""
    overlays: list[tuple[str | None, NotChecked]] = [(o.path, o.error) for o in report.overlays if o.error]
    return overlays + [(None, error) for error in report.not_checked]


def reported(report: CheckReport, *, waived: bool = False) -> list[Finding]:
    """The findings to act on: in a comparison, those that are new or worse; waived ones only if `waived`."""
    findings = report.findings if waived else report.open_findings
    if report.comparison is None:
        return findings
    return [finding for finding in findings if finding.status is not Status.UNCHANGED]


def compared_words(report: CheckReport) -> str | None:
    """`1 new, 2 fixed, 30 unchanged since 1a2b3c4d5e6f`; None without a comparison."""
    comparison = report.comparison
    if comparison is None:
        return None
    return f"{status_words(report, comparison)} since {comparison.commit[:12]}{untouched_words(comparison)}"


def status_words(report: CheckReport, comparison: Comparison) -> str:
    """`1 new, 2 fixed, 30 unchanged`; what is worse is counted only if there is any."""
    new, worse, unchanged = (
        len(report.with_status(status)) for status in (Status.NEW, Status.WORSE, Status.UNCHANGED)
    )
    more = f", {worse} worse" if worse else ""
    words = f"{new} new{more}, {len(comparison.fixed)} fixed, {unchanged} unchanged"
    waived = len(report.waived_worse)
    verb = "is" if waived == 1 else "are"
    return f"{words}, {plural(waived, 'waived finding')} {verb} worse" if waived else words


def untouched_words(comparison: Comparison) -> str:
    """` (999 overlays read nothing that changed)`; empty where every overlay was checked."""
    if not comparison.untouched:
        return ""
    verb = "reads" if comparison.untouched == 1 else "read"
    return f" ({plural(comparison.untouched, 'overlay')} {verb} nothing that changed)"


def open_by_overlay(report: CheckReport) -> dict[str, dict[Severity, int]]:
    """The number of open findings of each severity, worst first, by overlay; clean overlays are left out."""
    zeros, numbers = dict.fromkeys(reversed(Severity), 0), dict[str, dict[Severity, int]]()
    for finding in report.open_findings:
        if finding.overlay not in numbers:
            numbers[finding.overlay] = zeros.copy()
        numbers[finding.overlay][finding.severity] += 1
    return numbers
