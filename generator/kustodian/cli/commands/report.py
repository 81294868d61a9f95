"""`kustodian report`: work on reports that were written before."""

from __future__ import annotations

import contextlib
import os
from errno import EFBIG
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kustodian.cli.commands.check import FailOn, exit_code
from kustodian.cli.output import FORMAT_HELP, GRAPH_HELP, OUTPUT_HELP, parse_outputs, write_reports
from kustodian.model.errors import ExitCode, UserError
from kustodian.report.formats import Style

if TYPE_CHECKING:
    from kustodian.model.results.check_report import CheckReport

#: The most bytes of all reports together, and of the files that they quote.
_MOST_BYTES = 128 * 1024 * 1024

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
    room = _MOST_BYTES
    reports: dict[str, CheckReport] = {}
    for file in dict.fromkeys(files):
        content = _read(file, room)
        room -= len(content)
        reports[str(file)] = read_json(content, str(file))
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


def _read(file: Path, room: int) -> bytes:
    """The content of a report, at most `room` bytes. Raises UserError if it is not a file of that size."""
    from kustodian.repository.files import read_regular

    try:
        return read_regular(file, room)
    except OSError as error:
        hint = "name a report" if error.errno != EFBIG else "merge fewer reports at once"
        raise UserError(f"cannot be read: {error.strerror}", str(file), hint=hint) from error


def _complete(result: CheckReport) -> None:
    """Add what a report file does not contain: source lines, the rules' pages, the place in the work tree."""
    from kustodian.repository.files import read_inside, repository_files
    from kustodian.repository.layout import marked_root, work_tree_prefix
    from kustodian.repository.lines import Lines
    from kustodian.review.check.rule_help import rule_help_of

    folder = Path.cwd()
    result.prefix = work_tree_prefix(folder)
    result.rule_help = rule_help_of(result.findings)
    root = marked_root(folder) or folder
    # A report may name any file: one of the repository is quoted, and no other, not even an ignored one.
    present = frozenset(repository_files(root))
    room = _MOST_BYTES
    for name in sorted({finding.source.file for finding in result.findings}):
        path = os.path.normpath(folder / name)
        if os.path.relpath(path, root) not in present:
            continue
        with contextlib.suppress(OSError, UnicodeDecodeError):  # the report then has no snippet
            content = read_inside(Path(path), root, room)
            result.sources[name] = Lines(content.decode("utf-8"))
            room -= len(content)
