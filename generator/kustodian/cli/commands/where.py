"""`kustodian where`: the text that a value of a rendered object comes from."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from kustodian.cli.options import Environments
from kustodian.model.errors import ExitCode, UserError


class WhereFormat(StrEnum):
    """The output formats of `where`."""

    TEXT = "text"
    JSON = "json"


def where(
    target: Annotated[str, typer.Argument(help="An overlay, or a repository for all of them.")] = ".",
    wanted: Annotated[
        str | None,
        typer.Argument(metavar="[KIND/NAME]", help="Only this object, for example Deployment/iris."),
    ] = None,
    field: Annotated[
        str | None, typer.Argument(metavar="[FIELD]", help="Only this field, written as in a report.")
    ] = None,
    line: Annotated[
        str | None,
        typer.Option(
            "--line", metavar="FILE:LINE", help="The other way: every value that this line ends up in."
        ),
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every value of every object.")] = False,
    output: Annotated[WhereFormat, typer.Option("--format", "-f", help="Output format.")] = WhereFormat.TEXT,
    environment: Environments = None,
) -> int:
    """Show the line that a value of a rendered object comes from, and what it replaced on the way.

    Example: kustodian where overlays/prod Deployment/iris spec.replicas

    Example: kustodian where overlays/prod Deployment/iris    (every value of the object)

    Example: kustodian where --line base/deployment.yaml:9    (where does this line end up?)

    Exit codes: 0 shown; 2 usage error; 3 an overlay does not render; 4 nothing comes from the line.
    """
    if not (wanted or line or everything):
        raise UserError(
            "name an object, or use --line or --all", hint="for example kustodian where . Deployment/iris"
        )
    from kustodian.cli.engine import the_engine
    from kustodian.report.formats import where_reporter
    from kustodian.review.check.options import CheckOptions
    from kustodian.review.where.origins import Question, value_origins

    options = CheckOptions(environments=tuple(environment or ()))
    question = Question(wanted or "", field or "", _line(line) if line else None)
    with the_engine() as engine:
        found = value_origins([Path(target)], question, options, engine)
    sys.stdout.write(where_reporter(output)(found))
    return ExitCode.NOT_CHECKED if found.errors else ExitCode.CLEAN


def _line(text: str) -> tuple[str, int]:
    file, _, number = text.rpartition(":")
    if not file or not number.isdecimal() or int(number) < 1:
        raise UserError(f"`{text}` is not a line of a file", hint="write --line base/deployment.yaml:9")
    return file, int(number)
