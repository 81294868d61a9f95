"""`--base` sees what grows worse inside an old finding, and keeps quiet about what does not."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.cli.harness import Outcome, kustodian, write
from tests.hostile.worse.objects import container, deployment
from tests.hostile.worse.table import NEW, NOT_WORSE, WORSE, Content, Row

CONFIG = """\
environments:
  prod: {paths: ['rows/*']}
registries: [registry.example.com, docker.io/bitnami]
rego: {policy: [policies]}
rules:
  namespace-without-pod-security-label: {minimumLevel: restricted}
"""
REGO = """\
package main

deny contains message if {
\tinput.kind == "ConfigMap"
\tmessage := input.metadata.annotations[key]
\tstartswith(key, "say")
}
"""
PATCH = """\
apiVersion: apps/v1
kind: Deployment
metadata: {{name: x, namespace: x}}
spec: {{template: {{spec: {{schedulerName: {}}}}}}}
"""
APPLICATION = """\
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {{name: x, namespace: argocd}}
spec:
  project: x
  source: {{repoURL: https://git.example.com/other.git, path: x, targetRevision: {}}}
  destination: {{namespace: x, server: https://kubernetes.default.svc}}
"""
SECRETS = ("hunter22x", "geheim99y", "aB3dE6gH9k", "zY7xW4vU1t")


def _git(root: Path, *arguments: str) -> None:
    identity = ("-c", "user.name=T", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *identity, *arguments], cwd=root, check=True, capture_output=True)


def _write(folder: Path, content: Content) -> None:
    for old in folder.rglob("*.*"):
        old.unlink()
    files = content if isinstance(content, dict) else {"x.yaml": "\n---\n".join(map(json.dumps, content))}
    # Files that are not manifests stand beside an object that has nothing to do with them.
    named = (
        files if "kustomization.yaml" in files else {"kustomization.yaml": "resources: [x.yaml]\n", **files}
    )
    if "x.yaml" not in named:
        named = {**named, "x.yaml": "{apiVersion: v1, kind: ConfigMap, metadata: {name: x}}\n"}
    write(folder, named)


def _commit(root: Path) -> None:
    _git(root, "init", "--quiet", "--initial-branch", "main")
    _git(root, "add", "--all")
    _git(root, "commit", "--quiet", "--message", "before")


def repository(root: Path, rows: tuple[Row, ...]) -> Path:
    """A git repository with an overlay for each row: at HEAD as before, in the work tree as after."""
    write(root, {"kustodian.yaml": CONFIG, "policies/say.rego": REGO})
    for row in rows:
        _write(root / row.folder, row.before)
    _commit(root)
    for row in rows:
        _write(root / row.folder, row.after)
    return root


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return repository(tmp_path_factory.mktemp("worse"), WORSE + NEW + NOT_WORSE)


@pytest.fixture(scope="module")
def outcome(root: Path) -> Outcome:
    return kustodian("check", ".", "--base", "HEAD", "--format", "json", "--no-cache", cwd=root)


@pytest.fixture(scope="module")
def findings(outcome: Outcome) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = outcome.data["findings"]
    return found


def of(row: Row, findings: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The findings of a row's rule in its folder."""
    return [
        finding
        for finding in findings
        if finding["rule"] == row.rule and f"{finding['source']['file']}/".startswith(f"{row.folder}/")
    ]


@pytest.mark.parametrize("row", WORSE + NEW, ids=lambda row: row.name)
def test_worse_inside_an_old_finding(row: Row, findings: list[dict[str, Any]]) -> None:
    worse = [finding for finding in of(row, findings) if finding["status"] == row.status]
    assert worse, [(finding["status"], finding["message"]) for finding in of(row, findings)]
    if row.status == "worse":
        assert all(finding["worse"]["was"] != finding["worse"]["now"] for finding in worse)


@pytest.mark.parametrize("row", NOT_WORSE, ids=lambda row: row.name)
def test_not_worse(row: Row, findings: list[dict[str, Any]]) -> None:
    found = of(row, findings)
    assert found
    assert {finding["status"] for finding in found} == {"unchanged"}, [
        (finding["status"], finding["message"], finding.get("worse")) for finding in found
    ]


def test_no_value_of_a_secret_is_shown(outcome: Outcome, findings: list[dict[str, Any]]) -> None:
    shown = json.dumps([finding["worse"] for finding in findings if "worse" in finding])
    assert [secret for secret in SECRETS if secret in shown] == []
    assert outcome.code == 1


PAIRED = {
    "kustodian.yaml": "environments:\n  staging: {paths: [overlays/staging]}\n  prod: {paths: [overlays/prod]}\n",
    "base/kustomization.yaml": "resources: [x.yaml]\n",
    "base/x.yaml": json.dumps(deployment(container())[0]),
    "overlays/staging/kustomization.yaml": "resources: [../../base]\n",
    "overlays/prod/kustomization.yaml": "resources: [../../base]\npatches: [{path: p.yaml}]\n",
    "overlays/prod/p.yaml": PATCH.format("a"),
    "argocd/app.yaml": APPLICATION.format("HEAD"),
}


@pytest.mark.parametrize(
    ("rule", "file", "text", "status"),
    [
        ("environment-drift", "overlays/prod/p.yaml", PATCH.format("b"), "worse"),
        (
            "environment-drift",
            "overlays/prod/p.yaml",
            f"# the same\n{PATCH.format('a')}",
            "unchanged",
        ),
        (
            "environment-drift",
            "base/x.yaml",
            json.dumps(deployment(container(args=["serve"], workingDir="/"))[0]),
            "unchanged",
        ),
        ("application-target-revision", "argocd/app.yaml", APPLICATION.format("feature"), "worse"),
        (
            "application-target-revision",
            "argocd/app.yaml",
            APPLICATION.format("HEAD") + "# same\n",
            "unchanged",
        ),
    ],
)
def test_findings_about_the_repository(rule: str, file: str, text: str, status: str, tmp_path: Path) -> None:
    _commit(write(tmp_path, PAIRED))
    write(tmp_path, {file: text})
    command = ("check", ".", "--base", "HEAD", "--rule", rule, "--format", "json", "--no-cache")
    outcome = kustodian(*command, "--fail-on", "all", cwd=tmp_path)
    assert {finding["status"] for finding in outcome.data["findings"]} == {status}, outcome.out
    comparison = kustodian(*command, cwd=tmp_path).data["comparison"]
    assert (comparison["new"], comparison["worse"]) == (0, int(status == "worse"))
