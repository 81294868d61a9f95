"""Rules about workloads read manifests of any shape: a wrong type is the schema's matter, never a crash."""

from __future__ import annotations

import copy
import random
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from kustodian.model.environment import Environment, EnvironmentClass
from kustodian.model.manifest import Manifest
from kustodian.model.overlay import Overlay, RenderedOverlay
from kustodian.policy.evaluate import Evaluator
from kustodian.policy.rules import autoscaling, availability, gpu, resources, storage
from kustodian.policy.settings import Settings

RULES = [
    *resources.RULES,
    *availability.RULES,
    *autoscaling.RULES,
    *gpu.RULES,
    *storage.RULES,
]
FIXTURES = Path(__file__).parents[2] / "rules"
ODD_VALUES: list[Any] = [
    None,
    True,
    -1,
    1.5,
    "",
    "x",
    "1e9999",
    [],
    {},
    [None],
    [[]],
    ["x"],
    {"x": None},
    {"name": 3},
]


def places(node: Any) -> list[tuple[Any, Any]]:
    """Every (container, key) of a document."""
    if isinstance(node, dict):
        return [(node, key) for key in node] + [place for value in node.values() for place in places(value)]
    if isinstance(node, list):
        return [(node, i) for i in range(len(node))] + [place for value in node for place in places(value)]
    return []


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_no_rule_raises_on_a_value_of_the_wrong_type(rule: Any) -> None:
    loader = YAML(typ="safe", pure=True)
    chance = random.Random(rule.id)
    environment = Environment("dev", EnvironmentClass.DEV, gpu_budget=1)
    settings = Settings(cpu_limits=chance.choice(["require", "forbid"]))
    for path in sorted((FIXTURES / rule.id).glob("*.yaml")):
        documents = [d for d in loader.load_all(path.read_text()) if d]
        for _ in range(25):
            broken = copy.deepcopy(documents)
            container, key = chance.choice(places(broken))
            container[key] = copy.deepcopy(chance.choice(ODD_VALUES))
            evaluator = Evaluator([rule], settings)
            # Severity decides whether a rule runs at all: take an environment in which each one does.
            for kind in EnvironmentClass:
                where = Environment(kind.value, kind, environment.gpu_budget)
                manifests = [Manifest(d) for d in broken if isinstance(d, dict)]
                evaluator.evaluate_overlay(RenderedOverlay(Overlay("o", where), manifests))
            assert not evaluator.failures, (path.name, key, container[key], evaluator.failures[0])
