"""Plain `cookiecutter template/` refuses the same answers as `kustodian new`, with the same sentences."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from kustodian.scaffold.answers.complete import examine
from kustodian.scaffold.answers.given import Given
from kustodian.scaffold.answers.model import Answers
from kustodian.schemas.registry import supported_versions
from kustodian_template.answers.formats import KUBERNETES_VERSIONS
from kustodian_template.conflicts import refusals
from kustodian_template.environments import AnswerError, environments
from kustodian_template.validate import validate
from tests.unit.scaffold.test_conflicts import EXAMPLES

Give = Callable[..., Given]


@pytest.mark.parametrize(
    "assignment",
    [
        "repo_name=a",
        "repo_name=on",
        "model_name=null",
        "model_name=i-2",
        "model_name=" + "m" * 50,
        "model_name=" + "m" * 63,
        "team=ml",
        "owner=a+b.c_d%e@x-y.example.com",
        "owner='@example.com",
        "description=It's: a 'test' & more # not a comment <b>",
        'description=a "quote"',
        "description={{ 7 }}",
        "registry=localhost:5000",
        "registry=registry.example.com:5000/a_b/c.d",
        "domain=1.2.3.4",
        "domain=x.y-z.example.com",
        "repo_url=git@git.example.com:a/b.git",
        "repo_url=ssh://git@git.example.com:22/a/b.git",
        "repo_url=file:///srv/git/a.git",
        "git_branch=release/1.2",
        "kubernetes_version=1.30",
        "kubernetes_version=1.31",
        "kubernetes_version=1.37",
        "environments=cluster,prod",
        "environments=null,prod",
        "environments.dev.gpu=maybe",
        "environments.dev.gpu=True",
        "environments.dev.replicas_max=04",
        "environments.dev.cpu=1.5",
        "environments.dev.memory=255Mi",
        "environments.dev.memory=256Mi",
        "environments.dev.memory=1e9",
        "environments.dev.ephemeral_storage=1G",
        "environments.prod.replicas_max=2",
        "environments=dev",
        "environments.prod.domain=prod.example.com",
        "environments.prod.gpu_pool=a/b",
        "environments.prod.gpu_pool=NVIDIA-A100-SXM4-40GB",
    ],
)
def test_plain_cookiecutter_takes_and_refuses_the_same_answers(give: Give, assignment: str) -> None:
    _, problems = examine(give("", assignment).values)
    if not problems:
        validate(as_cookiecutter_gives(assignment))
        return
    with pytest.raises(AnswerError) as caught:
        validate(as_cookiecutter_gives(assignment))
    assert str(caught.value) == f"{problems[0].message}."


def as_cookiecutter_gives(assignment: str) -> dict[str, Any]:
    """The answers of `cookiecutter template/` where this one was typed."""
    key, _, value = assignment.partition("=")
    answers: dict[str, Any] = Answers().values()
    if key == "environments":
        own = answers["environments"]
        names = value.split(",")
        answers[key] = {
            name: own.get(name, {**own["staging"], "domain": f"{name}.example.com"}) for name in names
        }
    elif key.startswith("environments."):
        _, name, setting = key.split(".")
        answers["environments"][name][setting] = value
    else:
        answers[key] = value
    return answers


@pytest.mark.parametrize("row", sorted(EXAMPLES))
def test_plain_cookiecutter_refuses_what_does_not_go_together(give: Give, row: str) -> None:
    answers, _ = examine(give(EXAMPLES[row][0]).values)
    assert answers is not None
    found = list(refusals(answers.values(), environments(answers.values())))
    harmful = [refusal.sentence for refusal in found if not refusal.conflict.harmless]
    if not harmful:
        assert [refusal.conflict.id for refusal in found] == [row]
        validate(answers.values())
        return
    with pytest.raises(AnswerError) as caught:
        validate(answers.values())
    assert str(caught.value) == f"{harmful[0]}."


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ("small", "environments.dev must be a mapping with the keys class, domain,"),
        ({"class": "dev"}, "environments.dev lacks domain."),
        ({"size": "1"}, "unknown answer environments.dev.size: the answers are class, domain,"),
        ({"class": "live"}, "environments.dev.class cannot be 'live': choose one of dev, staging, prod."),
        ({"gpu": "maybe"}, "environments.dev.gpu must be true or false, not 'maybe'."),
        (
            {"replicas_min": "0"},
            "environments.dev.replicas_min must be a whole number from 1 to 1000, not '0'.",
        ),
    ],
)
def test_plain_cookiecutter_refuses_environments_that_are_not_whole(environment: Any, said: str) -> None:
    answers: dict[str, Any] = Answers().values()
    own = answers["environments"]["dev"]
    whole = isinstance(environment, dict) and environment != {"class": "dev"}
    answers["environments"]["dev"] = {**own, **environment} if whole else environment
    with pytest.raises(AnswerError) as caught:
        validate(answers)
    assert str(caught.value).startswith(said)


def test_an_environment_that_is_null_is_left_out() -> None:
    answers: dict[str, Any] = Answers().values()
    answers["environments"]["staging"] = None
    validate(answers)
    assert list(environments(answers)) == ["dev", "prod"]
    answers["environments"] = {"dev": {}}
    with pytest.raises(AnswerError, match="1 to 20 environments"):
        validate(answers)


def test_the_versions_of_kubernetes_are_those_that_kustodian_can_check() -> None:
    assert list(supported_versions())[-len(KUBERNETES_VERSIONS) :] == list(KUBERNETES_VERSIONS)
