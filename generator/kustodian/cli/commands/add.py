"""`kustodian add`: an environment or a component more in a generated repository."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

if TYPE_CHECKING:
    from kustodian.scaffold.answers.model import Answers

app = typer.Typer(
    help="Add an environment or a component to a generated repository.",
    no_args_is_help=True,
    rich_markup_mode=None,
    add_completion=False,
)

_Repository: TypeAlias = Annotated[
    Path, typer.Option("--repository", help="The repository; default: the working directory's.")
]
_DryRun: TypeAlias = Annotated[bool, typer.Option("--dry-run", help="Show the change, write nothing.")]
_NoCheck: TypeAlias = Annotated[bool, typer.Option("--no-check", help="Do not check what was written.")]


@app.callback()
def main() -> None:
    """Add an environment or a component to a generated repository.

    What people have edited since stays; where an edit and the addition meet in the same lines nothing is
    written.
    """


@app.command("environment")
def environment(
    name: Annotated[str, typer.Argument(help="Its name, such as qa.")],
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="One answer, such as class=prod. Repeatable."),
    ] = None,
    repository: _Repository = Path(),
    dry_run: _DryRun = False,
    no_check: _NoCheck = False,
) -> int:
    """Add an environment: its overlay, its namespace in the Argo CD project, its place in kustodian.yaml.

    Its class is its name where that is dev, staging or prod, and staging otherwise.

    Example: kustodian add environment qa --set class=staging --set replicas_min=2
    """
    from kustodian.scaffold.extend import with_environment

    root = _root(repository)
    answers = with_environment(root, name, settings or [])
    return _apply(root, answers, dry_run=dry_run, no_check=no_check)


@app.command("component")
def component(
    name: Annotated[str, typer.Argument(help="A component of the template, such as keda or tracing.")],
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="KEY=VALUE", help="One answer more, such as tracing=zipkin. Repeatable."
        ),
    ] = None,
    repository: _Repository = Path(),
    dry_run: _DryRun = False,
    no_check: _NoCheck = False,
) -> int:
    """Add a component by giving the answer that brings it; it takes the place of another choice.

    Example: kustodian add component keda
    """
    from kustodian.scaffold.extend import answers_of_component, with_component

    root = _root(repository)
    choices = answers_of_component(root, name)
    answers = with_component(root, name, settings or [], choices)
    return _apply(root, answers, dry_run=dry_run, no_check=no_check)


def _root(repository: Path) -> Path:
    from kustodian.repository.layout import find_root

    return find_root(repository.resolve())


def _apply(root: Path, answers: Answers, *, dry_run: bool, no_check: bool) -> int:
    from kustodian.model.installed_files import template_dir
    from kustodian.report.escape import diff_line, plain
    from kustodian.scaffold.extend import changes, diff, write

    try:
        found = changes(root, answers, template_dir())
        if dry_run:
            sys.stdout.writelines(f"{diff_line(line)}\n" for line in diff(found))
            return 0
        write(root, found)
    except KeyboardInterrupt as error:  # typer would forget the signal's number
        from kustodian.cli.signals import exit_code

        typer.echo("interrupted; nothing was left half-done", err=True)
        raise typer.Exit(exit_code(error)) from None
    for change in found:
        sign = "A" if change.before is None else "D" if change.after is None else "M"
        print(plain(f"{sign} {change.path}"))
    print(f"{len(found)} files; look at `git diff`, then a pull request")
    if no_check:
        return 0
    from kustodian.cli.commands.check import check_repository

    return check_repository(root)
