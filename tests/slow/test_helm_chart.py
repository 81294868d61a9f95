"""The generated Helm chart by helm itself, built from its Go module: it lints, and installs what base/ says."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.generator.repositories import answers_of, edited, make
from tests.support.peers import build_peer

RUNTIMES = ("python", "vllm", "triton", "custom")
VERSION = "--kube-version=1.34"


@pytest.fixture(scope="module")
def helm() -> Path:
    return build_peer("helm")


@pytest.fixture(scope="module", params=RUNTIMES)
def repository(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    settings: dict[str, object] = {"runtime": request.param, "helm_chart": "yes"}
    if request.param == "triton":
        settings["exposure"] = "cluster-only"
    root = tmp_path_factory.mktemp("chart") / "repository"
    make(answers_of(None, settings), root)
    return root


def _run(*command: object) -> str:
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def _objects(text: str) -> dict[tuple[str, str], dict[str, Any]]:
    found = [document for document in yaml.safe_load_all(text) if document]
    named = {(item["kind"], item["metadata"]["name"]): item for item in found}
    assert len(named) == len(found)
    return named


def test_it_lints_strictly(helm: Path, repository: Path) -> None:
    _run(helm, "lint", "--strict", VERSION, repository / "chart")


def _base(repository: Path) -> dict[tuple[str, str], dict[str, Any]]:
    kustomization = yaml.safe_load((repository / "base/kustomization.yaml").read_text(encoding="utf-8"))
    base: dict[tuple[str, str], dict[str, Any]] = {}
    for name in kustomization["resources"]:
        base |= _objects((repository / "base" / name).read_text(encoding="utf-8"))
    return base


def test_the_default_values_install_what_base_says(helm: Path, repository: Path) -> None:
    assert _objects(_run(helm, "template", "release", repository / "chart", VERSION)) == _base(repository)


def test_one_other_field_would_be_seen(helm: Path, repository: Path) -> None:
    with edited(repository / "base" / "deployment.yaml", "runAsUser: 10001", "runAsUser: 10002"):
        assert _objects(_run(helm, "template", "release", repository / "chart", VERSION)) != _base(repository)


def test_ingress_and_redis_only_add_to_what_base_says(helm: Path, repository: Path) -> None:
    """The server gets one variable more; no other object of base/ is touched."""
    on = ("--set", "redis.enabled=true", "--set", "ingress.enabled=true")
    objects = _objects(_run(helm, "template", "release", repository / "chart", VERSION, *on))
    base = _base(repository)
    kept = {key: objects[key] for key in base}
    (server,) = (item for key, item in kept.items() if key[0] == "Deployment")
    variables = server["spec"]["template"]["spec"]["containers"][0]["env"]
    variables.remove({"name": "REDIS_URL", "value": "redis://release-redis:6379/0"})
    assert kept == base
    assert sorted(key[0] for key in objects.keys() - base.keys()) == [
        "Deployment", "Ingress", "NetworkPolicy", "NetworkPolicy", "NetworkPolicy", "Service", "ServiceAccount",
    ]  # fmt: skip


def test_values_reach_the_server(helm: Path, repository: Path) -> None:
    image = "registry.example.com/ml/x@sha256:" + "1" * 64
    rendered = _run(
        helm, "template", "release", repository / "chart", VERSION, "--set", f"image={image}",
        "--set", "resources.requests.cpu=3", "--set", "redis.enabled=true", "--set", "ingress.enabled=true",
    )  # fmt: skip
    objects = _objects(rendered)
    (server,) = [
        item for key, item in objects.items() if key[0] == "Deployment" and key[1] != "release-redis"
    ]
    container = server["spec"]["template"]["spec"]["containers"][0]
    assert container["image"] == image
    assert container["resources"]["requests"]["cpu"] == 3
    assert {"name": "REDIS_URL", "value": "redis://release-redis:6379/0"} in container["env"]
    assert ("Ingress", server["metadata"]["name"]) in objects
    assert ("Service", "release-redis") in objects
