"""What a change makes worse: the findings now, beside those of the revision that it started from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from kustodian.model.check_report import CheckReport, Comparison
from kustodian.model.errors import ExitCode, UserError
from kustodian.model.finding import Finding, Status
from kustodian.render.engine import Engine
from kustodian.repository.layout import find_root
from kustodian.repository.revision import WorkTree, checked_out, head_commit, merge_base, work_tree
from kustodian.review.check import CheckOptions, check


def check_against(
    targets: Iterable[Path], options: CheckOptions, engine: Engine, revision: str, *, staged: bool = False
) -> tuple[CheckReport, str]:
    """Check, and compare with the merge base of HEAD and a revision; the configured failing severity, too.

    What is checked is the work tree, with `staged` the index. Both revisions are checked whole: the result is
    the difference of two full checks. Raises UserError as `check` does, and where git has no such revision.
    """
    paths = [target.resolve() for target in targets] or [Path.cwd()]
    root = find_root(paths[0])
    tree = work_tree(root)
    commit = merge_base(tree, revision)
    inside = [path.relative_to(root) for path in paths if path.is_relative_to(root)]
    before = _base_findings(tree, commit, inside, options, engine)
    if staged:
        with checked_out(tree, head_commit(tree), index=True) as head:
            report, failing = check([head / target for target in inside], options, engine)
            report.root = ""
    else:
        report, failing = check(paths, options, engine)
    compare(report, before, commit)
    return report, failing


def compare(report: CheckReport, before: Iterable[Finding], commit: str) -> None:
    """Mark each finding as new or unchanged, and add those that are gone; fingerprints are counted."""
    kept = [finding for finding in before if finding.waiver is None]
    left = Counter(finding.fingerprint for finding in kept)
    for finding in report.open_findings:
        finding.status = Status.UNCHANGED if left[finding.fingerprint] > 0 else Status.NEW
        left[finding.fingerprint] -= 1
    fixed = []
    for finding in kept:
        if left[finding.fingerprint] > 0:
            left[finding.fingerprint] -= 1
            finding.status = Status.FIXED
            fixed.append(finding)
    report.comparison = Comparison(commit, tuple(fixed))


def _base_findings(
    tree: WorkTree, commit: str, targets: list[Path], options: CheckOptions, engine: Engine
) -> list[Finding]:
    with checked_out(tree, commit) as base:
        existing = [base / target for target in targets if (base / target).exists()]
        if not existing:
            return []
        try:
            report, _ = check(existing, replace(options, stdin=None), engine)
        except UserError as error:
            if error.exit_code == ExitCode.NOTHING_TO_CHECK:
                return []
            raise UserError(
                f"the base revision {commit[:12]} cannot be checked: {error.message}",
                error.file, error.line, hint="compare with a revision that can: --base REV",
                exit_code=error.exit_code,
            ) from error  # fmt: skip
    return report.findings
