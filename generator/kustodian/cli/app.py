"""Assemble the command line from its subcommands."""

from __future__ import annotations

from importlib import import_module
from typing import Annotated

import typer

#: Subcommands and groups of them in the order of `--help`; each is a module of `commands`.
_SUBCOMMANDS = (
    "new",
    "add",
    "check",
    "where",
    "diff",
    "matrix",
    "export",
    "promote",
    "report",
    "rules",
    "explain",
)
_GROUPS = ("add", "export", "report")


def command_line(only: str | None = None) -> typer.Typer:
    """The command line with all subcommands, or, for a faster start, with `only` one if that exists."""
    app = typer.Typer(
        name="kustodian",
        help="Scaffold and check GitOps repositories that serve machine-learning models on Kubernetes.",
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(main)
    for name in [only] if only in _SUBCOMMANDS else _SUBCOMMANDS:
        module = import_module(f"kustodian.cli.commands.{name}")
        if name in _GROUPS:
            app.add_typer(module.app, name=name)
        else:
            app.command(name)(getattr(module, name))
    return app


def main(
    version: Annotated[bool, typer.Option("--version", "-V", help="Print the version and exit.")] = False,
) -> None:
    """Scaffold and check GitOps repositories that serve machine-learning models on Kubernetes."""
    if version:
        from kustodian import __version__

        print(f"kustodian {__version__}")
        raise typer.Exit(0)
