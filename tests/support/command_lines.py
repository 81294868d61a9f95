"""Command lines in documents and scripts, and whether `kustodian` would take those that are its own."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

import typer
import typer.core
import typer.main
from typer._click.exceptions import UsageError

from kustodian.cli.app import command_line

_INLINE = re.compile(r"`([^`\n]+)`")
_PROMPT = re.compile(r"^\s*[$#] (.*)$")


def documented(markdown: str) -> Iterator[list[str]]:
    """The words of each command in a Markdown text: behind a prompt in a code block, or alone between backticks."""
    block = False
    lines = iter(markdown.splitlines())
    for line in lines:
        if line.lstrip().startswith("```"):
            block = not block
        elif block:
            prompt = _PROMPT.match(line)
            if prompt:
                text = prompt[1]
                while text.endswith("\\"):
                    text = text[:-1] + next(lines)
                yield from commands(text)
        else:
            for inline in _INLINE.findall(line):
                yield from commands(inline)


def commands(shell: str) -> Iterator[list[str]]:
    """The words of each simple command of a line of shell, without its redirections and comment."""
    lexer = shlex.shlex(shell, posix=True, punctuation_chars=True)
    words: list[str] = []
    skip = False
    try:
        for word in lexer:
            if set(word) <= set("();|&"):
                yield words
                words = []
            elif set(word) <= set("<>"):
                skip = True
            elif skip:
                skip = False
            else:
                words.append(word)
    except ValueError:  # an apostrophe of a sentence: no command
        return
    yield words


def kustodian_problem(words: list[str]) -> str | None:
    """What the real command line says against `kustodian ...`; None where it takes it. Nothing is run."""
    command = typer.main.get_command(command_line())
    name, arguments, parent = words[0], words[1:], None
    try:
        while True:
            context = command.make_context(name, list(arguments), parent=parent)
            if not isinstance(command, typer.core.TyperGroup):
                return None
            rest = [*context._protected_args, *context.args]
            if not rest:
                return None
            found, subcommand, arguments = command.resolve_command(context, rest)
            assert found is not None and subcommand is not None
            name, command, parent = found, subcommand, context
    except typer.Exit:
        return None  # --help, --version
    except UsageError as error:
        return f"{shlex.join(words)}: {error.format_message()}"
