"""`kustodian matrix`: compare the environments side by side."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Annotated

import typer

from kustodian.cli.options import Environments, OutputFormat, Targets
from kustodian.model.errors import ExitCode, UserError


def matrix(
    targets: Targets = None,
    output: Annotated[
        OutputFormat, typer.Option("--format", "-f", help="Output format.")
    ] = OutputFormat.TEXT,
    only_drift: Annotated[
        bool,
        typer.Option("--drift", help="Only unintended differences: no sizes, hosts and quotas."),
    ] = False,
    environment: Environments = None,
) -> int:
    """Show images, models, pods, resources, GPUs, hosts, secrets and policies of environments side by side.

    Example: kustodian matrix --drift

    Exit codes: 0 shown; 2 usage error; 3 an overlay does not render; 4 no overlay belongs to an environment.
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
            "no overlay belongs to an environment",
            hint="configure environments in kustodian.yaml: docs/configuration.md",
            exit_code=ExitCode.NOTHING_TO_CHECK,
        )
    style = MatrixStyle(only_drift)
    if sys.stdout.isatty():  # a file or a pipe gets the same bytes whatever the size of the window
        style = style._replace(width=shutil.get_terminal_size().columns)
    sys.stdout.write(matrix_reporter(output)(found, style))
    return ExitCode.NOT_CHECKED if any(one.errors for one in found) else ExitCode.CLEAN
