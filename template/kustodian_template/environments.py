"""The environments of the answers, with typed values.

The answers arrive from cookiecutter as a dict whose values may all be text; cookiecutter.json has the keys.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from typing import Any, TypedDict

import yaml

#: In promotion order.
CLASSES = ("dev", "staging", "prod")

Answers = Mapping[str, Any]
Settings = TypedDict(
    "Settings",
    {
        "class": str,
        "domain": str,
        "replicas_min": int,
        "replicas_max": int,
        "cpu": str,
        "memory": str,
        "ephemeral_storage": str,
        "gpu": bool,
        "gpu_pool": str,
        "model_storage_size": str,
    },
)
#: The answers of an environment, all required.
KEYS = tuple(Settings.__annotations__)


class AnswerError(ValueError):
    """An answer that no repository can be made from; the text is one sentence that says what to change."""


def environments(answers: Answers) -> dict[str, Settings]:
    """The environments in promotion order (dev, staging, prod; as written within a class), values typed.

    An environment that is null or empty does not exist: that is how to leave out one of the defaults, because
    cookiecutter merges dictionaries. The values must be well-formed, as `validate` makes sure.
    """
    found = {name: _settings(raw) for name, raw in answers["environments"].items() if raw}
    return dict(sorted(found.items(), key=lambda item: CLASSES.index(item[1]["class"])))


def _settings(raw: Mapping[str, Any]) -> Settings:
    return {
        "class": raw["class"],
        "domain": raw["domain"],
        "replicas_min": int(raw["replicas_min"]),
        "replicas_max": int(raw["replicas_max"]),
        "cpu": str(raw["cpu"]),
        "memory": raw["memory"],
        "ephemeral_storage": raw["ephemeral_storage"],
        "gpu": str(raw["gpu"]).lower() == "true",
        "gpu_pool": str(raw["gpu_pool"]),
        "model_storage_size": raw["model_storage_size"],
    }


@cache
def scalar(value: str) -> str:
    """A string as YAML: plain where YAML reads it as that string, else in quotes ("1", "on", "a: b")."""
    try:
        plain = yaml.safe_load(value) == value
    except yaml.YAMLError:
        plain = False
    return value if plain else json.dumps(value)
