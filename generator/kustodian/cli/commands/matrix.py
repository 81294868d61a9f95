"""`kustodian matrix`: dev, staging and prod side by side."""

from __future__ import annotations

import shutil
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from kustodian.model.errors import ExitCode, UserError


class MatrixFormat(StrEnum):
    """The output formats."""

    TEXT = "text"
    MARKDOWN = "markdown"
    JSON = "json"


def matrix(
    targets: Annotated[
        list[str] | None, typer.Argument(help="A repository or overlays; default: the working directory's.")
    ] = None,
    output: Annotated[
        MatrixFormat, typer.Option("--format", "-f", help="How to print it.")
    ] = MatrixFormat.TEXT,
    only_drift: Annotated[
        bool,
        typer.Option("--drift", help="Only what differs and should not: no sizes, hosts and quotas."),
    ] = False,
    environment: Annotated[
        list[str] | None, typer.Option("--environment", "-e", help="Only this environment; may be repeated.")
    ] = None,
) -> int:
    """Show images, models, pods, resources, GPUs, hosts, secrets and policies of environments side by side.

    Example: kustodian matrix --drift

    Exit codes: 0 shown; 2 usage error; 3 an overlay does not render; 4 no overlay is in an environment.
    """
    from kustodian.cli.engine import the_engine
    from kustodian.report.formats import MatrixStyle, matrix_reporter
    from kustodian.review.check.options import CheckOptions
    from kustodian.review.matrix.matrix import matrices

    options = CheckOptions(environments=tuple(environment or ()))
    with the_engine() as engine:
        found = matrices([Path(target) for target in targets or ["."]], options, engine)
    if not found:
        raise UserError(
            "no overlay is in an environment",
            hint="name the environments in kustodian.yaml: docs/configuration.md",
            exit_code=ExitCode.NOTHING_TO_CHECK,
        )
    style = MatrixStyle(only_drift)
    if sys.stdout.isatty():  # a file or a pipe gets the same bytes whatever the size of the window
        style = style._replace(width=shutil.get_terminal_size().columns)
    sys.stdout.write(matrix_reporter(output)(found, style))
    return ExitCode.NOT_CHECKED if any(one.errors for one in found) else ExitCode.CLEAN
