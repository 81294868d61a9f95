"""`kustodian check --against-cluster`, as a user runs it, with a kubeconfig of a real control plane."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.cluster import CONTEXT, Cluster
from tests.acceptance.crds import group_kind, install
from tests.acceptance.repositories import Repository


@pytest.fixture(scope="module")
def server() -> Iterator[Cluster]:
    with Cluster(controllers=True) as running:
        yield running


@pytest.fixture(scope="module")
def ready(server: Cluster, repository: Callable[[str], Repository]) -> Repository:
    """The default repository, whose kinds and namespaces the cluster has."""
    made = repository("default")
    for target in [f"overlays/{name}" for name in made.environments] + ["argocd"]:
        objects = made.rendered(target)
        assert not install(server, {group_kind(item) for item in objects})
        for item in objects:
            if item["kind"] == "Namespace":
                assert server.apply(item).ok
    server.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "argocd"}})
    return made


def check(
    folder: Path, *words: str, kubeconfig: Path, context: str = CONTEXT, expect: int = 0
) -> tuple[dict[str, Any], str]:
    """Run the command in a folder; the JSON report and what it said on stderr."""
    run = subprocess.run(
        [sys.executable, "-m", "kustodian", "check", *words, "--against-cluster", context, "--format", "json"],
        cwd=folder, env={**os.environ, "KUBECONFIG": str(kubeconfig)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.returncode == expect, run.stdout + run.stderr
    return json.loads(run.stdout or "{}"), run.stderr


def cluster_findings(report: dict[str, Any]) -> list[dict[str, Any]]:
    return [finding for finding in report["findings"] if finding["rule"].startswith("cluster/")]


def test_the_default_repository_is_accepted(server: Cluster, ready: Repository) -> None:
    report, _ = check(ready.folder, kubeconfig=server.kubeconfig)
    assert cluster_findings(report) == []
    assert report["summary"]["objects"] > 60
    # A dry run: nothing of it is in the cluster.
    assert server.items("apps/v1", "Deployment") == []
    report, _ = check(ready.folder, "overlays/dev", kubeconfig=server.kubeconfig, context=".")
    assert cluster_findings(report) == []


def test_what_the_api_server_refuses_is_at_its_line(
    server: Cluster, ready: Repository, tmp_path: Path
) -> None:
    broken = ready.copy(tmp_path / "broken")
    broken.replace("base/deployment.yaml", "enableServiceLinks:", "enableServiceLink:")
    broken.replace("base/service.yaml", "port: 80\n", "port: 800000\n")
    report, _ = check(broken.folder, "overlays/prod", kubeconfig=server.kubeconfig, expect=1)
    found = {finding["object"]["kind"]: finding for finding in cluster_findings(report)}
    assert sorted(found) == ["Deployment", "Service"]
    lines = {"Deployment": ("base/deployment.yaml", "enableServiceLink:"), "Service": ("base/service.yaml", "port: 800000")}  # fmt: skip
    for kind, (file, text) in lines.items():
        source = found[kind]["source"]
        assert source["file"] == file
        assert text in (broken.folder / file).read_text().splitlines()[source["line"] - 1]
        assert found[kind]["rule"] == "cluster/refused"
        assert found[kind]["severity"] == "error"


def test_only_the_cluster_knows_what_cannot_be_changed(
    server: Cluster, ready: Repository, tmp_path: Path
) -> None:
    """A selector is fine by itself; only the Deployment that runs makes it wrong."""
    objects = ready.rendered("overlays/staging")
    assert server.apply(next(item for item in objects if item["kind"] == "Deployment")).ok
    changed = ready.copy(tmp_path / "changed")
    text = (changed.folder / "base/deployment.yaml").read_text()
    (changed.folder / "base/deployment.yaml").write_text(
        text.replace("app.kubernetes.io/component: server", "app.kubernetes.io/component: servers")
    )
    report, _ = check(changed.folder, "overlays/staging", kubeconfig=server.kubeconfig, expect=1)
    (finding,) = [item for item in cluster_findings(report) if item["object"]["kind"] == "Deployment"]
    assert "immutable" in finding["message"]
    assert finding["field"].startswith("spec.selector")


def test_a_policy_of_the_cluster_speaks(server: Cluster, ready: Repository) -> None:
    name = {"name": "no-default-deny"}
    policy = {
        "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicy", "metadata": name,
        "spec": {
            "matchConstraints": {"resourceRules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["limitranges"]}]},
            "validations": [{"expression": "false", "message": "no limit ranges here"}],
        },
    }  # fmt: skip
    binding = {
        "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicyBinding", "metadata": name,
        "spec": {"policyName": "no-default-deny", "validationActions": ["Deny"]},
    }  # fmt: skip
    for item in (policy, binding):
        assert server.create(item).ok
    limit_range = next(item for item in ready.rendered("overlays/dev") if item["kind"] == "LimitRange")
    server.wait("the policy", lambda: server.apply(limit_range, dry_run=True).status == 422, 30)
    report, _ = check(ready.folder, "overlays/dev", kubeconfig=server.kubeconfig, expect=1)
    (finding,) = cluster_findings(report)
    assert "no limit ranges here" in finding["message"]
    assert finding["source"]["file"] == "base/limit-range.yaml"
    for item in (binding, policy):
        assert server.delete(item).ok
    server.wait("no policy", lambda: server.apply(limit_range, dry_run=True).ok, 30)


def test_what_cannot_be_tried_is_never_clean(server: Cluster, ready: Repository, tmp_path: Path) -> None:
    with Cluster() as empty:
        report, _ = check(ready.folder, "overlays/dev", kubeconfig=empty.kubeconfig, expect=3)
        assert "namespace iris-dev does not exist" in json.dumps(report)
        kinds = {f["object"]["kind"] for f in cluster_findings(report) if f["rule"] == "cluster/unknown-kind"}
        assert kinds == {"ExternalSecret", "HTTPRoute", "ServiceMonitor"}
        kubeconfig = Path(tmp_path / "kubeconfig")
        kubeconfig.write_text(empty.kubeconfig.read_text())
    _, gone = check(ready.folder, kubeconfig=kubeconfig, expect=3)
    assert "cannot be queried" in gone
    assert "Traceback" not in gone
    _, unknown = check(ready.folder, kubeconfig=kubeconfig, context="elsewhere", expect=2)
    assert "elsewhere" in unknown
    _, missing = check(ready.folder, kubeconfig=tmp_path / "nowhere", context=".", expect=2)
    assert "nowhere" in missing
    kubeconfig.write_text(server.kubeconfig.read_text().replace(server.token, "stale"))
    _, refused = check(ready.folder, kubeconfig=kubeconfig, expect=3)
    assert "401" in refused
    _, both = check(ready.folder, "--base", "HEAD", kubeconfig=server.kubeconfig, expect=2)
    assert "--against-cluster cannot be combined with --base" in both


def test_a_user_without_rights_is_told_so(server: Cluster, ready: Repository, tmp_path: Path) -> None:
    account = {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": {"name": "looker", "namespace": "default"},
    }
    assert server.create(account).ok
    token = server.request("POST", server.path_of(account) + "/token", {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}})  # fmt: skip
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text(server.kubeconfig.read_text().replace(server.token, token.body["status"]["token"]))
    report, _ = check(ready.folder, "overlays/dev", kubeconfig=kubeconfig, expect=3)
    assert "cannot patch resource" in json.dumps(report)
    assert cluster_findings(report) == []
