"""Answers files and `--set`: what is read, and errors at their place."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from kustodian.model.errors import UserError
from kustodian.scaffold.answers.complete import complete
from kustodian.scaffold.answers.given import Given

Give = Callable[..., Given]


@pytest.mark.parametrize(
    ("name", "text", "place", "message"),
    [
        ("a.yaml", "team: [a\n", "a.yaml:2:1", "not valid YAML"),
        ("a.yaml", "team: a\nteam: b\n", "a.yaml:2:1", "duplicate key"),
        ("a.yaml", "team: !!python/object:os.system a\n", "a.yaml:1:7", "tag"),
        ("a.yaml", "team: a\n---\nteam: b\n", "a.yaml:2:1", "document"),
        ("a.yaml", "- team\n", "a.yaml", "not one mapping"),
        ("a.yaml", "# nothing\n", "a.yaml", "empty"),
        ("a.json", '{\n  "team": \n}', "a.json:3:1", "not valid JSON"),
        ("a.json", "[]", "a.json", "not one mapping"),
        ("a.json", '{"team":\t\t"A"}', "a.json:1:11", "must be a DNS label"),
        ("a.json", '{\n\t"modle_name": "a"\n}', "a.json:2:2", "unknown answer modle_name"),
    ],
)
def test_a_file_that_does_not_read(give: Give, name: str, text: str, place: str, message: str) -> None:
    with pytest.raises(UserError) as caught:
        complete(give(text, name=name))
    assert caught.value.place() == place
    assert message in caught.value.message


def test_files_that_are_not_there_or_no_text(tmp_path: Path) -> None:
    (tmp_path / "latin.yaml").write_bytes("team: caf\xe9\n".encode("latin-1"))
    (tmp_path / "big.yaml").write_text("team: a\n" + "#" * 1_000_001)
    for name, message in [
        ("missing.yaml", "no such answers file"),
        (".", "a folder"),
        ("latin.yaml", "cannot read the file"),
        ("big.yaml", "over 1 MB"),
    ]:
        with pytest.raises(UserError, match=message) as caught:
            Given().add_file(tmp_path / name, name)
        assert caught.value.file == name


def test_json_and_yaml_give_the_same_answers(give: Give) -> None:
    text = '{"team": "vision", "environments": {"dev": {"gpu": true}, "prod": {"replicas_min": 4}}}'
    assert complete(give(text, name="a.json")) == complete(give(text, name="a.yaml"))


def test_set_wins_over_the_file_and_has_no_place_in_it(give: Give) -> None:
    given = give(
        "team: a\nenvironments: {prod: {replicas_min: 3}}\n", "environments.prod.replicas_min=4", "team=b"
    )
    answers = complete(given)
    assert (answers.team, answers.environments["prod"].replicas_min) == ("b", 4)
    with pytest.raises(UserError) as caught:
        complete(give("team: a\n", "team=B"))
    assert caught.value.file is None
    assert caught.value.message.startswith("team must be a DNS label")


def test_set_reaches_into_the_default_environments(give: Give) -> None:
    answers = complete(give("", "environments.prod.replicas_min=4", "environments.prod.replicas_max=8"))
    assert list(answers.environments) == ["dev", "staging", "prod"]
    assert (answers.environments["prod"].replicas_min, answers.environments["prod"].replicas_max) == (4, 8)


def test_set_adds_an_environment_only_when_it_is_named(give: Give) -> None:
    answers = complete(give("", "environments=dev,prod,prod-eu", "environments.prod-eu.class=prod"))
    assert answers.environments["prod-eu"].environment_class == "prod"
    with pytest.raises(UserError, match="no environment prd") as caught:
        give("", "environments.prd.replicas_min=4")
    assert caught.value.hint is not None
    assert caught.value.hint.startswith("did you mean prod?")


@pytest.mark.parametrize(
    ("assignment", "message"),
    [
        ("team", "is not an assignment"),
        ("=a", "is not an assignment"),
        ("team.name=a", "names no answer"),
        ("environments.prod=a", "names no answer"),
        ("environments..gpu=a", "is not an assignment"),
    ],
)
def test_set_that_sets_nothing_is_refused(give: Give, assignment: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        give("", assignment)


def test_a_set_with_an_unknown_key_names_the_nearest(give: Give) -> None:
    with pytest.raises(UserError, match="unknown answer modle_name") as caught:
        complete(give("", "modle_name=a"))
    assert caught.value.hint == "did you mean model_name?"


def test_a_later_file_replaces_the_environments_of_an_earlier_one(tmp_path: Path) -> None:
    (tmp_path / "preset.yaml").write_text("team: a\nenvironments: [dev, staging, prod]\n")
    (tmp_path / "own.yaml").write_text("environments: {live: {class: prod}}\n")
    given = Given()
    given.add_file(tmp_path / "preset.yaml")
    given.add_file(tmp_path / "own.yaml")
    answers = complete(given)
    assert (answers.team, list(answers.environments)) == ("a", ["live"])
