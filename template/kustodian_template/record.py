"""`.kustodian-answers.yaml`: the answers that a repository was generated from, kept in it.

`kustodian new DIR --answers .kustodian-answers.yaml` generates the same bytes again.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Final

from kustodian_template.answers.formats import YAML_WORDS
from kustodian_template.environments import Answers

RECORD_NAME: Final = ".kustodian-answers.yaml"
VERSION_KEY: Final = "kustodian_version"

_HEADER: Final = """\
# The answers that this repository was generated from. Written by `kustodian new`; keep it in git.
# Generate it again elsewhere: kustodian new DIR --answers .kustodian-answers.yaml
"""
_BARE: Final = re.compile(r"[A-Za-z][A-Za-z0-9._/@+-]*")


def record(answers: Answers, version: str) -> str:
    """The file's text: the version, then every answer in the order given."""
    lines = [f"{VERSION_KEY}: {_scalar(version)}", *_lines(answers, "")]
    return _HEADER + "\n".join(lines) + "\n"


def _lines(values: Mapping[str, object], indent: str) -> Iterator[str]:
    for key, value in values.items():
        if isinstance(value, Mapping):
            yield f"{indent}{_scalar(key)}:"
            yield from _lines(value, indent + "  ")
        else:
            yield f"{indent}{_scalar(key)}: {_scalar(value)}"


def _scalar(value: object) -> str:
    # A JSON scalar is a YAML scalar; text without surprises goes without quotes.
    if isinstance(value, str) and _BARE.fullmatch(value) and value.lower() not in YAML_WORDS:
        return value
    return json.dumps(value, ensure_ascii=False)
