"""Runs a function of this package as a cookiecutter hook."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable

from kustodian_template.environments import AnswerError, Answers


def run(step: Callable[[Answers], None], cookiecutter_json: str) -> int:
    """Call `step` with the answers; an AnswerError becomes one line on stderr and exit status 1."""
    context = json.loads(cookiecutter_json)
    answers = {key: value for key, value in context.items() if not key.startswith("_")}
    try:
        step(answers)
    except AnswerError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0
