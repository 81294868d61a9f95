"""The `--format` and `--output` options of commands that end in a report."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from kustodian.cli.boundary import silence_output
from kustodian.model.errors import ExitCode, UserError, nearest
from kustodian.report.formats import FORMATS, Style, reporter

if TYPE_CHECKING:
    from kustodian.model.results.check_report import CheckReport

*_FIRST, _LAST = FORMATS
FORMAT_HELP = f"{', '.join(_FIRST)} or {_LAST}; FORMAT=FILE writes a file; repeatable."
OUTPUT_HELP = "Write the report to this file instead of standard output."
GRAPH_HELP = "Put each overlay's objects and how they relate into the json report."


class Output(NamedTuple):
    """One report to write; `format` is a key of FORMATS, `file` None for standard output."""

    format: str
    file: Path | None = None


class Written(NamedTuple):
    """The text of a report and the file it was written to, None for standard output."""

    file: Path | None
    text: str


def parse_outputs(formats: list[str] | None, output: Path | None) -> list[Output]:
    """Read `--format sarif=out.sarif --format text`, or `--format sarif --output out.sarif`.

    Raises UserError for an unknown format, two reports in one place, or a folder that does not exist.
    """
    outputs = [_parse(given) for given in formats or ([] if output is None else ["text"])]
    if not outputs:
        return [Output("text")]
    free = [entry for entry in outputs if entry.file is None]
    if len(free) > 1:
        place = "one file" if output else "standard output"
        raise UserError(
            f"two reports on {place}: {' and '.join(entry.format for entry in free)}",
            hint=f"name a file: --format {free[-1].format}=FILE",
        )
    if output is not None:
        if not free:
            raise UserError("--output without a format that needs it", hint="every --format names its file")
        outputs = [Output(entry.format, entry.file or output) for entry in outputs]
    _refuse_bad_files([entry.file for entry in outputs if entry.file is not None])
    return outputs


def _refuse_bad_files(named: list[Path]) -> None:
    """Raise UserError for two reports in one file, or a file that cannot exist."""
    seen: set[Path] = set()
    for given in named:
        try:
            file = given.resolve()
            is_folder, has_folder = file.is_dir(), file.parent.is_dir()
        except (OSError, RuntimeError) as error:  # a name that is too long, links in a circle
            reason = getattr(error, "strerror", None) or "its links lead in a circle"
            raise UserError(f"{given} cannot be written: {reason}", hint="name another file") from error
        if file in seen:
            raise UserError(f"two reports in one file: {file.name}", hint="give each format its own file")
        seen.add(file)
        if is_folder or not has_folder:
            what = "is a folder" if is_folder else "is in a folder that does not exist"
            raise UserError(f"{os.path.relpath(file)} {what}", hint="name a file in an existing folder")


def wants_graph(outputs: list[Output]) -> bool:
    """Whether any report shows the graphs of the overlays."""
    return any(FORMATS[entry.format].graphs for entry in outputs)


def wants_proposals(outputs: list[Output]) -> bool:
    """Whether any report shows the changes that `check --fix` would make."""
    return any(FORMATS[entry.format].proposals for entry in outputs)


def write_reports(report: CheckReport, outputs: list[Output], style: Style) -> list[Written]:
    """Render every report, then write the files and print what goes to standard output."""
    rendered = [(entry, _render(report, entry, style)) for entry in outputs]
    for entry, text in rendered:
        if entry.file is not None:
            _write(entry.file, text)
    for entry, text in rendered:
        if entry.file is None:
            _print(text)
        if entry.format == "github":
            _step_summary(report, style)
    return [Written(entry.file.resolve() if entry.file else None, text) for entry, text in rendered]


def _print(text: str) -> None:
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        silence_output()  # the reader (head, less) has closed the pipe: the exit code is the same
    except OSError as error:
        raise UserError(
            f"the report cannot be written: {error.strerror}", exit_code=ExitCode.NOT_CHECKED
        ) from error


def wants_colour() -> bool:
    """Whether standard output is a terminal and NO_COLOR is not set."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR")


def _parse(given: str) -> Output:
    name, separator, file = given.partition("=")
    if name not in FORMATS:
        close = nearest(name, list(FORMATS))
        hint = f"did you mean `{close}`?" if close else f"known: {', '.join(FORMATS)}"
        raise UserError(f"unknown format `{name}`", hint=hint)
    if separator and not file:
        raise UserError(f"`--format {given}` names no file", hint=f"write --format {name}=FILE")
    return Output(name, Path(file) if file else None)


def _render(report: CheckReport, entry: Output, style: Style) -> str:
    colour = entry.file is None and wants_colour()
    return reporter(entry.format)(report, style._replace(colour=colour))


def _write(file: Path, text: str) -> None:
    """Write the file completely or not at all: nobody ever reads half a report."""
    from kustodian.report.escape import encoded
    from kustodian.repository.files import replace_file

    try:
        replace_file(file, encoded(text))
    except OSError as error:
        raise UserError(f"{file} cannot be written: {error.strerror}", hint="name another file") from error


def _step_summary(report: CheckReport, style: Style) -> None:
    """Append the whole report to the summary of a GitHub job, which has no limit of ten annotations."""
    name = os.environ.get("GITHUB_STEP_SUMMARY")
    if not name:
        return
    from kustodian.report.markdown import SUMMARY_LIMIT, as_markdown

    file = Path(name)
    try:
        used = file.stat().st_size if file.exists() else 0
        with file.open("a", encoding="utf-8", errors="backslashreplace") as summary:
            summary.write(as_markdown(report, style, SUMMARY_LIMIT - used) + "\n")
    except OSError as error:
        print(f"warning: the job summary cannot be written: {error.strerror}", file=sys.stderr)
