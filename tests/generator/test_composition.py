"""Components compose: their order changes nothing, any answers that go together make a good repository."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from collections.abc import Callable, Mapping
from functools import cache
from itertools import chain, combinations, product
from pathlib import Path

import pytest
from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st

from kustodian.model.installed_files import template_dir
from kustodian.scaffold.answers.complete import examine
from kustodian.scaffold.answers.model import Answers
from kustodian.scaffold.answers.questions import questions_of
from tests.generator.assertions import problems
from tests.generator.component_order import order_matters
from tests.generator.pairwise import CHOICES, goes_together, pairs, rows
from tests.generator.pairwise import settings as answers_of_row
from tests.generator.repositories import Repository, answers_of, edited, make
from tests.unit.scaffold.conftest import snapshot

#: A pool for one environment and none for the other: what differs between them.
_POOLS = {"dev": {}, "staging": {"gpu": False}, "prod": {"gpu": True, "gpu_pool": "NVIDIA-L4"}}
#: Repositories with many components that meet in the same objects.
_FULL = (
    {
        "mesh": "linkerd",
        "rollout": "canary",
        "autoscaling": "keda",
        "vpa": "recommend",
        "model_storage": "s3",
    },
    {"mesh": "consul", "exposure": "cluster-only", "rollout": "blue-green", "batch_quota": "kueue"},
    {"runtime": "kserve", "mesh": "istio", "accelerator": "nvidia-mig", "model_storage": "pvc"},
)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Callable[[int], Repository]:
    """The repository of `_FULL` or, after those, of the pairs, with this number; each is made once."""
    given: list[Mapping[str, object]] = [*_FULL, *rows()]

    @cache
    def repository(number: int) -> Repository:
        return make(answers_of(None, given[number]), tmp_path_factory.mktemp("made") / "repository")

    return repository


# Every pair in another order too: python -m tests.generator.pairwise
@settings(max_examples=6, deadline=None)
@for_all(number=st.integers(0, len(_FULL) + 4), chance=st.randoms(use_true_random=False))
def test_the_order_of_components_changes_nothing(
    made: Callable[[int], Repository], number: int, chance: random.Random
) -> None:
    assert order_matters(made(number), chance) == []


@pytest.mark.parametrize("number", range(len(_FULL)))
def test_nor_where_many_components_meet(made: Callable[[int], Repository], number: int) -> None:
    assert order_matters(made(number), random.Random(1)) == []


def test_an_order_that_matters_would_be_seen(tmp_path: Path) -> None:
    repository = make(answers_of("sklearn-cpu"), tmp_path / "repository")
    for name in ("first", "second"):
        folder = repository.root / "components" / name
        folder.mkdir()
        component = {
            "apiVersion": "kustomize.config.k8s.io/v1alpha1",
            "kind": "Component",
            "patches": [{"target": {"kind": "Service"}, "patch": _annotate(name)}],
        }
        (folder / "kustomization.yaml").write_text(json.dumps(component), encoding="utf-8")
    more = "components:\n  - ../../components/first\n  - ../../components/second\n"
    with edited(repository.root / "overlays/prod/kustomization.yaml", "components:\n", more):
        found = [order_matters(repository, random.Random(seed)) for seed in range(4)]
    assert "the order of components changes ('Service', 'iris') in prod" in chain.from_iterable(found)


def _annotate(value: str) -> str:
    return json.dumps([{"op": "add", "path": "/metadata/annotations", "value": {"by": value}}])


#: Answers that are text: any is like any other.
_FREE = {
    "repo_name", "model_name", "team", "owner", "description", "registry", "domain", "repo_url", "git_branch",
}  # fmt: skip


def test_pairs_cover_every_answer_and_every_choice() -> None:
    assert set(CHOICES) | _FREE == set(Answers.model_fields), "add the answer to pairwise.CHOICES"
    made = rows()
    for question in questions_of(Answers):
        if question.choices:
            assert {row[question.key] for row in made} == set(question.choices), question.key
    assert all(not examine(row)[1] for row in made)
    assert rows() == made


def test_no_pair_is_left_out_that_goes_together_with_anything() -> None:
    named = {
        str(answers_of_row({"environments": name})["environments"]): name for name in CHOICES["environments"]
    }
    made = [{**row, "environments": named[str(row["environments"])]} for row in rows()]
    covered = {pair for row in made for pair in combinations(((key, row[key]) for key in CHOICES), 2)}
    every = {pair for questions in combinations(CHOICES, 2) for pair in pairs(*questions)}
    for pair in sorted(every - covered):
        between = ("runtime", "exposure", "model_storage", "mesh")  # what most conditions read
        others = [key for key in between if key not in dict(pair)]
        rest = product(*(CHOICES[key] for key in others))
        assert not goes_together(dict(pair)) or not any(
            goes_together({**dict(zip(others, choices, strict=True)), **dict(pair)}) for choices in rest
        ), pair


# All of them: python -m tests.generator.pairwise
@pytest.mark.slow
@pytest.mark.parametrize("number", range(0, 60, 12))
def test_answers_that_go_together_make_a_good_repository(number: int, tmp_path: Path) -> None:
    row = rows()[number]
    assert problems(make(answers_of(None, row), tmp_path / "repository")) == [], row


@pytest.mark.parametrize("number", [None, 2, 20])
def test_plain_cookiecutter_writes_the_same(number: int | None, tmp_path: Path) -> None:
    pooled = [r for r in rows() if r["accelerator"] != "none" and r["runtime"] != "vllm"]
    fitting = [r for r in pooled if r["exposure"] != "node-port"]  # not in prod
    row = {} if number is None else fitting[number]
    answers = answers_of(None, {**row, "environments": _POOLS})
    ours = make(answers, tmp_path / "ours")
    replay = tmp_path / "replay.json"
    replay.write_text(json.dumps({"cookiecutter": answers.values()}), encoding="utf-8")
    subprocess.run(
        [sys.executable, "-m", "cookiecutter", str(template_dir()), "--replay-file", str(replay),
         "--output-dir", str(tmp_path / "plain")],
        check=True, capture_output=True, env={"PATH": os.environ["PATH"], "HOME": str(tmp_path)},
    )  # fmt: skip
    assert snapshot(tmp_path / "plain" / answers.repo_name) == snapshot(ours.root)
