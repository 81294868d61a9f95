"""The entry point of `check`: a run, then proposals of fixes."""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path

from kustodian.model.results.check_report import CheckReport
from kustodian.render.engine import Engine
from kustodian.review.check.options import CheckOptions
from kustodian.review.check.run import shown_root, start
from kustodian.review.fix.proposals import propose


def check(targets: Iterable[Path], options: CheckOptions, engine: Engine) -> tuple[CheckReport, str]:
    """Check every target; all must lie in one repository. Returns the report and the failing severity.

    Raises UserError for a missing target, an error in the configuration or in Rego, or if there is nothing to
    check. Overlays that do not render are in the report.
    """
    started, clock = time.perf_counter(), time.time_ns()
    run = start(targets, options, engine)
    report = run.report()
    if options.proposals:
        propose(run)
    report.root = shown_root(run.plan.root)
    report.seconds = time.perf_counter() - started
    report.inputs = run.inputs(clock)
    return report, run.plan.config.fail_on
