"""`kustodian new`: answers to a repository."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kustodian.model.errors import ExitCode, UserError

if TYPE_CHECKING:
    from kustodian.scaffold.answers.model import Answers


def new(
    directory: Annotated[
        Path | None, typer.Argument(metavar="DIR", help="Folder to write; must not exist yet, or be empty.")
    ] = None,
    preset: Annotated[str | None, typer.Option(help="Start from the answers of a preset.")] = None,
    defaults: Annotated[bool, typer.Option("--defaults", help="Ask nothing; take the defaults.")] = False,
    answers: Annotated[
        Path | None, typer.Option(help="Ask nothing; read the answers from a YAML or JSON file.")
    ] = None,
    assignments: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            help="Give one answer, such as environments.prod.replicas_min=4. Repeatable.",
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print the tree and the diff against DIR; write nothing.")
    ] = False,
    print_schema: Annotated[
        bool, typer.Option("--print-schema", help="Print the JSON Schema of an answers file.")
    ] = False,
    list_presets: Annotated[bool, typer.Option("--list-presets", help="List the presets.")] = False,
    no_git: Annotated[bool, typer.Option("--no-git", help="Make no git repository and no commit.")] = False,
    no_check: Annotated[bool, typer.Option("--no-check", help="Do not check what was written.")] = False,
) -> None:
    """Generate a repository that serves a model, and check it.

    Without --defaults or --answers the questions are asked on the terminal.

    Example: kustodian new iris-model --defaults --set environments.prod.replicas_min=4
    """
    if print_schema:
        _print_schema()
    elif list_presets:
        _print_presets()
    elif directory is None:
        raise UserError(
            "no folder was named", hint="write `kustodian new DIR`, such as `kustodian new iris-model`"
        )
    else:
        from kustodian.scaffold.writing.interrupts import Interrupts

        try:
            with Interrupts():
                chosen = _answers(preset, defaults, answers, assignments or [])
            if dry_run:
                _print_plan(chosen, directory)
                return
            _write(chosen, directory, no_git)
        except KeyboardInterrupt as error:
            from kustodian.cli.signals import exit_code

            typer.echo("interrupted: nothing was written", err=True)
            raise typer.Exit(exit_code(error)) from None
        code = ExitCode.CLEAN if no_check else _check(directory)
        _print_next_steps(chosen, directory)
        raise typer.Exit(code)


def _answers(preset: str | None, defaults: bool, file: Path | None, assignments: list[str]) -> Answers:
    """The answers from wherever they come: preset, answers file, `--set`, then a person."""
    asks = not defaults and file is None
    if asks and not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise UserError("there is no terminal to ask questions on", hint="use --defaults or --answers FILE")
    from kustodian.scaffold.answers.complete import complete
    from kustodian.scaffold.answers.given import Given

    given = Given()
    if preset is not None:
        from kustodian.scaffold.presets import preset_file

        given.add_file(preset_file(preset), f"preset {preset}")
    if file is not None:
        given.add_file(file)
    for assignment in assignments:
        given.set(assignment)
    if asks:
        from kustodian.scaffold.answers.prompts import ask_all

        fixed = frozenset(assignment.partition("=")[0].split(".")[0] for assignment in assignments)
        terminal = _Terminal()
        terminal.say("Enter takes the answer in brackets. Ctrl-C stops; nothing is written before the end.")
        ask_all(given, fixed, terminal)
    return complete(given)


class _Terminal:
    """Questions go to stderr: what is printed on stdout may be piped."""

    def say(self, text: str) -> None:
        typer.echo(text, err=True)

    def ask(self, question: str, default: str) -> str:
        try:
            typer.echo(f"{question} [{default}]: ", nl=False, err=True)
            return input()
        except EOFError:
            raise KeyboardInterrupt from None


def _write(answers: Answers, directory: Path, no_git: bool) -> None:
    from kustodian.model.installed_files import template_dir
    from kustodian.scaffold.writing.first_commit import enclosing_repository, make_first_commit
    from kustodian.scaffold.writing.writer import write

    outer = enclosing_repository(directory)
    said: list[str] = []

    def finish(root: Path) -> None:
        if no_git:
            return
        if outer is not None:
            said.append(
                f"no repository of its own: {directory} stands in the git repository {outer}; commit it there"
            )
            return
        said.append(make_first_commit(root, answers.git_branch))

    files = write(answers, directory, template_dir(), finish)
    environments = ", ".join(answers.environments)
    typer.echo(f"{directory}: {len(files)} files for the environments {environments}")
    for sentence in said:
        typer.echo(f"  {sentence}")


def _check(directory: Path) -> int:
    from kustodian.cli.commands.check import check_repository

    return check_repository(directory)


def _print_next_steps(answers: Answers, directory: Path) -> None:
    typer.echo("Next:")
    typer.echo(f"  cd {directory}; README.md says what is where, and how a change reaches prod")
    typer.echo(f"  git remote add origin {answers.repo_url} && git push -u origin {answers.git_branch}")
    typer.echo("  argocd/README.md says how Argo CD is told of the repository, once")


def _print_plan(answers: Answers, directory: Path) -> None:
    from kustodian.cli.output import wants_colour
    from kustodian.model.installed_files import template_dir
    from kustodian.report.escape import diff_line
    from kustodian.scaffold.writing.plan import plan, tree
    from kustodian.scaffold.writing.writer import refuse_occupied

    made = plan(answers, directory, template_dir())
    diff = list(map(diff_line, made.diff))
    diff = list(map(_painted, diff)) if wants_colour() else diff
    # Not through rich, which would turn tabs into spaces: the diff is one that `git apply` takes.
    print(*tree(f"{directory}/", made.files), *diff, sep="\n")
    try:
        refuse_occupied(directory)
    except UserError as error:
        typer.echo(f"without --dry-run this would be refused: {error}", err=True)


def _painted(line: str) -> str:
    """A line of a unified diff in the colours that git gives it."""
    if line.startswith(("diff ", "new file ", "--- ", "+++ ")):
        return f"\x1b[1m{line}\x1b[m"
    colours = {"+": 32, "-": 31, "@": 36}
    return f"\x1b[{colours[line[0]]}m{line}\x1b[m" if line[:1] in colours else line


def _print_schema() -> None:
    import json

    from kustodian.scaffold.answers.schema import answers_schema

    typer.echo(json.dumps(answers_schema(), indent=2))


def _print_presets() -> None:
    from kustodian.scaffold.presets import preset_names, preset_purpose

    names = preset_names()
    width = max(len(name) for name in names)
    for name in names:
        typer.echo(f"{name:<{width}}  {preset_purpose(name)}")
