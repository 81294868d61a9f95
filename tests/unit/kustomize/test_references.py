"""The files, folders and addresses that a kustomization names."""

from __future__ import annotations

from typing import Any

import pytest

from kustodian.kustomize.references import (
    is_pinned,
    is_remote_file,
    is_remote_repository,
    may_be_remote,
    targets,
    written_references,
)
from kustodian.model.json_value import FieldPath
from kustodian.model.repository.kustomization import Kustomization
from kustodian.model.repository.view import RepositoryView

SHA = "0123456789abcdef0123456789abcdef01234567"


@pytest.mark.parametrize(("data", "expected"), [
    *(
        ({field: ["a.yaml", None, 3]}, [((field, 0), "a.yaml")])
        for field in (
            "resources", "bases", "components", "generators", "transformers", "validators", "configurations", "crds",
            "patchesStrategicMerge",
        )
    ),
    ({"patches": ["a.yaml", {"path": "b.yaml"}, {"patch": "kind: X"}]}, [(("patches", 0), "a.yaml"), (("patches", 1, "path"), "b.yaml")]),
    ({"patchesJson6902": [{"path": "a.yaml"}]}, [(("patchesJson6902", 0, "path"), "a.yaml")]),
    ({"replacements": [{"path": "a.yaml"}, {"source": {}}]}, [(("replacements", 0, "path"), "a.yaml")]),
    ({"configMapGenerator": [{"env": "a.env"}]}, [(("configMapGenerator", 0, "env"), "a.env")]),
    ({"secretGenerator": [{"envs": ["a.env", None]}]}, [(("secretGenerator", 0, "envs", 0), "a.env")]),
    (
        {"configMapGenerator": [{"files": ["a.txt", "key=b.txt", "k=x=c.txt"]}]},
        [
            (("configMapGenerator", 0, "files", 0), "a.txt"),
            (("configMapGenerator", 0, "files", 1), "b.txt"),
            (("configMapGenerator", 0, "files", 2), "c.txt"),
        ],
    ),
    (
        {"helmCharts": [{"valuesFile": "v.yaml", "additionalValuesFiles": ["w.yaml"]}]},
        [(("helmCharts", 0, "valuesFile"), "v.yaml"), (("helmCharts", 0, "additionalValuesFiles", 0), "w.yaml")],
    ),
    ({"helmChartInflationGenerator": [{"values": "v.yaml"}]}, [(("helmChartInflationGenerator", 0, "values"), "v.yaml")]),
    ({"openapi": {"path": "s.json"}}, [(("openapi", "path"), "s.json")]),
    # Inline YAML and empty texts name no file.
    ({"patchesStrategicMerge": ["kind: X\nmetadata: {}"], "transformers": ["a: 1\n"]}, []),
    ({"resources": ["", "b"]}, [(("resources", 1), "b")]),
    ({"resources": None, "patches": "x", "configMapGenerator": [None], "helmCharts": {}, "openapi": []}, []),
    ({}, []),
])  # fmt: skip
def test_written_references(data: dict[str, Any], expected: list[tuple[FieldPath, str]]) -> None:
    assert written_references(Kustomization("kustomization.yaml", data)) == expected


def test_targets_are_relative_to_the_repository() -> None:
    files = {
        "base/kustomization.yaml": {"resources": ["a.yaml", "./b.yaml"]},
        "overlays/dev/kustomization.yaml": {"resources": ["../../base"], "patches": [{"path": "p.yaml"}]},
    }
    view = RepositoryView(kustomizations={path: Kustomization(path, data) for path, data in files.items()})
    assert targets(view) == {"base/a.yaml", "base/b.yaml", "base", "overlays/dev/p.yaml"}
    assert targets(RepositoryView()) == frozenset()


@pytest.mark.parametrize(("written", "file", "repository"), [
    ("https://example.com/a.yaml", True, False),
    ("HTTPS://example.com/a.yaml", True, False),
    ("http://example.com/a/b.yaml", True, True),
    ("https://example.com", True, False),
    ("https://example.com/", True, False),
    ("https://github.com/org/repo//path?ref=v1", True, True),
    ("https://dev.azure.com/org/project/_git/repo", True, True),
    ("ssh://git@github.com/org/repo", False, True),
    ("git@github.com:org/repo.git", False, True),
    ("git@github.com:repo.git", False, True),
    ("git@github.com", False, False),
    ("git::https://example.com/org/repo", False, True),
    ("git::git@example.com:org/repo", False, True),
    ("github.com/org/repo", False, True),
    ("GitHub.com/org/repo", False, True),
    ("github.com:org/repo", False, True),
    ("github.com/org", False, False),
    ("github.com", False, False),
    ("github.community/org/repo", False, False),
    ("https://example.com:8443/repo", True, False),
    ("git@:org/repo", False, False),
    ("file:///srv/repo", False, True),
    ("file://", False, False),
    ("example.com/org/repo", False, False),
    ("host:org/repo", False, False),
    ("../base", False, False),
    ("/srv/user@host/x", False, False),
    ("base?ref=x@y:z", False, False),
    ("", False, False),
])  # fmt: skip
def test_remote_addresses(written: str, file: bool, repository: bool) -> None:
    assert is_remote_file(written) is file
    assert is_remote_repository(written) is repository
    assert may_be_remote(written) or not (file or repository)


@pytest.mark.parametrize(("written", "expected"), [
    ("a:b", True), ("a@b", True), ("GitHub.com/x", True), ("github", True), ("../base", False), ("", False),
])  # fmt: skip
def test_may_be_remote(written: str, expected: bool) -> None:
    assert may_be_remote(written) is expected


@pytest.mark.parametrize(("written", "pinned"), [
    (f"https://github.com/org/repo//path?ref={SHA}", True),
    (f"github.com/org/repo?version={SHA}", True),
    (f"github.com/org/repo?timeout=1m&ref={SHA}&submodules=0", True),
    (f"github.com/org/repo?ref={SHA}{SHA[:24]}", True),
    (f"https://raw.githubusercontent.com/org/repo/{SHA}/a.yaml", True),
    ("github.com/org/repo?ref=v1.0.0", False),
    (f"github.com/org/repo?ref={SHA[:7]}", False),
    (f"github.com/org/repo?ref={SHA.upper()}", False),
    (f"https://raw.githubusercontent.com/org/repo/{SHA}/a.yaml?ref=main", False),
    (f"https://github.com/org/repo//{SHA}", False),
    (f"github.com/org/{SHA}", False),
    (f"ssh://git@github.com/org/{SHA}", False),
    ("https://example.com/a.yaml", False),
    ("https://example.com/a.yaml?", False),
    ("https://example.com/a.yaml?ref", False),
    ("", False),
])  # fmt: skip
def test_is_pinned(written: str, pinned: bool) -> None:
    assert is_pinned(written) is pinned
