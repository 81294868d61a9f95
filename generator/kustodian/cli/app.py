"""The subcommands, put together. Their heavy imports wait until one is run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import typer


def _new(app: typer.Typer) -> None:
    from kustodian.cli.new import new

    app.command("new")(new)


def _add(app: typer.Typer) -> None:
    from kustodian.cli.add import app as group

    app.add_typer(group, name="add")


def _check(app: typer.Typer) -> None:
    from kustodian.cli.check import check

    app.command("check")(check)


def _diff(app: typer.Typer) -> None:
    from kustodian.cli.diff import diff

    app.command("diff")(diff)


def _matrix(app: typer.Typer) -> None:
    from kustodian.cli.matrix import matrix

    app.command("matrix")(matrix)


def _export(app: typer.Typer) -> None:
    from kustodian.cli.export import app as group

    app.add_typer(group, name="export")


def _promote(app: typer.Typer) -> None:
    from kustodian.cli.promote import promote

    app.command("promote")(promote)


def _report(app: typer.Typer) -> None:
    from kustodian.cli.report import app as group

    app.add_typer(group, name="report")


def _rules(app: typer.Typer) -> None:
    from kustodian.cli.rules import rules

    app.command("rules")(rules)


def _explain(app: typer.Typer) -> None:
    from kustodian.cli.explain import explain

    app.command("explain")(explain)


#: What adds each subcommand, in the order of `--help`.
_SUBCOMMANDS: dict[str, Callable[[typer.Typer], None]] = {
    "new": _new,
    "add": _add,
    "check": _check,
    "diff": _diff,
    "matrix": _matrix,
    "export": _export,
    "promote": _promote,
    "report": _report,
    "rules": _rules,
    "explain": _explain,
}


def command_line(asked: str | None = None) -> typer.Typer:
    """The command line: with all subcommands, or only with the one that is asked for, which is soon made."""
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
    for name in [asked] if asked in _SUBCOMMANDS else _SUBCOMMANDS:
        _SUBCOMMANDS[name](app)
    return app


def main(
    version: Annotated[bool, typer.Option("--version", "-V", help="Print the version and exit.")] = False,
) -> None:
    """Scaffold and check GitOps repositories that serve machine-learning models on Kubernetes."""
    if version:
        from kustodian import __version__

        print(f"kustodian {__version__}")
        raise typer.Exit(0)
