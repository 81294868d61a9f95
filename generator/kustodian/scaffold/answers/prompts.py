"""Ask the questions on a terminal, one at a time; a wrong answer is refused at once, with the reason."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from kustodian.scaffold.answers.complete import Problem, as_error, examine
from kustodian.scaffold.answers.environment import Environment, spelled_out
from kustodian.scaffold.answers.given import Given
from kustodian.scaffold.answers.model import Answers
from kustodian.scaffold.answers.questions import Question, questions_of


class Terminal(Protocol):
    """Where questions are asked."""

    def say(self, text: str) -> None:
        """Print a line."""

    def ask(self, question: str, default: str) -> str:
        """Print the question with its default; the line typed, empty for the default."""


def ask_all(given: Given, fixed: frozenset[str], terminal: Terminal) -> None:
    """Ask every question that has a choice, whose condition holds and whose key is not in `fixed`.

    The answers are stored in `given`; the values already there are offered as defaults. Raises UserError if
    those are wrong.
    """
    _, problems = examine(given.values, fixed)
    if problems:
        raise as_error(problems, given)
    answered = set(fixed)
    for question in questions_of(Answers):
        if question.key == "environments" or not _is_asked(question, _now(given), None):
            answered.add(question.key)
        elif question.key not in fixed:
            answered.add(question.key)
            _ask_answer(given, question, frozenset(answered), terminal)
    if "environments" not in fixed:
        _ask_environments(given, terminal)


def _ask_answer(given: Given, question: Question, known: frozenset[str], terminal: Terminal) -> None:
    _show(question, terminal)
    while True:
        default = getattr(_now(given), question.key)
        reply = _reply(question, default, terminal)
        values = dict(given.values) if reply == "" else {**given.values, question.key: reply}
        problems = examine(values, known)[1]
        if not problems:
            given.values = values
            return
        _refuse(problems, terminal)


def _ask_environments(given: Given, terminal: Terminal) -> None:
    terminal.say("\nEnvironments, in the order of promotion")
    while True:
        now = _now(given)
        names = terminal.ask("environments", ", ".join(now.environments)).strip()
        values = dict(given.values)
        if names:
            said = _said(given)
            values["environments"] = {
                name: said.get(name, {}) for part in names.split(",") if (name := part.strip())
            }
        problems = examine(values)[1]
        if not problems:
            given.values = values
            break
        _refuse(problems, terminal)
    while True:
        now = _now(given)
        for name, environment in now.environments.items():
            terminal.say(f"  {name:<12} {_summary(now, environment)}")
        name = terminal.ask("change one of them", "no").strip()
        if name in ("", "no"):
            return
        if name not in now.environments:
            terminal.say(
                f"  there is no {name}: type one of {', '.join(now.environments)}, or nothing to go on"
            )
            continue
        _ask_environment(given, name, terminal)


def _ask_environment(given: Given, name: str, terminal: Terminal) -> None:
    """Ask about one environment; after a conflict, say what it is and ask all its questions again."""
    while True:
        for question in questions_of(Environment):
            now = _now(given)
            if _is_asked(question, now, now.environments[name]):
                _ask_environment_answer(given, name, question, terminal)
        problems = examine(given.values)[1]
        if not problems:
            return
        _refuse(problems, terminal)


def _ask_environment_answer(given: Given, name: str, question: Question, terminal: Terminal) -> None:
    _show(question, terminal)
    while True:
        default = _now(given).environments[name].model_dump(by_alias=True)[question.key]
        reply = _reply(question, default, terminal)
        if reply == "":
            return
        said = _said(given)
        values = {**given.values, "environments": {**said, name: {**said[name], question.key: reply}}}
        problems = examine(values, frozenset())[1]
        if not problems:
            given.values = values
            return
        _refuse(problems, terminal)


def _is_asked(question: Question, answers: Answers, environment: Environment | None) -> bool:
    if question.choices and len(question.choices) == 1:
        return False
    if question.ask_unless is None:
        return True
    values = answers.values()
    return question.ask_unless.holds(
        values | environment.model_dump(by_alias=True) if environment else values
    )


def _show(question: Question, terminal: Terminal) -> None:
    terminal.say(f"\n{question.help}")
    width = max((len(choice) for choice in question.choices), default=0)
    for number, (choice, meaning) in enumerate(question.choices.items(), start=1):
        terminal.say(f"  {number} {choice:<{width}}  {meaning}")


def _reply(question: Question, default: object, terminal: Terminal) -> str:
    shown = str(default).lower() if isinstance(default, bool) else str(default)
    reply = terminal.ask(question.key, shown).strip()
    if question.choices and reply.isdecimal() and 1 <= int(reply) <= len(question.choices):
        return list(question.choices)[int(reply) - 1]
    return reply


def _refuse(problems: list[Problem], terminal: Terminal) -> None:
    for problem in problems:
        terminal.say(f"  {problem.message}" + (f" ({problem.hint})" if problem.hint else ""))


def _summary(answers: Answers, environment: Environment) -> str:
    values = environment.model_dump(by_alias=True)
    asked = [question for question in questions_of(Environment) if _is_asked(question, answers, environment)]
    return "  ".join(
        f"{question.key}={values[question.key]}" for question in asked if values[question.key] != ""
    )


def _said(given: Given) -> dict[str, dict[str, object]]:
    """The given answers of each environment, without the defaults."""
    said = spelled_out(given.values.get("environments", list(_now(given).environments)))
    if not isinstance(said, Mapping):
        return {}
    return {str(name): dict(own) if isinstance(own, Mapping) else {} for name, own in said.items()}


def _now(given: Given) -> Answers:
    """The answers so far, with defaults for the rest; conflicts are not checked here."""
    answers, _ = examine(given.values, frozenset())
    if answers is None:
        raise AssertionError("ask_all refused malformed answers before asking")
    return answers
