"""Check the given answers and fill in the rest; an error names the answer, its place and what to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from kustodian.model.errors import UserError, nearest
from kustodian.scaffold.answers.environment import Environment
from kustodian.scaffold.answers.given import Given
from kustodian.scaffold.answers.model import Answers
from kustodian.scaffold.answers.questions import Question, questions_of
from kustodian_template.answers.formats import SecretInAnswerError
from kustodian_template.conflicts import refusals


@dataclass(frozen=True)
class Problem:
    """One refused answer: its path, what is wrong, what to do; `of_key` where the key itself is wrong.

    `reads` are the answers whose combination is refused; empty where one answer alone is wrong.
    """

    path: tuple[str, ...]
    message: str
    hint: str | None = None
    of_key: bool = False
    reads: tuple[str, ...] = ()


def complete(given: Given) -> Answers:
    """All answers, with defaults for what was not given.

    Raises UserError for the first answer that is unknown, malformed, or does not go with another.
    """
    answers, problems = examine(given.values)
    if answers is None or problems:
        raise as_error(problems, given)
    return answers


def as_error(problems: list[Problem], given: Given) -> UserError:
    """An error for the first problem, at its place, with the number of further problems."""
    first = problems[0]
    spot = given.place(first.path, of_key=first.of_key)
    for answer in first.reads:
        # The answer to blame may be a default; then point at the given answer that it conflicts with.
        if spot.file is None:
            spot = given.place((answer,))
    more = len(problems) - 1
    rest = f"; {more} more {'answers are' if more > 1 else 'answer is'} refused" if more else ""
    return UserError(first.message + rest, spot.file, spot.line, spot.column, first.hint)


def examine(
    values: Mapping[str, object], known: frozenset[str] | None = None
) -> tuple[Answers | None, list[Problem]]:
    """The answers (None if one is malformed) and the problems; `known` as in `conflicts.refusals`."""
    try:
        answers = Answers.model_validate(dict(values))
    except ValidationError as error:
        return None, _problems(error)
    given = answers.values()
    return answers, [
        Problem(found.path, found.sentence, of_key=len(found.path) == 2, reads=found.conflict.reads)
        for found in refusals(given, given["environments"], known)
    ]


def _problems(error: ValidationError) -> list[Problem]:
    """Our problems for pydantic's errors, without errors that only follow from another."""
    found = [
        _problem(details)
        for details in error.errors(include_url=False)
        if details["type"] != "default_factory_not_called"
    ]
    bad_names = {problem.path for problem in found if problem.of_key and len(problem.path) == 2}
    return [problem for problem in found if len(problem.path) < 3 or problem.path[:2] not in bad_names]


def _problem(details: ErrorDetails) -> Problem:
    """Our sentence for one of pydantic's errors (https://docs.pydantic.dev/latest/errors/validation_errors/)."""
    path = tuple(str(part) for part in details["loc"])
    if not path:  # a key that is not Unicode text
        return Problem(
            path,
            f"unknown answer {details['input']!a}",
            "the answers are: " + ", ".join(sorted(Answers.model_fields)),
        )
    of_key = path[-1] == "[key]"
    path = path[:-1] if of_key else path
    name = ".".join(path)
    kind = details["type"]
    value = _shown(details["input"])
    if kind == "extra_forbidden":
        known = {question.key for question in _questions_beside(path)}
        near = nearest(path[-1], known)
        hint = f"did you mean {near}?" if near else "the answers are: " + ", ".join(sorted(known))
        return Problem(path, f"unknown answer {name}", hint, of_key=True)
    if kind == "value_error":
        said = details.get("ctx", {}).get("error")
        subject = "the name of an environment" if of_key else name
        not_this = "" if isinstance(said, SecretInAnswerError) else f", not {value}"
        return Problem(path, f"{subject} {said}{not_this}", None, of_key)
    if kind == "literal_error":
        choices = next(q.choices for q in _questions_beside(path) if q.key == path[-1])
        near = nearest(str(details["input"]), set(choices))
        suggestion = f"did you mean {near}? " if near else ""
        return Problem(path, f"{name} cannot be {value}", f"{suggestion}choose one of: {', '.join(choices)}")
    if kind == "string_type":
        quotable = isinstance(details["input"], (int, float, date))
        return Problem(path, f"{name} must be text, not {value}", "put it in quotes" if quotable else None)
    if kind in ("dict_type", "mapping_type", "model_type"):
        return Problem(path, f"{name} must be a mapping, not {value}", "write key: value lines below it")
    if kind in ("too_short", "too_long"):
        return Problem(
            path, f"{name} must hold 1 to 20 environments", "name them, such as dev, staging, prod"
        )
    if kind.startswith("int_") or kind in ("greater_than_equal", "less_than_equal"):
        return Problem(path, f"{name} must be a whole number from 1 to 1000, not {value}")
    if kind.startswith("bool_"):
        return Problem(path, f"{name} must be true or false, not {value}")
    return Problem(path, f"{name}: {details['msg']}")


def _questions_beside(path: tuple[str, ...]) -> tuple[Question, ...]:
    """The questions at the level of `path`: those of the repository or of an environment."""
    return questions_of(Environment if len(path) > 1 else Answers)


def _shown(value: object) -> str:
    """A refused value, about as it was written."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (str, int, float)):
        return repr(value)
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    return str(value) if isinstance(value, date) else "a tagged value"
