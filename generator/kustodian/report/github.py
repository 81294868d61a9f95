"""`--format github`: annotations on the lines of a pull request, by GitHub's workflow commands.

GitHub shows ten annotations of each type (error, warning, notice) from one step and silently drops the
others. Therefore only the worst causes become annotations, each once; the job summary has room for all.

Source: GitHub documentation, "Workflow commands for GitHub Actions"; the limit: "Usage limits" of
annotations (10 of each type a step, 50 a job).
"""

from __future__ import annotations

from kustodian.model.environment import Severity
from kustodian.model.finding import Finding
from kustodian.model.overlay import NotChecked
from kustodian.model.results.check_report import CheckReport
from kustodian.report.causes import causes, places, worst
from kustodian.report.counts import checked, compared_words, failures, found_words, plural, reported
from kustodian.report.escape import plain, workflow
from kustodian.report.formats import Style

LIMIT = 10
_COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}


def as_github(report: CheckReport, _: Style) -> str:
    """The workflow commands, at most ten of each type, and a summary line for the log."""
    lines: list[str] = []
    used = dict.fromkeys(_COMMANDS.values(), 0)
    left_out = 0
    for overlay, error in failures(report):
        left_out += _add(lines, used, "error", _failure(report, overlay, error))
    # Of causes with the same severity, the one with most findings comes first.
    groups = sorted(
        causes(reported(report)),
        key=lambda group: (not group[0].is_about_gate, -worst(group).severity, -len(group)),
    )
    for group in groups:
        left_out += _add(lines, used, _COMMANDS[worst(group).severity], _annotation(report, group))
    compared = compared_words(report)
    summary = f"{found_words(report)} in {plural(checked(report), 'overlay')}"
    summary += f" ({compared})" if compared else ""
    summary += f"; {plural(len(failures(report)), 'thing')} NOT CHECKED" if report.incomplete else ""
    if left_out:
        summary += (
            f"; {plural(left_out, 'more cause')} only in the job summary: GitHub shows {LIMIT} of a type"
        )
    return "".join(f"{line}\n" for line in [*lines, summary])


def _add(lines: list[str], used: dict[str, int], command: str, rest: str) -> int:
    """Add a command if its type has room; return how many were left out (0 or 1)."""
    if used[command] >= LIMIT:
        return 1
    used[command] += 1
    lines.append(f"::{command} {rest}")
    return 0


def _annotation(report: CheckReport, group: list[Finding]) -> str:
    finding = worst(group)
    source = finding.source
    properties = {"title": finding.rule}
    if source.file != "-":
        properties = {"file": report.in_work_tree(source.file), "line": str(source.line)}
        # GitHub accepts columns only for a range within one line.
        if source.end_line in (None, source.line):
            properties["col"] = str(source.column)
            if source.end_column is not None:
                properties["endColumn"] = str(source.end_column)
        else:
            properties["endLine"] = str(source.end_line)
        properties["title"] = finding.rule
    where = ", ".join(places(group))
    about = f"{finding.object}" if finding.object else ""
    text = f"{plain(finding.message)}\n"
    text += "".join(
        f"{name}: {plain(value)}\n"
        for name, value in (
            ("worse", str(finding.worse or "")),
            ("in", where),
            ("object", about),
            ("why", finding.why),
            ("fix", finding.fix),
        )
        if value
    )
    return _written(properties, text.rstrip())


def _failure(report: CheckReport, overlay: str | None, error: NotChecked) -> str:
    file = error.file or overlay
    properties = {"file": report.in_work_tree(file)} if file and file != "-" else {}
    if error.file and error.line:
        properties["line"] = str(error.line)
    properties["title"] = f"not checked: {error.code}"
    return _written(properties, plain(error.message))


def _written(properties: dict[str, str], message: str) -> str:
    listed = ",".join(f"{name}={workflow(plain(value), ':,')}" for name, value in properties.items())
    return f"{listed}::{workflow(message)}"
