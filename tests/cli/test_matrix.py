"""`kustodian matrix` from the outside."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.harness import kustodian, write

ROOT = Path(__file__).parents[2]
KUSTOMIZATION = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n"


def rows(*arguments: str, cwd: Path = ROOT) -> dict[tuple[str, str], tuple[list[str | None], bool]]:
    data = json.loads(kustodian("matrix", "--format", "json", *arguments, cwd=cwd).out)
    (application,) = data["applications"]
    assert application["environments"] == ["dev", "staging", "prod"]
    return {(row["subject"], row["fact"]): (row["values"], row["differs"]) for row in application["rows"]}


def test_what_people_ask_about() -> None:
    found = rows()
    assert found["Deployment iris", "pods"] == (["1 to 2", "2 to 3", "3 to 6"], True)
    assert found["Deployment iris", "GPUs a pod"] == ([None, "1", "1"], True)
    assert found["Deployment iris", "MODEL_REVISION"] == (["1.0.0"] * 3, False)
    assert found["Deployment iris", "secrets"] == (["iris-api-keys"] * 3, False)
    assert found["HTTPRoute iris", "hosts"][0][2] == "iris.example.com"
    assert found["ResourceQuota iris", "requests.nvidia.com/gpu"] == (["0", "3", "6"], True)
    assert found["Namespace iris-*", "Pod Security"] == (["restricted"] * 3, False)


def test_only_drift() -> None:
    drift = rows("--drift")
    assert drift and all(differs for _, differs in drift.values())
    assert len(drift) < len(rows())


def test_it_reads_well() -> None:
    text = kustodian("matrix", cwd=ROOT).out
    assert "  Deployment iris\n  ≠ pods" in text
    assert max(len(line) for line in text.splitlines()) < 200
    markdown = kustodian("matrix", "--format", "markdown", cwd=ROOT).out
    assert "| Deployment iris | pods | 1 to 2 | 2 to 3 | 3 to 6 | ≠ |" in markdown


def test_an_environment_that_does_not_render_is_said(tmp_path: Path) -> None:
    root = write(tmp_path, {
        "kustodian.yaml": "environments:\n  dev: {paths: [overlays/dev]}\n  prod: {paths: [overlays/prod]}\n",
        "overlays/dev/kustomization.yaml": f"{KUSTOMIZATION}resources: [nowhere]\n",
        "overlays/prod/kustomization.yaml": f"{KUSTOMIZATION}namePrefix: a-\n",
    })  # fmt: skip
    outcome = kustodian("matrix", cwd=root)
    assert outcome.code == 3
    assert "overlays/dev does not render" in outcome.out


@pytest.mark.parametrize("files", [{"kustomization.yaml": f"{KUSTOMIZATION}namePrefix: a-\n"}])
def test_without_environments(files: dict[str, str], tmp_path: Path) -> None:
    outcome = kustodian("matrix", cwd=write(tmp_path, files))
    assert outcome.code == 4
    assert "kustodian.yaml" in outcome.err
