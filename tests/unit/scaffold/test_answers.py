"""The answers: keys and defaults, what is refused, where a refusal points."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

import pytest
from jsonschema_rs import Draft202012Validator

from kustodian.model.errors import UserError
from kustodian.scaffold.answers.complete import complete
from kustodian.scaffold.answers.environment import Environment
from kustodian.scaffold.answers.given import Given
from kustodian.scaffold.answers.model import Answers
from kustodian.scaffold.answers.questions import questions_of
from kustodian.scaffold.answers.schema import answers_schema
from kustodian_template.environments import environments
from tests.unit.scaffold.conftest import REAL_TEMPLATE

Give = Callable[..., Given]


def refusal(given: Given) -> UserError:
    with pytest.raises(UserError) as caught:
        complete(given)
    return caught.value


def test_keys_choices_and_defaults_equal_those_of_the_template(answers: Answers) -> None:
    from cookiecutter.generate import generate_context
    from cookiecutter.prompt import prompt_for_config

    shipped = json.loads((REAL_TEMPLATE / "cookiecutter.json").read_text(encoding="utf-8"))
    public = {key: value for key, value in shipped.items() if not key.startswith("_")}
    # Rendering the defaults needs none of the template's own Jinja extensions.
    plain = prompt_for_config({"cookiecutter": dict(public)}, no_input=True)
    # cookiecutter makes text of all but true and false.
    assert {**plain, "environments": environments(plain)} == answers.values()
    assert list(answers.values()) == list(public)
    choices = {question.key: list(question.choices) for question in questions_of(Answers) if question.choices}
    assert choices == {key: value for key, value in public.items() if isinstance(value, list)}
    assert generate_context(str(REAL_TEMPLATE / "cookiecutter.json"))["cookiecutter"]


def test_every_question_has_a_help_and_every_choice_a_meaning() -> None:
    for question in (*questions_of(Answers), *questions_of(Environment)):
        assert len(question.help) > 5, question.key
        assert all(len(meaning) > 5 for meaning in question.choices.values()), question.key


@pytest.mark.parametrize(
    ("text", "place", "message", "hint"),
    [
        ("team: a\nmodle_name: b\n", "2:1", "unknown answer modle_name", "did you mean model_name?"),
        ("team: a\nzzz: b\n", "2:1", "unknown answer zzz", "the answers are: accelerator"),
        (
            "environments:\n  prod:\n    replica_min: 4\n",
            "3:5",
            "unknown answer",
            "did you mean replicas_min?",
        ),
        (
            "runtime: pyton\n",
            "1:10",
            "runtime cannot be 'pyton'",
            "did you mean python? choose one of: python",
        ),
        ("\nmodel_name: Iris\n", "2:13", "model_name must be a DNS label", None),
        ("model_name: 9iris\n", "1:13", "starting with a letter", None),
        (f"model_name: {'a' * 64}\n", "1:13", "at most 63", None),
        ("owner: nobody\n", "1:8", "must be an e-mail address", None),
        ("registry: https://registry.example.com\n", "1:11", "must not have a scheme", None),
        ("registry: team/models\n", "1:11", "write docker.io/team/models", None),
        ("registry: registry.example.com/Team\n", "1:11", "must be a registry host", None),
        ("domain: example\n", "1:9", "must be a domain name", None),
        ("domain: https://example.com\n", "1:9", "must be a domain name", None),
        ("repo_url: http://git.example.com/a\n", "1:11", "must be the https:// or ssh:// URL", None),
        ("git_branch: a..b\n", "1:13", "must be a git branch name", None),
        ("git_branch: -x\n", "1:13", "must be a git branch name", None),
        ("kubernetes_version: 1.30\n", "1:21", "must be text, not 1.3", "put it in quotes"),
        ('kubernetes_version: "1.99"\n', "1:21", "between 1.31 and 1.", None),
        ("description: '{{ 1 }}'\n", "1:14", "must not hold double quotes", None),
        ("description: |\n  two\n  lines\n", "1:14", "must be one line", None),
        ("team:\n", "1:1", "team must be text, not nothing", None),
        ("environments: []\n", "1:15", "must hold 1 to 20 environments", "name them"),
        ("environments: 4\n", "1:15", "must be a mapping, not 4", None),
        ("environments:\n  dev: 4\n", "2:8", "environments.dev must be a mapping, not 4", None),
        ("environments:\n  Prod: {}\n", "2:3", "the name of an environment must be a DNS label", None),
        ("environments: {dev: {replicas_min: 0}}\n", "1:36", "whole number from 1 to 1000, not 0", None),
        (
            "environments: {dev: {replicas_min: two}}\n",
            "1:36",
            "whole number from 1 to 1000, not 'two'",
            None,
        ),
        ("environments: {dev: {gpu: maybe}}\n", "1:27", "must be true or false, not 'maybe'", None),
        ("environments: {dev: {memory: lots}}\n", "1:30", "must be a size", None),
        ("environments: {dev: {cpu: 0}}\n", "1:27", "must be cores", None),
        ("environments: {dev: {memory: 128Mi}}\n", "1:30", "at least 256Mi", None),
        ("environments: [dev, on]\n", "1:1", "a word that YAML reads", None),
        ("environments: {dev: {gpu_pool: a b}}\n", "1:32", "must be a label value", None),
        (
            "environments: {dev: {class: live}}\n",
            "1:29",
            "class cannot be 'live'",
            "choose one of: dev, staging",
        ),
    ],
)
def test_a_wrong_answer_is_refused_where_it_stands(
    give: Give, text: str, place: str, message: str, hint: str | None
) -> None:
    error = refusal(give(text))
    assert error.place() == f"answers.yaml:{place}"
    assert message in error.message
    assert hint is None or (error.hint is not None and error.hint.startswith(hint))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("registry", "registry.example.com:5000/a/b-c/d_e"),
        ("repo_url", "git@git.example.com:team/iris.git"),
        ("repo_url", "ssh://git@git.example.com:2222/team/iris.git"),
        ("git_branch", "release/1.2"),
        ("kubernetes_version", "1.31"),
        ("domain", "a-b.c1.example.com"),
        ("description", "It's: a 'test' & more # not a comment"),
        ("helm_chart", "no"),
    ],
)
def test_a_right_answer_is_taken_as_it_is(give: Give, key: str, value: str) -> None:
    assert getattr(complete(give("", f"{key}={value}")), key) == value


def test_a_token_in_a_url_is_refused_and_not_printed(give: Give) -> None:
    error = refusal(give("repo_url: https://me:s3cret@git.example.com/x.git\n"))
    assert "must not hold a user name or a token" in error.message
    assert "s3cret" not in str(error)


def test_the_number_of_further_refusals_is_told(give: Give) -> None:
    assert refusal(give("model_name: X\nteam: Y\nowner: z\n")).message.endswith(
        "; 2 more answers are refused"
    )


def test_words_that_yaml_1_1_tools_write_as_booleans_are_understood(give: Give) -> None:
    answers = complete(give('{"helm_chart": false, "vpa": false}', name="answers.json"))
    assert (answers.helm_chart, answers.vpa) == ("no", "off")


def test_an_environment_takes_its_defaults_from_its_class_and_the_answers_above(give: Give) -> None:
    answers = complete(
        give(
            "domain: ml.example.org\nenvironments:\n  qa:\n  live: {class: prod, replicas_min: 9}\n  prod:\n"
        )
    )
    qa, live, prod = answers.environments.values()
    assert (qa.environment_class, qa.domain, qa.replicas_min) == ("staging", "qa.ml.example.org", 2)
    assert (live.environment_class, live.domain) == ("prod", "live.ml.example.org")
    assert (live.replicas_min, live.replicas_max) == (9, 9)
    assert (prod.environment_class, prod.domain) == ("prod", "ml.example.org")


@pytest.mark.parametrize("spelling", ["[dev, prod]", "dev, prod", "{dev: , prod: {}}"])
def test_a_list_of_names_is_enough_for_environments(give: Give, spelling: str) -> None:
    answers = complete(give(f"environments: {spelling}\n"))
    assert list(answers.environments) == ["dev", "prod"]
    assert answers.environments["prod"] == complete(Given()).environments["prod"]


def test_defaults_follow_other_answers(give: Give) -> None:
    answers = complete(give("team: vision\nrepo_name: cats\naccelerator: none\nautoscaling: none\n"))
    assert answers.repo_url == "https://git.example.com/vision/cats.git"
    assert not any(environment.gpu for environment in answers.environments.values())
    assert all(own.replicas_min == own.replicas_max for own in answers.environments.values())


def test_the_schema_accepts_what_is_accepted_and_refuses_what_is_refused(give: Give) -> None:
    schema = answers_schema()
    validator = Draft202012Validator(schema)
    good: list[Mapping[str, object]] = [
        {},
        complete(Given()).model_dump(by_alias=True),
        {"environments": ["dev", "prod"], "kustodian_version": "0.1.0"},
        {"environments": {"qa": {"class": "staging", "cpu": 2}}},
    ]
    bad: list[Mapping[str, object]] = [
        {"modle_name": "x"},
        {"runtime": "pyton"},
        {"model_name": "Iris"},
        {"kubernetes_version": "1.99"},
        {"environments": {"qa": {"replica_min": 2}}},
        {"environments": {"Prod_1": {}}},
        {"environments": {}},
    ]
    for document in good:
        assert validator.is_valid(document), document
        complete(give(json.dumps({"team": "a", **document}), name="answers.json"))
    for document in bad:
        assert not validator.is_valid(document), document
        refusal(give(json.dumps(document), name="answers.json"))


def test_the_schema_describes_every_answer_and_every_choice() -> None:
    schema = answers_schema()
    properties = schema["properties"]
    assert isinstance(properties, dict)
    for question in questions_of(Answers):
        text = properties[question.key]["description"]
        assert question.help in text
        assert all(meaning in text for meaning in question.choices.values())
