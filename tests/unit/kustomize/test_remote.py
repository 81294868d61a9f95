"""The references that kustomize would fetch."""

from __future__ import annotations

from typing import Any

import pytest

from kustodian.kustomize.remote import Reference, remote_references
from kustodian.model.json_value import FieldPath
from kustodian.model.repository.kustomization import Kustomization
from kustodian.model.repository.view import RepositoryView

FILE, REPOSITORY = "https://example.com/a.yaml", "git@github.com:org/repo"


def remote(data: dict[str, Any], *files: str) -> list[Reference]:
    kustomization = Kustomization("dev/kustomization.yaml", data)
    found = remote_references(RepositoryView(kustomizations={kustomization.path: kustomization}, files=files))
    assert all(owner is kustomization for owner, _ in found)
    return [reference for _, reference in found]


@pytest.mark.parametrize(("data", "path", "text"), [
    ({"resources": ["a.yaml", FILE]}, ("resources", 1), FILE),
    ({"resources": [REPOSITORY]}, ("resources", 0), REPOSITORY),
    ({"bases": [REPOSITORY]}, ("bases", 0), REPOSITORY),
    ({"components": [REPOSITORY]}, ("components", 0), REPOSITORY),
    ({"generators": [REPOSITORY]}, ("generators", 0), REPOSITORY),
    ({"transformers": [REPOSITORY]}, ("transformers", 0), REPOSITORY),
    ({"validators": [REPOSITORY]}, ("validators", 0), REPOSITORY),
    ({"patches": [{"path": FILE}]}, ("patches", 0, "path"), FILE),
    ({"openapi": {"path": FILE}}, ("openapi", "path"), FILE),
])  # fmt: skip
def test_what_is_fetched(data: dict[str, Any], path: FieldPath, text: str) -> None:
    (found,) = remote(data)
    assert (found.path, found.text) == (path, text)


@pytest.mark.parametrize("data", [
    {"resources": ["a.yaml", "../base", "a:b", "x@y"]},
    {"patches": [{"path": REPOSITORY}]},
    {"configMapGenerator": [{"files": [REPOSITORY]}]},
    {"resources": None},
    {},
])  # fmt: skip
def test_what_is_local(data: dict[str, Any]) -> None:
    assert remote(data) == []


def test_a_local_file_with_such_a_name_is_not_fetched() -> None:
    (found,) = remote({"resources": ["github.com/org/repo"]})
    assert found.target == "dev/github.com/org/repo"
    assert remote({"resources": ["github.com/org/repo"]}, found.target) == []
