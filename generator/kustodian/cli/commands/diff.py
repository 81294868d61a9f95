"""`kustodian diff`: compare the rendered objects of two revisions."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from kustodian.cli.options import Environments, OutputFormat, Targets
from kustodian.model.errors import ExitCode


def diff(
    targets: Targets = None,
    base: Annotated[
        str,
        typer.Option("--base", metavar="REV", help="Compare with the merge base of HEAD and this revision."),
    ] = "HEAD",
    staged: Annotated[
        bool, typer.Option("--staged", help="Compare the index instead of the work tree.")
    ] = False,
    output: Annotated[
        OutputFormat,
        typer.Option("--format", "-f", help="Output format; markdown is meant for a pull request comment."),
    ] = OutputFormat.TEXT,
    environment: Environments = None,
) -> int:
    """Show the changes of each rendered overlay, object by object, and the risks in them.

    Example: kustodian diff    (uncommitted changes)

    Example: kustodian diff --base origin/main --format markdown

    Exit codes: 0 compared, with or without changes; 2 usage error; 3 an overlay does not render.
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
