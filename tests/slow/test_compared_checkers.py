"""What kube-score and checkov say about prod of every preset: each row of docs/compared-checkers.md, and no other.

kube-score is built from its Go module. checkov is installed into an environment of its own, at the version that
the document names.
"""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.generator.repositories import PRESETS, answers_of, make
from tests.slow.kube_linter_defaults import raised
from tests.support.peers import ROOT, build_peer
from tests.support.pypi_programs import checkov

DOCUMENT = ROOT / "docs" / "compared-checkers.md"


def _explained(checker: str) -> set[str]:
    """The checks of a checker that the document explains."""
    text = DOCUMENT.read_text(encoding="utf-8")
    section = text.partition(f"## {checker}\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| `([\w-]+)` \|", section, re.MULTILINE)
    assert rows and len(rows) == len(set(rows)), f"no table of {checker}, or a check twice"
    return set(rows)


@pytest.fixture(scope="module")
def manifests(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Prod and the add-ons of every preset, one file each."""
    folder = tmp_path_factory.mktemp("manifests")
    found = []
    for preset in PRESETS:
        repository = make(answers_of(preset), folder / preset)
        for rendered in repository.run.rendered:
            path = rendered.overlay.path
            if path == f"overlays/{list(repository.answers.environments)[-1]}" or path.startswith(
                "platform/"
            ):
                file = folder / f"{preset}_{path.replace('/', '_')}.yaml"
                objects = [manifest.data for manifest in rendered.objects]
                file.write_text(yaml.safe_dump_all(objects, sort_keys=False), encoding="utf-8")
                found.append(file)
    assert len(found) >= len(PRESETS)
    return found


def test_kube_score_says_what_the_document_explains(manifests: list[Path]) -> None:
    kube_score = build_peer("kube-score")
    said = set()
    for file in manifests:
        done = subprocess.run(
            [kube_score, "score", "--output-format", "json", file],
            capture_output=True,
            text=True,
            check=False,
        )
        for item in json.loads(done.stdout) or ():  # null: nothing that it knows
            said |= {
                check["check"]["id"]
                for check in item["checks"]
                if not check["skipped"] and check["grade"] < 10
            }
    assert said == _explained("kube-score")


def test_checkov_says_what_the_document_explains(manifests: list[Path], tmp_path: Path) -> None:
    done = subprocess.run(
        [checkov(), "--quiet", "--compact", "--framework", "kubernetes", "--output", "json", "--file", *manifests],
        capture_output=True, text=True, check=False, cwd=tmp_path,
    )  # fmt: skip
    report = json.loads(done.stdout)
    assert report["summary"]["passed"] > 100
    assert {check["check_id"] for check in report["results"]["failed_checks"]} == _explained("checkov")


def test_the_default_checks_of_kube_linter_are_explained(manifests: list[Path]) -> None:
    said = set()
    for file in manifests:
        said |= raised(list(yaml.safe_load_all(file.read_text(encoding="utf-8"))))
    assert said == _explained("kube-linter")


def test_the_stand_in_of_kube_linter_sees_what_is_wrong() -> None:
    bad = {
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "a"},
        "spec": {
            "replicas": 2, "selector": {"matchLabels": {"app": "a"}},
            "template": {"metadata": {"labels": {"app": "b"}}, "spec": {
                "serviceAccount": "x", "serviceAccountName": "x", "hostNetwork": True, "hostPID": True, "hostIPC": True,
                "volumes": [{"name": "d", "hostPath": {"path": "/run/docker.sock"}}, {"name": "e", "hostPath": {"path": "/etc"}}],
                "securityContext": {"sysctls": [{"name": "kernel.sem", "value": "1"}]},
                "containers": [{
                    "name": "c", "image": "x", "securityContext": {"privileged": True},
                    "ports": [{"containerPort": 22, "name": "Not_A_Name"}],
                    "env": [{"name": "SECRET", "value": "x"}, {"name": "SECRET", "value": "y"}],
                    "livenessProbe": {"httpGet": {"port": 80}}, "readinessProbe": {"grpc": {"port": 80}},
                    "startupProbe": {"tcpSocket": {"port": "http"}},
                }],
            }},
        },
    }  # fmt: skip
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "a"},
        "spec": {"selector": {"app": "c"}},
    }
    budget = {
        "apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": "a"},
        "spec": {"maxUnavailable": 0, "minAvailable": "100%"},
    }  # fmt: skip
    job = {
        "apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "a"},
        "spec": {"template": {"spec": {"containers": []}}},
    }  # fmt: skip
    old = {"apiVersion": "extensions/v1beta1", "kind": "Ingress", "metadata": {"name": "a"}}
    assert raised([bad, service, budget, job, old]) == {
        "dangling-service", "deprecated-service-account-field", "docker-sock", "drop-net-raw-capability",
        "duplicate-env-var", "env-var-secret", "host-ipc", "host-network", "host-pid", "invalid-target-ports",
        "job-ttl-seconds-after-finished", "latest-tag", "liveness-port", "mismatching-selector", "no-anti-affinity",
        "no-extensions-v1beta", "no-read-only-root-fs", "non-existent-service-account", "pdb-max-unavailable",
        "pdb-min-available", "pdb-unhealthy-pod-eviction-policy", "privilege-escalation-container",
        "privileged-container", "readiness-port", "run-as-non-root", "sensitive-host-mounts", "ssh-port",
        "startup-port", "unsafe-sysctls", "unset-cpu-requirements", "unset-memory-requirements",
    }  # fmt: skip
