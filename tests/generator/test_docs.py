"""docs/generated-repository.md names every question, choice, component, add-on, preset and exception."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from kustodian.model.installed_files import template_dir
from kustodian.scaffold.answers.model import Answers
from kustodian.scaffold.answers.questions import questions_of
from kustodian.scaffold.presets import preset_names
from tests.generator.assertions import TOLERATED

PAGE = (Path(__file__).parents[2] / "docs" / "generated-repository.md").read_text(encoding="utf-8")


def _table(title: str) -> dict[str, str]:
    """The rows of the table below a header, as the names in the first column -> the rest."""
    lines = PAGE[PAGE.index(f"| {title} |") :].split("\n\n")[0].splitlines()[2:]
    cells = [line.strip("| ").split(" | ", 1) for line in lines]
    return {name: rest for first, rest in cells for name in re.findall(r"`([^`]+)`", first)}


def test_every_question_and_its_choices_in_their_order() -> None:
    told = _table("question")
    for question in questions_of(Answers):
        if question.choices:
            words = re.sub(r"\([^)]*\)", "", told[question.key])
            places = [
                re.search(rf"(?<![\w-]){re.escape(choice)}(?![\w-])", words) for choice in question.choices
            ]
            assert None not in places, f"{question.key}: {told[question.key]}"
            assert places == sorted(places, key=lambda found: found.start() if found else 0), question.key
        else:
            assert f"`{question.key}`" in PAGE
    assert told.keys() <= set(Answers.model_fields)


def test_every_component_and_add_on() -> None:
    modules = yaml.safe_load((template_dir() / "modules.yaml").read_text(encoding="utf-8"))
    assert set(_table("component")) == {entry["name"] for entry in modules["components"]}
    assert set(_table("add-on")) == {entry["name"] for entry in modules["addons"]}


def test_every_preset_and_every_exception() -> None:
    assert set(_table("preset")) == set(preset_names())
    assert set(_table("rule")) == set(TOLERATED)
