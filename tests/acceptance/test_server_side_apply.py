"""Every object of every generated repository is one that a real API server accepts, field by field."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.cluster import Cluster
from tests.acceptance.crds import group_kind, install
from tests.acceptance.repositories import SOURCES, Repository

ALLOWED_WARNINGS: tuple[str, ...] = ()


@pytest.fixture(scope="module")
def server() -> Iterator[Cluster]:
    """Controllers too: the default service account of a namespace is asked for by admission."""
    with Cluster(controllers=True) as running:
        yield running


def refusals(server: Cluster, objects: list[dict[str, Any]]) -> list[str]:
    """Apply the objects in a dry run, their namespaces for real; what was refused or warned of."""
    found = []
    namespaces = [item for item in objects if item["kind"] == "Namespace"]
    for item in namespaces:
        answer = server.apply(item)
        if not answer.ok:
            found.append(f"Namespace {item['metadata']['name']}: {answer.message}")
    for item in objects:
        answer = server.apply(item, dry_run=True)
        where = f"{item['apiVersion']} {item['kind']} {item['metadata']['name']}"
        if not answer.ok:
            found.append(f"{where}: {answer.status} {answer.message}")
        found += [f"{where}: warning: {text}" for text in answer.warnings]
    return found


def test_every_object_is_accepted_with_strict_field_validation(
    server: Cluster, repository: Callable[[str], Repository], subtests: pytest.Subtests
) -> None:
    for source in SOURCES:
        made = repository(source)
        assert made.environments
        for target in ["argocd", *(f"overlays/{name}" for name in made.environments)]:
            with subtests.test(msg=f"{source}: {target}"):
                objects = made.rendered(target)
                missing = install(server, {group_kind(item) for item in objects})
                assert not missing, (
                    f"nobody defines {sorted(missing)} here: set KUSTODIAN_CRDS "
                    f"(now {os.environ.get('KUSTODIAN_CRDS')!r})"
                )
                server.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "argocd"}})
                found = refusals(server, objects)
                assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("file", "old", "new", "expected"),
    [
        ("base/deployment.yaml", "enableServiceLinks:", "enableServiceLink:", "enableServiceLink"),
        ("base/service.yaml", "port: 80\n", "port: 800000\n", "spec.ports[0].port"),
        (
            "components/external-secrets/api-keys.yaml",
            "refreshInterval:",
            "refreshIntervall:",
            "refreshIntervall",
        ),
    ],
    ids=["unknown field", "value out of range", "unknown field of a custom resource"],
)
def test_a_broken_overlay_is_refused(
    server: Cluster,
    repository: Callable[[str], Repository],
    tmp_path: Path,
    file: str,
    old: str,
    new: str,
    expected: str,
) -> None:
    broken = repository("default").copy(tmp_path / "broken")
    broken.replace(file, old, new)
    objects = broken.rendered("overlays/staging")
    assert not install(server, {group_kind(item) for item in objects})
    found = refusals(server, objects)
    assert len(found) == 1, found
    assert expected in found[0]
