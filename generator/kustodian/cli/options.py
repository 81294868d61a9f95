"""Arguments and options that several commands share."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, TypeAlias

import typer

Targets: TypeAlias = Annotated[
    list[str] | None, typer.Argument(help="A repository or overlays; default: the working directory's.")
]
Environments: TypeAlias = Annotated[
    list[str] | None, typer.Option("--environment", "-e", help="Only this environment; may be repeated.")
]


class OutputFormat(StrEnum):
    """The output formats of commands that compare overlays."""

    TEXT = "text"
    MARKDOWN = "markdown"
    JSON = "json"
