"""Compares `check --base` with two full checks, in a git repository on disk."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterable
from copy import deepcopy
from pathlib import Path
from typing import NamedTuple

from hypothesis import currently_in_test_context, event

from kustodian.model.errors import UserError
from kustodian.model.finding import Finding, Status
from kustodian.model.results.check_report import CheckReport
from kustodian.render.engine import Engine
from kustodian.review.check.options import CheckOptions
from kustodian.review.compare.pull_request import check_against, check_trusting, compare
from kustodian.review.entry import check
from tests.unit.review.narrow.histories import Change, History
from tests.unit.review.narrow.texts import LINK


class Summary(NamedTuple):
    """The findings of a comparison, as texts."""

    new: Counter[str]
    worse: Counter[str]
    fixed: Counter[str]
    waived_worse: Counter[str]


NOTHING = Summary(Counter(), Counter(), Counter(), Counter())


def assert_same_as_full_checks(engine: Engine, history: History, staged: bool) -> Summary:
    """Compare `check --base` with two full checks, one of a clone that stayed at the first commit.

    Returns what differs. A history with a configuration error is passed over.
    """
    folder = Path(tempfile.mkdtemp(prefix="kustodian-narrow-"))
    try:
        root = folder / "repository"
        base = _repository(root, *history)
        head = _index_of(root) if staged else root
        before, own = _full(base, engine), _full(head, engine)
        if before is None or own is None:
            _note("not checkable")
            return NOTHING  # an environment without an overlay is a configuration error
        trusting, _ = check_trusting([root], CheckOptions(), engine, "first", staged=staged)
        gate = [finding for finding in trusting.open_findings if finding.is_about_gate]
        _note(f"the rules differ: {bool(gate)}")
        if gate:
            _compare(engine, root, before, own, staged=staged, trust_head=True)
        else:
            said = "rules that do not differ give what the change's own give"
            assert _counted(trusting.open_findings) == _counted(own.open_findings), said
        return _compare(engine, root, before, trusting, staged=staged, trust_head=False)
    finally:
        shutil.rmtree(folder)


def _compare(
    engine: Engine, root: Path, before: CheckReport, after: CheckReport, *, staged: bool, trust_head: bool
) -> Summary:
    """Compare `check --base` with two full checks; returns what differs."""
    report, _ = check_against([root], CheckOptions(), engine, "first", staged=staged, trust_head=trust_head)
    assert report.comparison is not None
    _note(f"overlays left out: {report.comparison.untouched > 0}")
    compare(after, deepcopy(before.findings), "first")
    summary = _summary(after)
    _note(f"something is new or fixed: {bool(summary.new or summary.fixed)}")
    _note(f"something is worse: {bool(summary.worse or summary.waived_worse)}")
    assert _summary(report) == summary
    return summary


def _summary(report: CheckReport) -> Summary:
    assert report.comparison is not None
    return Summary(
        _counted(report.with_status(Status.NEW)),
        _counted(report.with_status(Status.WORSE)),
        _counted(report.comparison.fixed),
        _counted(report.waived_worse),
    )


def _full(root: Path, engine: Engine) -> CheckReport | None:
    """The report of a full check; None if the configuration is wrong."""
    try:
        return check([root], CheckOptions(), engine)[0]
    except UserError as error:
        _note(f"refused: {error.message.partition(':')[0]}")
        return None


def _counted(findings: Iterable[Finding]) -> Counter[str]:
    return Counter(
        f"{finding.rule} {finding.overlay} {finding.fingerprint} {finding.worse}" for finding in findings
    )


def _note(text: str) -> None:
    """Count an event in hypothesis's statistics, if it runs the test."""
    if currently_in_test_context():
        event(text)


def _git(root: Path, *arguments: str) -> None:
    identity = ("-c", "user.name=T", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *identity, *arguments], cwd=root, check=True, capture_output=True)


def _write(root: Path, files: Iterable[tuple[str, str | None]]) -> None:
    for name, text in files:
        path = root / name
        path.unlink(missing_ok=True)  # never through a link
        if text is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            if text.startswith(LINK):
                path.symlink_to(text.removeprefix(LINK))
            else:
                path.write_text(text)


def _repository(root: Path, first: dict[str, str], changes: list[Change]) -> Path:
    """Make a repository with these changes; returns a clone of it at its first commit."""
    root.mkdir()
    _git(root, "init", "--quiet", "--initial-branch", "main")
    _write(root, first.items())
    _git(root, "add", "--all")
    _git(root, "commit", "--quiet", "--message", "first")
    _git(root, "clone", "--quiet", ".", str(root.parent / "base"))
    _git(root, "tag", "first")
    for change in changes[:-1]:
        _write(root, change.items())
        _git(root, "add", "--all")
        _git(root, "commit", "--quiet", "--allow-empty", "--message", "next")
    _write(root, changes[-1].items())
    return root.parent / "base"


def _index_of(root: Path) -> Path:
    """Stage everything, then break some files; returns a clone with the staged files as its work tree."""
    _git(root, "add", "--all")
    for number, path in enumerate(sorted(root.rglob("*.yaml"))):
        if number % 5 == 0 and path.is_file() and not path.is_symlink():
            path.write_text("not: [staged\n")
    clone = root.parent / "index"
    _git(root, "clone", "--quiet", "--no-checkout", ".", str(clone))
    _git(root, "checkout-index", "--all", f"--prefix={clone}/")
    shutil.copy(root / ".git" / "index", clone / ".git" / "index")
    return clone
