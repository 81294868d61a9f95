"""`podTemplates` of the configuration: every command knows the pods of a custom resource."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tests.cli.harness import Outcome, kustodian, line_of, write
from tests.cli.test_base import KUSTOMIZATION, commit, git

ENVIRONMENTS = "environments:\n  dev: {paths: [overlays/dev]}\n  prod: {paths: [overlays/prod]}\n"
POD_TEMPLATES = "podTemplates:\n  - {group: example.com, kind: ModelServer, path: spec.server}\n"
SERVER = """\
apiVersion: example.com/v1
kind: ModelServer
metadata: {name: m}
spec:
  size: 1
  server:
    metadata: {labels: {app: m}}
    spec:
      containers:
        - name: c
          image: registry.example.com/iris:latest
"""
RULE = ("--rule", "unpinned-image")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Two environments of one custom resource, which the configuration says owns pods."""
    root = write(tmp_path, {
        "kustodian.yaml": ENVIRONMENTS + POD_TEMPLATES,
        "base/kustomization.yaml": f"{KUSTOMIZATION}resources: [server.yaml]\n",
        "base/server.yaml": SERVER,
        "overlays/dev/kustomization.yaml": f"{KUSTOMIZATION}resources: [../../base]\nnamespace: iris-dev\n",
        "overlays/prod/kustomization.yaml": f"{KUSTOMIZATION}resources: [../../base]\nnamespace: iris-prod\n",
    })  # fmt: skip
    git(root, "init", "--quiet", "--initial-branch", "main")
    commit(root, "one")
    return root


def forget(root: Path) -> None:
    """Take the pod templates out of the configuration."""
    (root / "kustodian.yaml").write_text(ENVIRONMENTS)
    commit(root, "forget")


def check(root: Path, *arguments: str) -> Outcome:
    return kustodian("check", *arguments, "--format", "json", *RULE, cwd=root)


PLACE = ("base/server.yaml", line_of(SERVER, "image:"))


def test_check(root: Path) -> None:
    assert set(check(root).found("unpinned-image")) == {PLACE}
    forget(root)
    assert check(root).found("unpinned-image") == []


def test_check_of_a_plain_manifest(root: Path) -> None:
    assert check(root, "base/server.yaml").found("unpinned-image") == [PLACE]
    forget(root)
    assert check(root, "base/server.yaml").found("unpinned-image") == []


def test_check_against_another_revision(root: Path) -> None:
    assert check(root, "--base", "HEAD").data["comparison"]["new"] == 0
    (root / "base/server.yaml").write_text(SERVER.replace("spec:\n  size", "spec:\n  more: x\n  size"))
    assert check(root, "--base", "HEAD").data["comparison"]["new"] == 0, "the finding has only moved"
    (root / "base/server.yaml").write_text(f"{SERVER}        - {{name: d, image: 'x:latest'}}\n")
    comparison = check(root, "--base", "HEAD").data["comparison"]
    assert (comparison["new"], comparison["unchanged"]) == (2, 2), "one container in each environment"


def test_matrix(root: Path) -> None:
    (application,) = kustodian("matrix", "--format", "json", cwd=root).data["applications"]
    facts = {(row["subject"], row["fact"]): row["values"] for row in application["rows"]}
    assert facts["ModelServer m", "image"] == ["registry.example.com/iris:latest"] * 2
    forget(root)
    assert "ModelServer" not in kustodian("matrix", cwd=root).out


def notes(root: Path) -> list[str]:
    """What `diff` says of the object, the same in both environments."""
    overlays = kustodian("diff", "--format", "json", cwd=root).data["overlays"]
    dev, prod = ([risk for change in overlay["changes"] for risk in change["risks"]] for overlay in overlays)
    assert dev == prod
    return dev


def test_diff(root: Path) -> None:
    (root / "base/server.yaml").write_text(SERVER.replace("app: m", "app: n"))
    assert notes(root) == ["its pods change"]
    (root / "base/server.yaml").write_text(SERVER.replace("size: 1", "size: 2"))
    assert notes(root) == [], "not a field of the pods"
    (root / "base/server.yaml").write_text(SERVER)
    forget(root)
    (root / "base/server.yaml").write_text(SERVER.replace("app: m", "app: n"))
    assert notes(root) == []


def test_export_admission(root: Path) -> None:
    """Without Namespace objects, the policies hold in the namespaces of the pods."""
    done = kustodian("export", "admission", "-o", "-", cwd=root)
    assert (done.code, done.err) == (0, "")
    held = {
        name
        for item in yaml.safe_load_all(done.out)
        if item["kind"] == "ValidatingAdmissionPolicyBinding"
        and "namespaceSelector" in item["spec"]["matchResources"]
        for expression in item["spec"]["matchResources"]["namespaceSelector"]["matchExpressions"]
        for name in expression["values"]
    }
    assert held == {"iris-dev", "iris-prod"}
    forget(root)
    done = kustodian("export", "admission", "-o", "-", cwd=root)
    assert done.code == 4 and "apply nowhere" in done.err
