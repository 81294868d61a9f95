"""The subcommands, put together. Their heavy imports wait until one is run."""

from __future__ import annotations

from typing import Annotated

import typer

from kustodian.cli import add, check, diff, explain, export, matrix, new, promote, report, rules

app = typer.Typer(
    name="kustodian",
    help="Scaffold and check GitOps repositories that serve machine-learning models on Kubernetes.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def main(
    version: Annotated[bool, typer.Option("--version", "-V", help="Print the version and exit.")] = False,
) -> None:
    """Scaffold and check GitOps repositories that serve machine-learning models on Kubernetes."""
    if version:
        from kustodian import __version__

        print(f"kustodian {__version__}")
        raise typer.Exit(0)


app.command("new")(new.new)
app.add_typer(add.app, name="add")
app.command("check")(check.check)
app.command("diff")(diff.diff)
app.command("matrix")(matrix.matrix)
app.add_typer(export.app, name="export")
app.command("promote")(promote.promote)
app.add_typer(report.app, name="report")
app.command("rules")(rules.rules)
app.command("explain")(explain.explain)
