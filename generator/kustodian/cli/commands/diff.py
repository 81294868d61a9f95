"""`kustodian diff`: what a change does to the objects of each environment."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from kustodian.model.errors import ExitCode


class DiffFormat(StrEnum):
    """The output formats."""

    TEXT = "text"
    MARKDOWN = "markdown"
    JSON = "json"


def diff(
    targets: Annotated[
        list[str] | None, typer.Argument(help="A repository or overlays; default: the working directory's.")
    ] = None,
    base: Annotated[
        str,
        typer.Option("--base", metavar="REV", help="Compare with the merge base of HEAD and this revision."),
    ] = "HEAD",
    staged: Annotated[bool, typer.Option("--staged", help="Show what is staged, not the work tree.")] = False,
    output: Annotated[
        DiffFormat,
        typer.Option("--format", "-f", help="How to print it; markdown is a comment for a pull request."),
    ] = DiffFormat.TEXT,
    environment: Annotated[
        list[str] | None, typer.Option("--environment", "-e", help="Only this environment; may be repeated.")
    ] = None,
) -> int:
    """Show what changes in each rendered overlay, object by object, and what deserves a second look.

    Example: kustodian diff                       (uncommitted changes)

    Example: kustodian diff --base origin/main --format markdown

    Exit codes: 0 compared, whatever differs; 2 usage error; 3 an overlay could not be rendered.
    """
    from kustodian.cli.engine import the_engine
    from kustodian.report.formats import diff_reporter
    from kustodian.review.check.options import CheckOptions
    from kustodian.review.diff.difference import difference

    options = CheckOptions(environments=tuple(environment or ()))
    with the_engine() as engine:
        found = difference(
            [Path(target) for target in targets or ["."]], options, engine, base, staged=staged
        )
    sys.stdout.write(diff_reporter(output)(found))
    return ExitCode.NOT_CHECKED if found.incomplete else ExitCode.CLEAN
