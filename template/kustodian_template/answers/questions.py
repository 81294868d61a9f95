"""cookiecutter.json: the questions with their choices, defaults and help."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from kustodian_template.data import TEMPLATE_ROOT

_REFERENCE = re.compile(r"\{\{ cookiecutter\.(\w+) \}\}")


@dataclass(frozen=True)
class Question:
    """One question; `choices` (choice -> what it means) is empty where any text is an answer.

    The default of a question with choices is the first one. A default may name earlier answers in braces.
    """

    help: str
    choices: Mapping[str, str]
    default: str

    def default_after(self, answers: Mapping[str, object]) -> str:
        """The default, given the answers before this question."""
        return _REFERENCE.sub(lambda reference: str(answers[reference[1]]), self.default)

    @property
    def depends(self) -> bool:
        """Whether the default names other answers."""
        return _REFERENCE.search(self.default) is not None


@cache
def settings() -> Mapping[str, Any]:
    """cookiecutter.json as it is."""
    data: dict[str, Any] = json.loads((TEMPLATE_ROOT / "cookiecutter.json").read_text(encoding="utf-8"))
    return data


def question(key: str) -> Question:
    """The question of an answer other than `environments`."""
    value, prompt = settings()[key], settings()["__prompts__"][key]
    if isinstance(value, str):
        return Question(prompt, {}, value)
    return Question(prompt["__prompt__"], {choice: prompt[choice] for choice in value}, value[0])


def default_environments() -> Mapping[str, Mapping[str, object]]:
    """The environments of the defaults, by their names, which are also the names of the classes."""
    data: Mapping[str, Mapping[str, object]] = settings()["environments"]
    return data


def kustodian_version() -> str:
    """The version of Kustodian that the template belongs to."""
    return str(settings()["_kustodian_version"])
