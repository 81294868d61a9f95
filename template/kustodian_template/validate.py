"""Refuse answers that no repository can be made from; hooks/pre_gen_project.py calls it.

`kustodian new` checks with the same functions, one question at a time (generator/kustodian/scaffold/).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from kustodian_template.answers import formats
from kustodian_template.conflicts import refusals
from kustodian_template.environments import CLASSES, KEYS, AnswerError, Answers, environments


def validate(answers: Answers) -> None:
    """Raise AnswerError for the first answer that is malformed or does not go with another."""
    for key, check in formats.ANSWERS.items():
        _hold(key, check, answers[key])
    named = {name: raw for name, raw in answers["environments"].items() if raw}
    if not 1 <= len(named) <= formats.MAX_ENVIRONMENTS:
        raise AnswerError(f"environments must hold 1 to {formats.MAX_ENVIRONMENTS} environments.")
    for name, raw in named.items():
        _validate_environment(name, raw)
    for refusal in refusals(answers, environments(answers)):
        if not refusal.conflict.harmless:
            raise AnswerError(f"{refusal.sentence}.")


def _validate_environment(name: str, raw: object) -> None:
    where = f"environments.{name}"
    _hold("the name of an environment", formats.dns_label, name)
    if not isinstance(raw, Mapping):
        raise AnswerError(f"{where} must be a mapping with the keys {', '.join(KEYS)}.")
    for key in KEYS:
        if key not in raw:
            raise AnswerError(f"{where} lacks {key}.")
    for key in raw:
        if key not in KEYS:
            raise AnswerError(f"unknown answer {where}.{key}: the answers are {', '.join(KEYS)}.")
    if raw["class"] not in CLASSES:
        raise AnswerError(f"{where}.class cannot be {raw['class']!r}: choose one of {', '.join(CLASSES)}.")
    for key in ("replicas_min", "replicas_max"):
        _hold(f"{where}.{key}", _replicas, raw[key])
    if str(raw["gpu"]).lower() not in {"true", "false"}:
        raise AnswerError(f"{where}.gpu must be true or false, not {raw['gpu']!r}.")
    for key, check in formats.ENVIRONMENT.items():
        _hold(f"{where}.{key}", check, raw[key])


def _hold(subject: str, check: Callable[[str], object], value: Any) -> None:
    """Raise AnswerError where `check` refuses the value."""
    try:
        check(str(value))
    except formats.SecretInAnswerError as error:
        raise AnswerError(f"{subject} {error}.") from None
    except ValueError as error:
        raise AnswerError(f"{subject} {error}, not {value!r}.") from None


def _replicas(value: str) -> None:
    if not value.isdecimal() or not 1 <= int(value) <= formats.MAX_REPLICAS:
        raise ValueError(f"must be a whole number from 1 to {formats.MAX_REPLICAS}")
