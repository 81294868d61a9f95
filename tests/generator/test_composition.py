"""Components compose: their order changes nothing, any answers that go together make a good repository."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from kustodian.model.resources import template_dir
from kustodian.scaffold.answers import Answers
from kustodian.scaffold.complete import examine
from kustodian.scaffold.generate import context
from kustodian.scaffold.questions import questions_of
from tests.generator.assertions import problems
from tests.generator.pairwise import rows
from tests.generator.repositories import Repository, answers_of, make
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


@pytest.mark.parametrize("settings", _FULL, ids=lambda settings: "-".join(settings.values()))
def test_the_order_of_components_changes_nothing(settings: dict[str, object], tmp_path: Path) -> None:
    repository = make(answers_of(None, settings), tmp_path / "repository")
    before = _by_name(repository)
    chance = random.Random(1)
    for _ in range(2):
        for path in sorted(repository.root.glob("overlays/*/kustomization.yaml")):
            data = yaml.safe_load(path.read_text(encoding="utf-8"))
            chance.shuffle(data["components"])
            path.write_text(yaml.safe_dump(data, sort_keys=False), encoding="utf-8")
        assert _by_name(Repository(repository.answers, repository.root)) == before


def test_pairs_cover_every_choice_and_only_answers_that_go_together() -> None:
    made = rows()
    for question in questions_of(Answers):
        if question.choices:
            assert {row[question.key] for row in made} == set(question.choices), question.key
    assert all(not examine(row)[1] for row in made)
    assert rows() == made


# All of them: python -m tests.generator.pairwise
@pytest.mark.slow
@pytest.mark.parametrize("number", range(0, 60, 12))
def test_answers_that_go_together_make_a_good_repository(number: int, tmp_path: Path) -> None:
    row = rows()[number]
    assert problems(make(answers_of(None, row), tmp_path / "repository")) == [], row


def test_the_same_answers_give_the_same_bytes(tmp_path: Path) -> None:
    answers = answers_of(None)
    first = make(answers, tmp_path / "a" / "repository")
    second = make(answers, tmp_path / "b" / "elsewhere")
    assert snapshot(first.root) == snapshot(second.root)


@pytest.mark.parametrize("number", [None, 2, 20])
def test_plain_cookiecutter_writes_the_same(number: int | None, tmp_path: Path) -> None:
    pooled = [r for r in rows() if r["accelerator"] != "none" and r["runtime"] != "vllm"]
    fitting = [r for r in pooled if r["exposure"] != "node-port"]  # not in prod
    settings = {} if number is None else fitting[number]
    answers = answers_of(None, {**settings, "environments": _POOLS})
    ours = make(answers, tmp_path / "ours")
    replay = tmp_path / "replay.json"
    replay.write_text(json.dumps({"cookiecutter": context(answers)}), encoding="utf-8")
    subprocess.run(
        [sys.executable, "-m", "cookiecutter", str(template_dir()), "--replay-file", str(replay),
         "--output-dir", str(tmp_path / "plain")],
        check=True, capture_output=True, env={"PATH": os.environ["PATH"], "HOME": str(tmp_path)},
    )  # fmt: skip
    assert snapshot(tmp_path / "plain" / answers.repo_name) == snapshot(ours.root)


def _by_name(repository: Repository) -> dict[str, dict[tuple[str, str], object]]:
    return {
        environment: {(item["kind"], item["metadata"]["name"]): _as_maps(item) for item in objects}
        for environment, objects in repository.objects.items()
    }


def _as_maps(node: Any) -> object:
    """The object with the lists that the API server merges by a key (volumes, mounts, ports, …) as maps."""
    if isinstance(node, dict):
        return {key: _as_maps(value) for key, value in node.items()}
    if isinstance(node, list):
        for key in ("mountPath", "containerPort", "name"):
            if node and all(isinstance(item, dict) and key in item for item in node):
                return {item[key]: _as_maps(item) for item in node}
        return [_as_maps(item) for item in node]
    return node
