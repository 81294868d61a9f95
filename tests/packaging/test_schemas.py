"""The schemas that the build extracted: complete, strict and readable one by one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema_rs import Draft202012Validator

from tests.packaging.conftest import ROOT

SCHEMAS = ROOT / "generator" / "kustodian" / "_build" / "crds"
#: Kinds that the template writes and the rules read.
EXPECTED = {
    "argoproj.io/AnalysisTemplate",
    "argoproj.io/AppProject",
    "argoproj.io/Application",
    "argoproj.io/ApplicationSet",
    "argoproj.io/CronWorkflow",
    "argoproj.io/Rollout",
    "argoproj.io/WorkflowTemplate",
    "autoscaling.k8s.io/VerticalPodAutoscaler",
    "bitnami.com/SealedSecret",
    "cert-manager.io/Certificate",
    "external-secrets.io/ExternalSecret",
    "external-secrets.io/SecretStore",
    "gateway.networking.k8s.io/HTTPRoute",
    "karpenter.k8s.aws/EC2NodeClass",
    "karpenter.sh/NodePool",
    "keda.sh/ScaledObject",
    "kueue.x-k8s.io/LocalQueue",
    "leaderworkerset.x-k8s.io/LeaderWorkerSet",
    "monitoring.coreos.com/PrometheusRule",
    "monitoring.coreos.com/ServiceMonitor",
    "networking.istio.io/VirtualService",
    "opentelemetry.io/OpenTelemetryCollector",
    "ray.io/RayService",
    "security.istio.io/AuthorizationPolicy",
    "serving.kserve.io/InferenceService",
    "serving.kserve.io/LLMInferenceService",
    "snapshot.storage.k8s.io/VolumeSnapshot",
}


@pytest.fixture(scope="module")
def index() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((SCHEMAS / "index.json").read_text(encoding="utf-8"))
    return loaded


def validator(index: dict[str, Any], key: str, version: str) -> Draft202012Validator:
    file = SCHEMAS / index["kinds"][key]["versions"][version]["file"]
    return Draft202012Validator(json.loads(file.read_text(encoding="utf-8")))


def test_every_kind_that_the_template_uses_is_there(index: dict[str, Any]) -> None:
    assert set(index["kinds"]) >= EXPECTED


def test_every_listed_module_was_read(index: dict[str, Any]) -> None:
    listed = json.loads((ROOT / "engine" / "crds" / "modules.json").read_text(encoding="utf-8"))["modules"]
    wanted = [entry["module"] for entry in listed if "skipped" not in entry]
    assert [entry["module"] for entry in index["modules"]] == wanted
    assert {entry["module"] for entry in index["kinds"].values()} == set(wanted)


def test_the_index_and_the_files_agree_and_every_schema_compiles(index: dict[str, Any]) -> None:
    folder = SCHEMAS
    listed = {v["file"] for kind in index["kinds"].values() for v in kind["versions"].values()}
    on_disk = {path.relative_to(folder).as_posix() for path in folder.rglob("*.json")} - {"index.json"}
    assert listed == on_disk
    for file in sorted(listed):
        Draft202012Validator(json.loads((folder / file).read_text(encoding="utf-8")))


def test_every_kind_has_one_storage_version_and_a_scope(index: dict[str, Any]) -> None:
    for key, kind in index["kinds"].items():
        assert [v["storage"] for v in kind["versions"].values()].count(True) == 1, key
        assert kind["scope"] in {"Namespaced", "Cluster"}, key
    assert index["kinds"]["argoproj.io/AppProject"]["scope"] == "Namespaced"
    assert index["kinds"]["external-secrets.io/ClusterSecretStore"]["scope"] == "Cluster"


def test_a_version_that_is_no_longer_served_names_the_next(index: dict[str, Any]) -> None:
    versions = index["kinds"]["external-secrets.io/ExternalSecret"]["versions"]
    assert versions["v1beta1"]["served"] is False
    assert versions["v1beta1"]["replacement"] == "v1"
    assert "replacement" not in versions["v1"]


def test_the_schemas_are_small_enough_to_ship() -> None:
    sizes = {path: path.stat().st_size for path in SCHEMAS.rglob("*.json")}
    largest = max(sizes, key=lambda path: sizes[path])
    assert sizes[largest] < 150_000, f"{largest}: a validator would take long to compile"
    assert sum(sizes.values()) < 6_000_000


SCALED_OBJECT = """{
  "apiVersion": "keda.sh/v1alpha1", "kind": "ScaledObject",
  "metadata": {"name": "iris", "labels": {"app": "iris"}, "creationTimestamp": null},
  "spec": {"scaleTargetRef": {"name": "iris"}, "minReplicaCount": null, "triggers": [
    {"type": "prometheus",
     "metadata": {"serverAddress": "http://prometheus:9090", "query": "up", "threshold": "5"}}]},
  "status": {"anything": 1}}"""


@pytest.mark.parametrize(
    ("edit", "place"),
    [
        ({}, None),
        ({"spec": {"scaleTargetRef": {"nmae": "iris"}}}, "/spec/scaleTargetRef"),
        ({"spec": {"minReplicaCount": "1"}}, "/spec/minReplicaCount"),
        ({"spec": {"maxReplicas": 3}}, "/spec"),
        ({"metadata": {"lables": {}}}, "/metadata"),
        ({"spec": {"triggers": None}}, "/spec/triggers"),
    ],
)
def test_a_real_schema_is_strict(index: dict[str, Any], edit: dict[str, Any], place: str | None) -> None:
    manifest: dict[str, Any] = json.loads(SCALED_OBJECT)
    for section, fields in edit.items():
        manifest[section] |= fields
    errors = list(validator(index, "keda.sh/ScaledObject", "v1alpha1").iter_errors(manifest))
    places = ["".join(f"/{part}" for part in error.instance_path) for error in errors]
    assert (places[0] if places else None) == place


def test_schema_files_are_found_by_group_kind_and_version(index: dict[str, Any]) -> None:
    for key, kind in index["kinds"].items():
        group, _, name = key.partition("/")
        for version, entry in kind["versions"].items():
            assert Path(entry["file"]) == Path(group) / f"{name}_{version}.json"
