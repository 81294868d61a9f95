"""Every preset and the defaults: generated, rendered, validated, checked, and held against the assertions."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.generator import assertions, golden
from tests.generator.assertions import ASSERTIONS, problems
from tests.generator.repositories import PRESETS, Objects, Repository, answers_of, edited, make, of


@pytest.mark.parametrize("preset", PRESETS)
def test_a_preset_holds_what_every_repository_has_to(preset: str, tmp_path: Path) -> None:
    repository = make(answers_of(preset), tmp_path / "repository")
    assert problems(repository) == []
    kept = json.loads(golden.DIGESTS.read_text(encoding="utf-8"))[preset]
    assert golden.digests(repository) == kept, "look at the change, then: python -m tests.generator.golden"


@pytest.fixture(scope="module")
def default(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    """The default repository."""
    return make(answers_of(None), tmp_path_factory.mktemp("default") / "repository")


def test_the_default_repository_holds_it_too(default: Repository) -> None:
    assert problems(default) == []
    for environment, objects in default.objects.items():
        kept = (golden.FOLDER / f"{environment}.yaml").read_text(encoding="utf-8")
        assert golden.text(objects) == kept, "look at the change, then: python -m tests.generator.golden"


Break = Callable[[Objects], None]


def _set(kind: str, *path: str | int, value: object) -> Break:
    """Sets a field of the first object of a kind."""

    def breaks(objects: Objects) -> None:
        node: Any = of(objects, kind)[0]
        for part in path[:-1]:
            node = node[part]
        node[path[-1]] = value

    return breaks


_SERVER = ("spec", "template", "spec")
#: For each assertion a change of prod that it has to notice.
BREAKS: dict[str, Break] = {
    "no_replicas_under_an_autoscaler": _set("Deployment", "spec", "replicas", value=3),
    "memory_metric_first": lambda objects: of(objects, "HorizontalPodAutoscaler")[0]["spec"][
        "metrics"
    ].reverse(),
    "nothing_in_or_out_unless_allowed": lambda objects: objects.remove(
        next(i for i in objects if i["metadata"]["name"] == "allow-dns")
    ),
    "prod_by_digest": _set("Deployment", *_SERVER, "containers", 0, "image", value="iris:1.0"),
    "no_unserved_api_version": _set("HTTPRoute", "apiVersion", value="gateway.networking.k8s.io/v1alpha2"),
    "selectors_equal_across_environments": _set("Service", "spec", "selector", value={"app": "other"}),
    "gpu_servers_are_placed": _set("Deployment", *_SERVER, "nodeSelector", value={}),
    "no_secret_with_data": lambda objects: objects.append(
        {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "data": {"a": "Yg=="}}
    ),
    "defaults_are_written_out": lambda objects: of(objects, "HTTPRoute")[0]["spec"]["rules"][0][
        "backendRefs"
    ][0].pop("weight"),
    "disruption_budgets_leave_room": _set("PodDisruptionBudget", "spec", "maxUnavailable", value=0),
    "no_trace_of_what_was_not_chosen": lambda objects: objects.append(
        {"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": "c"}}
    ),
}
#: For the others: a file, a text in it, and what takes its place.
FILE_BREAKS = {
    "no_deprecated_kustomize_field": ("base/kustomization.yaml", "resources:", "vars: []\nresources:"),
    "projects_without_wildcards": ("argocd/project.yaml", "kind: Deployment", 'kind: "*"'),
    "applicationsets_are_careful": ("argocd/applicationset.yaml", "missingkey=error", "missingkey=zero"),
    "links_lead_somewhere": ("README.md", "docs/architecture.md", "docs/architektur.md"),
    "no_url_in_a_kustomization": (
        "base/kustomization.yaml",
        "  - rbac.yaml",
        "  - https://example.com/rbac.yaml",
    ),
}


def test_every_assertion_has_a_break() -> None:
    assert {assertion.__name__ for assertion in ASSERTIONS} == {*BREAKS, *FILE_BREAKS}


@pytest.mark.parametrize("name", BREAKS)
def test_an_assertion_notices_a_broken_object(default: Repository, name: str) -> None:
    broken = Repository(default.answers, default.root)
    broken.__dict__["objects"] = copy.deepcopy(default.objects)
    BREAKS[name](broken.objects["prod"])
    assert list(_assertion(name, broken))


@pytest.mark.parametrize("name", FILE_BREAKS)
def test_an_assertion_notices_a_broken_file(default: Repository, name: str) -> None:
    file, old, new = FILE_BREAKS[name]
    with edited(default.root / file, old, new):
        assert list(_assertion(name, default))
    assert not list(_assertion(name, default))


def _assertion(name: str, repository: Repository) -> Iterator[str]:
    found: Iterator[str] = getattr(assertions, name)(repository)
    return found
