"""Every object of every generated repository is one that a real API server accepts, field by field."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.cluster import Cluster
from tests.acceptance.crds import group_kind, install
from tests.acceptance.repositories import SOURCES, Repository

#: Source -> folder -> objects.
Rendered = dict[str, dict[str, list[dict[str, Any]]]]


@pytest.fixture(scope="module")
def rendered(repository: Callable[[str], Repository]) -> Rendered:
    return {source: repository(source).rendered_all(folders(repository(source))) for source in SOURCES}


@pytest.fixture(scope="module")
def server(rendered: Rendered) -> Iterator[Cluster]:
    """An API server of its own: no policy of another test warns of anything here."""
    with Cluster() as running:
        # All definitions at once: it takes the API server a moment to serve them.
        everything = [item for found in rendered.values() for objects in found.values() for item in objects]
        install(running, {group_kind(item) for item in everything})
        yield running


def folders(made: Repository) -> list[str]:
    """What Argo CD applies, and what is applied for it."""
    overlays = [f"overlays/{name}" for name in made.environments]
    return ["argocd", *overlays, *(f"platform/{name}" for name in made.add_ons)]


def refusals(server: Cluster, objects: list[dict[str, Any]]) -> list[str]:
    """Apply the objects in a dry run, their namespaces for real; what was refused or warned of."""
    missing = install(server, {group_kind(item) for item in objects})
    found = [
        f"nobody defines {kind} here: does KUSTODIAN_CRDS name its definition?" for kind in sorted(missing)
    ]
    spaces = {item["metadata"].get("namespace", "default") for item in objects}
    for name in sorted(spaces - {"default"}):
        namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
        if server.read("v1", "Namespace", name) is None:
            assert server.create(namespace).ok
    for item in objects:
        where = f"{item['apiVersion']} {item['kind']} {item['metadata']['name']}"
        if group_kind(item) in missing:
            continue
        if not server.knows(item):
            found.append(f"{where}: the API server does not serve this version of the kind")
            continue
        answer = server.apply(item, dry_run=True)
        if not answer.ok:
            found.append(f"{where}: {answer.status} {answer.message}")
        found += [f"{where}: warning: {text}" for text in answer.warnings]
    return found


@pytest.mark.parametrize("source", SOURCES)
def test_every_object_is_accepted_with_strict_field_validation(
    server: Cluster, rendered: Rendered, source: str, subtests: pytest.Subtests
) -> None:
    assert {"argocd", "overlays/prod"} <= set(rendered[source])
    for target, objects in rendered[source].items():
        with subtests.test(msg=target):
            found = refusals(server, objects)
            assert not found, "\n".join(found)


#: What is broken -> file of the default repository, what is replaced by what, and what the API server says.
BROKEN = {
    "unknown field": ("base/deployment.yaml", "enableServiceLinks:", "enableServiceLink:", r"enableServiceLink\b"),
    "wrong type": ("base/service.yaml", "port: 80\n", "port: http\n", r"ports.*cannot unmarshal|expected.*got"),
    "value out of range": ("base/service.yaml", "port: 80\n", "port: 800000\n", r"spec\.ports\[0\]\.port"),
    "unknown field of a custom resource": (
        "components/external-secrets/api-keys.yaml", "refreshInterval:", "refreshIntervall:", "refreshIntervall",
    ),
    "wrong type in a custom resource": (
        "components/gateway-api/route.yaml", "weight: 1\n", "weight: all\n", r"weight.*(integer|expected)",
    ),
    "version that is not served": (
        "components/disruption-budget/disruption-budget.yaml", "policy/v1\n", "policy/v1beta1\n", "does not serve",
    ),
    "version of a custom resource that is not served": (
        "components/prometheus/service-monitor.yaml", "coreos.com/v1\n", "coreos.com/v1beta1\n", "does not serve",
    ),
    "kind that nobody defines": (
        "components/prometheus/service-monitor.yaml", "kind: ServiceMonitor\n", "kind: Monitor\n",
        r"nobody defines monitoring\.coreos\.com/Monitor ",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", BROKEN)
def test_a_broken_overlay_is_refused(
    server: Cluster, repository: Callable[[str], Repository], tmp_path: Path, what: str
) -> None:
    file, old, new, expected = BROKEN[what]
    broken = repository("default").copy(tmp_path / "broken")
    broken.replace(file, old, new)
    found = refusals(server, broken.rendered("overlays/staging"))
    assert len(found) == 1, found
    assert re.search(expected, found[0]), found


def test_a_definition_that_is_missing_is_named_and_not_passed_over(
    server: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    consul = {
        "apiVersion": "consul.hashicorp.com/v1alpha1",
        "metadata": {"name": "iris", "namespace": "default"},
    }
    item = {**consul, "kind": "ServiceDefaults", "spec": {"protocol": "http"}}
    assert refusals(server, [item]) == []
    monkeypatch.setenv("KUSTODIAN_CRDS", str(tmp_path))
    (found,) = refusals(server, [item])
    assert "consul.hashicorp.com/ServiceDefaults" in found
