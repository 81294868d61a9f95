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


def _without(kind: str, name: str) -> Break:
    """Removes an object."""
    return lambda objects: objects.remove(
        next(item for item in objects if item["kind"] == kind and item["metadata"]["name"] == name)
    )


def _drop(kind: str, *path: str | int) -> Break:
    """Removes a field of the first object of a kind."""

    def breaks(objects: Objects) -> None:
        node: Any = of(objects, kind)[0]
        for part in path[:-1]:
            node = node[part]
        del node[path[-1]]

    return breaks


def _add(**item: Any) -> Break:
    """Adds an object."""
    return lambda objects: objects.append({"metadata": {"name": "x"}, **item})


def _open_dns_to_anybody(objects: Objects) -> None:
    policy = next(item for item in objects if item["metadata"]["name"] == "allow-dns")
    del policy["spec"]["egress"][0]["to"]


_SERVER = ("spec", "template", "spec")
_BACKEND = ("spec", "rules", 0, "backendRefs", 0)
_REMOTE = ("spec", "data", 0, "remoteRef")
#: For each assertion changes of prod that it has to notice.
BREAKS: tuple[tuple[str, Break], ...] = (
    ("no_replicas_under_an_autoscaler", _set("Deployment", "spec", "replicas", value=3)),
    ("no_replicas_under_an_autoscaler", _without("HorizontalPodAutoscaler", "iris")),
    ("memory_metric_first", lambda objects: of(objects, "HorizontalPodAutoscaler")[0]["spec"]["metrics"].reverse()),
    ("memory_metric_first", _drop("HorizontalPodAutoscaler", "spec", "metrics", 0)),
    ("nothing_in_or_out_unless_allowed", _without("NetworkPolicy", "allow-dns")),
    ("nothing_in_or_out_unless_allowed", _without("NetworkPolicy", "default-deny")),
    ("nothing_in_or_out_unless_allowed", _open_dns_to_anybody),
    ("nothing_in_or_out_unless_allowed", _add(kind="NetworkPolicy", spec={"podSelector": {"a": "b"}, "ingress": [{}]})),
    ("prod_by_digest", _set("Deployment", *_SERVER, "containers", 0, "image", value="iris:1.0")),
    ("no_unserved_api_version", _set("HTTPRoute", "apiVersion", value="gateway.networking.k8s.io/v1alpha2")),
    ("no_unserved_api_version", _set("PodDisruptionBudget", "apiVersion", value="policy/v1beta1")),
    ("no_unserved_api_version", _add(apiVersion="example.com/v1", kind="Unknown")),
    ("selectors_equal_across_environments", _set("Service", "spec", "selector", value={"app": "other"})),
    ("gpu_servers_are_placed", _set("Deployment", *_SERVER, "nodeSelector", value={})),
    ("gpu_servers_are_placed", _drop("Deployment", *_SERVER, "tolerations")),
    ("gpu_servers_are_placed", _set("Deployment", *_SERVER, "tolerations", 0, "operator", value="Equal")),
    ("gpu_servers_are_placed", _set("Deployment", *_SERVER, "containers", 0, "startupProbe", "failureThreshold", value=9)),
    ("gpu_servers_are_placed", _set("Deployment", "spec", "strategy", "rollingUpdate", "maxSurge", value=1)),
    ("gpu_servers_are_placed", _set("Deployment", *_SERVER, "containers", 0, "resources", "limits", value={})),
    ("no_secret_with_data", _add(apiVersion="v1", kind="Secret", data={"a": "Yg=="})),
    ("no_secret_with_data", _add(apiVersion="v1", kind="Secret", stringData={"a": "b"})),
    ("defaults_are_written_out", _drop("HTTPRoute", *_BACKEND, "weight")),
    ("defaults_are_written_out", _drop("HTTPRoute", "spec", "parentRefs", 0, "kind")),
    ("defaults_are_written_out", _drop("ExternalSecret", *_REMOTE, "decodingStrategy")),
    ("defaults_are_written_out", _drop("ExternalSecret", "spec", "target", "deletionPolicy")),
    ("disruption_budgets_leave_room", _set("PodDisruptionBudget", "spec", "maxUnavailable", value=0)),
    ("disruption_budgets_leave_room", _drop("PodDisruptionBudget", "spec", "unhealthyPodEvictionPolicy")),
    ("disruption_budgets_leave_room", _without("PodDisruptionBudget", "iris")),
    ("no_trace_of_what_was_not_chosen", _add(apiVersion="batch/v1", kind="CronJob")),
)  # fmt: skip
#: For the others: a file, a text in it, and what takes its place.
FILE_BREAKS = (
    ("no_deprecated_kustomize_field", "base/kustomization.yaml", "resources:", "vars: []\nresources:"),
    ("projects_without_wildcards", "argocd/project.yaml", "kind: Deployment", 'kind: "*"'),
    ("applicationsets_are_careful", "argocd/applicationset.yaml", "missingkey=error", "missingkey=zero"),
    ("applicationsets_are_careful", "argocd/applicationset.yaml", "create-update", "sync"),
    ("applicationsets_are_careful", "argocd/applicationset.yaml", "deletion-approved", "refresh"),
    ("links_lead_somewhere", "README.md", "docs/architecture.md", "docs/architektur.md"),
    ("no_word_of_what_was_not_chosen", "README.md", "# iris-model", "# iris-model, in the Istio mesh"),
    ("nothing_else_is_tolerated", "kustodian.yaml", "  prod:\n", "  prod:\n    severity: {unpinned-image: off}\n"),
    ("nothing_else_is_tolerated", "kustodian.yaml", "waivers: []", "waivers: [x]"),
    ("no_secret_with_data", "base/rbac.yaml", "kind: RoleBinding", "kind: Secret"),
    ("no_url_in_a_kustomization", "base/kustomization.yaml", "  - rbac.yaml", "  - https://example.com/rbac.yaml"),
    ("no_url_in_a_kustomization", "base/kustomization.yaml", "  - rbac.yaml", "  - git@example.com:a/b"),
)  # fmt: skip


def test_every_assertion_has_a_break() -> None:
    broken = {name for name, *_ in (*BREAKS, *FILE_BREAKS)}
    assert {assertion.__name__ for assertion in ASSERTIONS} == broken


@pytest.mark.parametrize(("name", "breaks"), BREAKS, ids=[name for name, _ in BREAKS])
def test_an_assertion_notices_a_broken_object(default: Repository, name: str, breaks: Break) -> None:
    broken = Repository(default.answers, default.root)
    broken.__dict__["objects"] = copy.deepcopy(default.objects)
    assert not list(_assertion(name, broken))
    breaks(broken.objects["prod"])
    assert list(_assertion(name, broken))


@pytest.mark.parametrize(("name", "file", "old", "new"), FILE_BREAKS, ids=[row[0] for row in FILE_BREAKS])
def test_an_assertion_notices_a_broken_file(
    default: Repository, name: str, file: str, old: str, new: str
) -> None:
    with edited(default.root / file, old, new):
        assert list(_assertion(name, default))
    assert not list(_assertion(name, default))


def _assertion(name: str, repository: Repository) -> Iterator[str]:
    found: Iterator[str] = getattr(assertions, name)(repository)
    return found


def test_several_models_are_served_behind_one_route(tmp_path: Path) -> None:
    """One server loads every folder of its repository; the route takes any model's name and reaches only it."""
    repository = make(answers_of("multi-model"), tmp_path / "repository")
    for objects in repository.objects.values():
        (route,) = of(objects, "HTTPRoute")
        paths = [match["path"] for rule in route["spec"]["rules"] for match in rule["matches"]]
        assert {"type": "PathPrefix", "value": "/v2/models"} in paths
        (backend,) = {ref["name"] for rule in route["spec"]["rules"] for ref in rule["backendRefs"]}
        (service,) = (one for one in of(objects, "Service") if one["metadata"]["name"] == backend)
        (server,) = of(objects, "Deployment")
        template = server["spec"]["template"]
        assert service["spec"]["selector"].items() <= template["metadata"]["labels"].items()
        arguments = template["spec"]["containers"][0]["args"]
        assert "--model-repository=/models/$(MODEL_REVISION)" in arguments
        assert not any(argument.startswith("--load-model") for argument in arguments)  # then only those named
