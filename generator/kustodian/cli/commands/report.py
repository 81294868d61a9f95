"""`kustodian report`: work on reports that were written before."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kustodian.cli.commands.check import FailOn, exit_code
from kustodian.cli.output import FORMAT_HELP, GRAPH_HELP, OUTPUT_HELP, parse_outputs, write_reports
from kustodian.model.errors import ExitCode, UserError
from kustodian.report.formats import Style

if TYPE_CHECKING:
    from kustodian.model.results.check_report import CheckReport

app = typer.Typer(help="Work on reports that were written before.", no_args_is_help=True)


@app.callback()
def report() -> None:
    """Work on reports that were written before."""


@app.command("merge")
def merge(
    files: Annotated[list[Path], typer.Argument(help="Reports that `check --format json=FILE` wrote.")],
    formats: Annotated[
        list[str] | None, typer.Option("--format", "-f", metavar="FORMAT[=FILE]", help=FORMAT_HELP)
    ] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help=OUTPUT_HELP)] = None,
    fail_on: Annotated[
        FailOn | None,
        typer.Option("--fail-on", help="Mildest severity that exits with 1 (default: as the parts ran)."),
    ] = None,
    show_waived: Annotated[
        bool, typer.Option("--show-waived", help="List waived findings with their waiver.")
    ] = False,
    graph: Annotated[bool, typer.Option("--graph", help=GRAPH_HELP)] = False,
) -> int:
    """Merge the json reports of `check --shard`, or of several folders, into one.

    The result is that of the check in one piece. Run it in the folder in which the checks ran: source lines
    are read from there.

    Example: kustodian report merge part-*.json --format sarif=report.sarif

    Exit codes: as those of check; 2 where a part is missing or of another run.
    """
    from kustodian.model.environment import Severity
    from kustodian.report.json.read import read_json
    from kustodian.report.merge import merge as merged

    outputs = parse_outputs(formats, output)
    reports = {str(file): read_json(_read(file), str(file)) for file in dict.fromkeys(files)}
    if len(reports) < len(files):
        raise UserError("a file is named twice", hint="give each report once")
    result = merged(reports)
    if not result.overlays and not result.not_checked:
        raise UserError(
            "these reports contain no overlay",
            hint="look at the targets of the checks",
            exit_code=ExitCode.NOTHING_TO_CHECK,
        )
    _complete(result)
    configured = {part.shard.fail_on for part in reports.values() if part.shard} or {"error"}
    mildest = FailOn(str(min(Severity.parse(word) for word in configured)))
    chosen = fail_on or FailOn.NEW
    threshold = mildest if chosen in (FailOn.NEW, FailOn.ALL) else chosen
    write_reports(result, outputs, Style(Severity.parse(threshold), show_waived, graph))
    return exit_code(result, chosen, mildest)


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise UserError(f"cannot be read: {error.strerror}", str(file), hint="name a report") from error


def _complete(result: CheckReport) -> None:
    """Add what a report file does not contain: source lines, the rules' pages, the place in the work tree."""
    from kustodian.repository.layout import work_tree_prefix
    from kustodian.review.check.rule_help import rule_help_of

    folder = Path.cwd()
    result.prefix = work_tree_prefix(folder)
    result.rule_help = rule_help_of(result.findings)
    for name in sorted({finding.source.file for finding in result.findings}):
        try:
            result.sources[name] = (folder / name).read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError):
            continue  # the report then has no snippet
