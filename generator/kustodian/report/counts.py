"""Numbers in words, and the figures that every report gives."""

from __future__ import annotations

from kustodian.model.environment import Severity
from kustodian.model.finding import FOREIGN_RULES, Finding, Status
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
    """The overlays that were checked by themselves (not as part of another)."""
    return [overlay for overlay in report.overlays if overlay.through is None]


def checked(report: CheckReport) -> int:
    """How many overlays were checked."""
    return sum(overlay.error is None for overlay in listed(report))


def failures(report: CheckReport) -> list[tuple[str | None, NotChecked]]:
    """(overlay path or None, reason) of everything that could not be checked."""
    overlays: list[tuple[str | None, NotChecked]] = [(o.path, o.error) for o in report.overlays if o.error]
    return overlays + [(None, error) for error in report.not_checked]


def rule_page(report: CheckReport, rule: str) -> str | None:
    """The command that explains the rule; None for a rule that is not ours."""
    return None if rule.startswith(FOREIGN_RULES) else f"kustodian explain {rule}"


def reported(report: CheckReport) -> list[Finding]:
    """The open findings that ask for something: in a comparison, the new ones."""
    if report.comparison is None:
        return report.open_findings
    return [finding for finding in report.open_findings if finding.status is not Status.UNCHANGED]


def compared_words(report: CheckReport) -> str | None:
    """`1 new, 2 fixed, 30 unchanged since 1a2b3c4d5e6f`; None without a comparison."""
    if report.comparison is None:
        return None
    new, unchanged = (len(report.with_status(status)) for status in (Status.NEW, Status.UNCHANGED))
    fixed = len(report.comparison.fixed)
    words = f"{new} new, {fixed} fixed, {unchanged} unchanged since {report.comparison.commit[:12]}"
    return words + untouched_words(report.comparison)


def untouched_words(comparison: Comparison) -> str:
    """` (999 overlays read nothing that changed)`; empty where everything was checked."""
    if not comparison.untouched:
        return ""
    verb = "reads" if comparison.untouched == 1 else "read"
    return f" ({plural(comparison.untouched, 'overlay')} {verb} nothing that changed)"


def open_by_overlay(report: CheckReport) -> dict[str, dict[Severity, int]]:
    """How many open findings of each severity every overlay has, worst first; none where it is clean."""
    none, numbers = dict.fromkeys(reversed(Severity), 0), dict[str, dict[Severity, int]]()
    for finding in report.open_findings:
        if finding.overlay not in numbers:
            numbers[finding.overlay] = none.copy()
        numbers[finding.overlay][finding.severity] += 1
    return numbers
