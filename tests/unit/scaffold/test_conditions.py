"""Answers that do not go together: every row refuses its example and says what to choose instead."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from kustodian.model.errors import UserError
from kustodian.scaffold.answers import Answers, Environment
from kustodian.scaffold.complete import complete, examine
from kustodian.scaffold.conditions import CONDITIONS, ENVIRONMENT_CONDITIONS
from kustodian.scaffold.given import Given
from kustodian.scaffold.questions import questions_of

Give = Callable[..., Given]

# For every row: answers that it refuses, where it points, words of its sentence, answers that mend it.
EXAMPLES: dict[str, tuple[str, str, str, list[str]]] = {
    "accelerator-unused": (
        "accelerator: nvidia\nenvironments: [dev]\n",
        "1:14",
        "choose accelerator none, or give one environment gpu true",
        ["accelerator=none", "environments.dev.gpu=true"],
    ),
    "shared-domain": (
        "environments:\n  dev: {domain: a.example.com}\n  prod: {domain: a.example.com}\n",
        "2:3",
        "give each its own",
        ["environments.dev.domain=b.example.com", "exposure=cluster-only"],
    ),
    "gpu-without-accelerator": (
        "accelerator: none\nenvironments:\n  prod: {gpu: true}\n",
        "3:15",
        "prod has gpu true but accelerator is none: choose accelerator nvidia, or gpu false",
        ["accelerator=nvidia", "environments.prod.gpu=false"],
    ),
    "replicas-upside-down": (
        "environments:\n  prod: {replicas_min: 4, replicas_max: 3}\n",
        "2:41",
        "choose a replicas_max of 4 or more",
        ["environments.prod.replicas_max=4"],
    ),
    "replicas-range-without-autoscaler": (
        "autoscaling: none\nenvironments:\n  prod: {replicas_min: 3, replicas_max: 4}\n",
        "3:41",
        "choose autoscaling hpa, or a replicas_max of 3",
        ["autoscaling=hpa", "environments.prod.replicas_max=3"],
    ),
    "single-replica-in-prod": (
        "environments:\n  prod: {replicas_min: 1}\n",
        "2:24",
        "choose a replicas_min of 2 or more, or class staging",
        ["environments.prod.replicas_min=2", "environments.prod.class=staging"],
    ),
    "namespace-too-long": (
        f"model_name: {'m' * 40}\nenvironments:\n  a-name-for-production-of-24: {{class: prod}}\n",
        "3:3",
        "choose a shorter model_name or environment name",
        ["model_name=m"],
    ),
    "reserved-name": (
        "environments: [cluster, prod]\n",
        "1:1",
        "choose another name",
        ["environments=dev,prod"],
    ),
}


def test_every_row_has_an_example() -> None:
    assert {row.id for row in (*CONDITIONS, *ENVIRONMENT_CONDITIONS)} == set(EXAMPLES)


@pytest.mark.parametrize("row", EXAMPLES)
def test_the_row_refuses_its_example_and_takes_what_it_proposes(give: Give, row: str) -> None:
    text, place, words, mends = EXAMPLES[row]
    with pytest.raises(UserError) as caught:
        complete(give(text))
    assert words in caught.value.message
    assert caught.value.place() == f"answers.yaml:{place}"
    for mend in mends:
        complete(give(text, mend))


@pytest.mark.parametrize("row", [*CONDITIONS, *ENVIRONMENT_CONDITIONS], ids=lambda row: row.id)
def test_rows_read_answers_that_exist_and_wait_until_they_are_known(give: Give, row: object) -> None:
    assert hasattr(row, "reads")
    assert set(row.reads) <= set(Answers.model_fields)
    blames = getattr(row, "blames", "")
    assert blames == "" or blames in {question.key for question in questions_of(Environment)}
    values = give(EXAMPLES[row.id][0]).values  # type: ignore[attr-defined]
    assert examine(values, frozenset(row.reads))[1] != []
    for unknown in row.reads:
        found = examine(values, frozenset(Answers.model_fields) - {unknown})[1]
        assert EXAMPLES[row.id][2] not in " ".join(problem.message for problem in found)  # type: ignore[attr-defined]


def test_a_default_that_does_not_go_with_a_given_answer_points_at_the_given_one(give: Give) -> None:
    with pytest.raises(UserError) as caught:
        complete(give("team: a\nenvironments: [dev]\n"))
    assert "choose accelerator none" in caught.value.message
    assert caught.value.place() == "answers.yaml:2:15"
