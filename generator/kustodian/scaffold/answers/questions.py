"""The parts of a question of `kustodian new`: its choices, and when it is asked.

The questions themselves are the fields of `answers.Answers`; help, choices and defaults come from the
template's cookiecutter.json.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, Field, GetCoreSchemaHandler
from pydantic.fields import FieldInfo
from pydantic_core import CoreSchema, core_schema

from kustodian_template.answers.questions import question


@dataclass(frozen=True)
class OneOf:
    """The values that an answer may have, each with its meaning; the first is the default."""

    choices: Mapping[str, str]

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        """A literal schema, so that validation and the JSON Schema read the same list.

        YAML 1.1 tools write `yes` and `off` as booleans, which are read as those words again.
        """
        literal = core_schema.literal_schema(list(self.choices))
        return core_schema.no_info_before_validator_function(self._word, literal)

    def _word(self, value: object) -> object:
        if isinstance(value, bool):
            for word in ("yes", "on") if value else ("no", "off"):
                if word in self.choices:
                    return word
        return value


def one_of(key: str) -> OneOf:
    """The choices of a question of cookiecutter.json."""
    return OneOf(question(key).choices)


def asked(key: str) -> Any:
    """The field of a question of cookiecutter.json: its help, and its default."""
    found = question(key)
    if found.depends:
        return Field(default_factory=found.default_after, description=found.help)
    return Field(found.default, description=found.help)


@dataclass(frozen=True)
class AskUnless:
    """A question is asked unless another answer (of the repository or the environment) has this value."""

    answer: str
    value: object

    def holds(self, answers: Mapping[str, object]) -> bool:
        """Whether the question is asked, given the answers so far."""
        return answers[self.answer] != self.value


@dataclass(frozen=True)
class Question:
    """A question as it is asked; `key` is its name in an answers file, `choices` may be empty."""

    key: str
    help: str
    choices: Mapping[str, str]
    yes_or_no: bool
    ask_unless: AskUnless | None


def questions_of(model: type[BaseModel]) -> tuple[Question, ...]:
    """The questions that the fields of a model ask, in their order."""
    return tuple(_question(name, field) for name, field in model.model_fields.items())


def _question(name: str, field: FieldInfo) -> Question:
    one_of = next((part for part in field.metadata if isinstance(part, OneOf)), None)
    ask_unless = next((part for part in field.metadata if isinstance(part, AskUnless)), None)
    return Question(
        key=field.alias or name,
        help=field.description or "",
        choices=one_of.choices if one_of else {},
        yes_or_no=field.annotation is bool,
        ask_unless=ask_unless,
    )
