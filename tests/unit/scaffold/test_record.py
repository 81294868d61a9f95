"""The recorded answers: read again they are the same answers, for every YAML reader."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import yaml
from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st

from kustodian import __version__
from kustodian.scaffold.answers.complete import complete, examine
from kustodian.scaffold.answers.given import Given
from kustodian.scaffold.answers.model import Answers
from kustodian.scaffold.answers.questions import questions_of
from kustodian_template.record import record

_LABELS = st.from_regex(r"[a-z]([-a-z0-9]{0,18}[a-z0-9])?", fullmatch=True)
_TEXTS = st.text(st.characters(codec="utf-8", exclude_characters='"\\{}'), min_size=1, max_size=60)


@st.composite
def answers_given(draw: st.DrawFn) -> dict[str, Any]:
    """Answers of every kind: any choice, odd texts, any number of environments."""
    values: dict[str, Any] = {
        question.key: draw(st.sampled_from(list(question.choices)))
        for question in questions_of(Answers)
        if question.choices
    }
    values |= {
        "model_name": draw(_LABELS),
        "team": draw(_LABELS),
        "description": draw(_TEXTS),
        "kubernetes_version": draw(st.sampled_from(["1.31", "1.34", "1.37"])),
        "environments": {
            name: {
                "class": draw(st.sampled_from(["dev", "staging", "prod"])),
                "replicas_min": draw(st.integers(2, 9)),
                "cpu": draw(st.sampled_from(["250m", "1", 2])),
                "gpu_pool": draw(st.sampled_from(["", "A100", "1", "on", "1e3"])),
            }
            for name in draw(st.lists(_LABELS, min_size=1, max_size=4, unique=True))
        },
    }
    return values


@for_all(answers_given())
@settings(max_examples=60, deadline=None)
def test_recorded_answers_read_again_are_the_same(values: dict[str, Any]) -> None:
    answers, problems = examine(values)
    if answers is None or problems:
        assert problems, "refused without saying why"
        return
    text = record(answers.values(), __version__)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "answers.yaml")
        path.write_text(text, encoding="utf-8")
        again = Given()
        again.add_file(path)
    assert complete(again) == answers
    assert record(complete(again).values(), __version__) == text
    # PyYAML reads YAML 1.1, where `no`, `off` and 1.30 are not text.
    expected = {"kustodian_version": __version__, **answers.model_dump(by_alias=True)}
    assert yaml.safe_load(text) == expected
    assert list(yaml.safe_load(text)["environments"]) == list(answers.environments)


def test_environments_are_recorded_in_order_of_promotion() -> None:
    given = Given()
    given.set("environments=prod,qa,dev")
    assert list(yaml.safe_load(record(complete(given).values(), __version__))["environments"]) == [
        "dev",
        "qa",
        "prod",
    ]
