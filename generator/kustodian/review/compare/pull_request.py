"""`check --base`: compares the findings of two revisions."""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path

from kustodian.model.errors import UserError
from kustodian.model.finding import Finding, Status
from kustodian.model.results.check_report import CheckReport, Comparison
from kustodian.render.engine import Engine
from kustodian.review.check.options import CheckOptions
from kustodian.review.check.run import Run, shown_root
from kustodian.review.compare.matching import is_worse, match, worsening
from kustodian.review.compare.narrow import compare_rules, waivers_differ, without_unused_waivers
from kustodian.review.compare.revisions import Revisions, open_revisions, touched


def check_against(
    targets: Iterable[Path],
    options: CheckOptions,
    engine: Engine,
    revision: str,
    *,
    staged: bool = False,
    whole: bool = False,
    trust_head: bool = False,
) -> tuple[CheckReport, str]:
    """Check, and compare with the merge base of HEAD and a revision.

    Returns the report and the configured severity that fails. Checks the work tree, or with `staged` the
    index. The rules are those of the base, or with `trust_head` each revision's own. Renders only the
    overlays that the change may affect, or with `whole` all of them; either way the new and fixed findings
    are those of two full checks. Raises UserError as `check` does, and for a revision that git does not know.
    """
    if options.stdin is not None:
        raise UserError("--base cannot compare standard input", hint="name files or folders of a repository")
    started = time.perf_counter()
    with open_revisions(
        targets, options, engine, revision, staged=staged, trust_head=trust_head
    ) as revisions:
        report = None if whole else _narrow(revisions)
        report = report or _whole(revisions)
        report.root = shown_root(revisions.root)
    report.seconds = time.perf_counter() - started
    return report, revisions.head.plan.config.fail_on


def check_trusting(
    targets: Iterable[Path], options: CheckOptions, engine: Engine, revision: str, *, staged: bool = False
) -> tuple[CheckReport, str]:
    """Check by the rules of the merge base of HEAD and a revision; otherwise as `check` does."""
    if options.stdin is not None:
        raise UserError("--trust cannot judge standard input", hint="name files or folders of a repository")
    started = time.perf_counter()
    with open_revisions(targets, options, engine, revision, staged=staged) as revisions:
        report = revisions.head.report()
        _propose(revisions.head)
        report.root = shown_root(revisions.root)
    report.seconds = time.perf_counter() - started
    return report, revisions.head.plan.config.fail_on


def compare(report: CheckReport, before: Iterable[Finding], commit: str, untouched: int = 0) -> None:
    """Mark each finding as new, worse or unchanged, and add the fixed ones.

    A waived finding has no status, because a waiver holds for the rule at its place. One that was waived
    before and is worse now gets `worse`, so that reports can count it.
    """
    before = list(before)
    kept = [finding for finding in before if finding.waiver is None]
    matches, fixed = match(report.open_findings, kept)
    for finding, earlier in matches:
        finding.status = Status.NEW if earlier is None else Status.UNCHANGED
        if earlier is not None and is_worse(finding, earlier):
            finding.status = Status.WORSE
            finding.worse = worsening(finding, earlier)
    for finding in fixed:
        finding.status = Status.FIXED
    waived_before = [finding for finding in before if finding.waiver is not None]
    waived_now = [finding for finding in report.findings if finding.waiver is not None]
    for finding, earlier in match(waived_now, waived_before)[0]:
        if earlier is not None and is_worse(finding, earlier):
            finding.worse = worsening(finding, earlier)
    report.comparison = Comparison(commit, tuple(fixed), untouched)


def _narrow(revisions: Revisions) -> CheckReport | None:
    """The comparison with only the affected overlays rendered; None if that is not conclusive."""
    sides = revisions.sides()
    if sides is None:
        return None
    reached = touched(revisions.changes, *sides)
    also_read = compare_rules(*sides, reached.overlays, reached.folders, revisions.changes)
    if also_read is None:
        return None
    old, report = (side.run.finish(files) for side, files in zip(sides, also_read, strict=True))
    if waivers_differ(old.findings, report.findings):
        return None
    _propose(sides[1].run)
    report.findings = without_unused_waivers(report.findings)
    untouched = sum(overlay.path not in reached.overlays for overlay in revisions.head.plan.overlays)
    compare(report, without_unused_waivers(old.findings), revisions.commit, untouched)
    return report


def _propose(run: Run) -> None:
    if run.options.proposals:
        from kustodian.review.fix.proposals import propose

        propose(run)


def _whole(revisions: Revisions) -> CheckReport:
    """The difference of two full checks."""
    base = revisions.whole_base()
    report = revisions.head.report()
    _propose(revisions.head)
    compare(report, base.report().findings if base is not None else [], revisions.commit)
    return report
