"""Which kinds own pod templates, and where."""

from __future__ import annotations

from typing import Any

import pytest

from kustodian.kubernetes.pods.workload import TEMPLATE_PATHS, is_batch, pods_of, replicas
from kustodian.model.json_value import FieldPath
from kustodian.model.manifest import Manifest
from tests.unit.kubernetes.builders import manifest

TEMPLATE = {
    "metadata": {"labels": {"app": "x", "port": 1}, "annotations": {"a": "b"}},
    "spec": {"containers": [{"name": "c"}]},
}


def nested(path: FieldPath, value: Any) -> dict[str, Any]:
    for key in reversed(path):
        value = {key: value} if isinstance(key, str) else [value]
    made: dict[str, Any] = value
    return made


PLACES: list[tuple[tuple[str, str], FieldPath]] = [
    *TEMPLATE_PATHS.items(),
    (("leaderworkerset.x-k8s.io", "LeaderWorkerSet"), ("spec", "leaderWorkerTemplate", "leaderTemplate")),
    *(
        (("kubeflow.org", kind), ("spec", field, "Worker", "template"))
        for kind, field in (
            ("PyTorchJob", "pytorchReplicaSpecs"), ("TFJob", "tfReplicaSpecs"), ("XGBoostJob", "xgbReplicaSpecs"),
            ("MPIJob", "mpiReplicaSpecs"), ("PaddleJob", "paddleReplicaSpecs"), ("JAXJob", "jaxReplicaSpecs"),
        )
    ),
    (("jobset.x-k8s.io", "JobSet"), ("spec", "replicatedJobs", 0, "template", "spec", "template")),
    (("ray.io", "RayCluster"), ("spec", "headGroupSpec", "template")),
    (("ray.io", "RayCluster"), ("spec", "workerGroupSpecs", 0, "template")),
    (("ray.io", "RayJob"), ("spec", "rayClusterSpec", "headGroupSpec", "template")),
    (("ray.io", "RayJob"), ("spec", "rayClusterSpec", "workerGroupSpecs", 0, "template")),
    (("ray.io", "RayService"), ("spec", "rayClusterConfig", "headGroupSpec", "template")),
    (("ray.io", "RayService"), ("spec", "rayClusterConfig", "workerGroupSpecs", 0, "template")),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "path"), PLACES)
def test_each_kind_has_its_template(kind: tuple[str, str], path: FieldPath) -> None:
    group, name = kind
    owner = Manifest({**nested(path, TEMPLATE), "apiVersion": f"{group}/v1" if group else "v1", "kind": name})
    (pod,) = pods_of(owner)
    assert (pod.owner, pod.path, pod.spec_path) == (owner, path, (*path, "spec"))
    assert (pod.labels, pod.annotations) == ({"app": "x"}, {"a": "b"})
    assert pod.spec == TEMPLATE["spec"]
    assert pod.batch is is_batch(owner)
    assert not pod.partial
    assert pods_of(owner) is pods_of(owner)


def test_a_deployment_of_another_group_owns_no_pods() -> None:
    assert pods_of(manifest("example.com/v1", "Deployment", {"template": TEMPLATE})) == ()
    assert pods_of(manifest("v1", "ConfigMap", {"template": TEMPLATE})) == ()
    assert pods_of(Manifest({})) == ()


@pytest.mark.parametrize("spec", [None, {}, {"template": None}, {"template": {}}, {"template": "x"}, []])
def test_without_a_pod_spec_there_is_no_template(spec: object) -> None:
    assert pods_of(manifest("apps/v1", "Deployment", spec)) == ()


@pytest.mark.parametrize("spec", [None, [], "x"])
def test_an_odd_pod_spec_counts_as_empty(spec: object) -> None:
    """The schema check reports its type."""
    (pod,) = pods_of(manifest("apps/v1", "Deployment", {"template": {"metadata": "x", "spec": spec}}))
    assert (pod.spec, pod.labels, pod.containers) == ({}, {}, ())


def test_templates_where_the_configuration_says_they_are() -> None:
    data = {
        "apiVersion": "example.com/v1",
        "kind": "Server",
        "spec": {"a": TEMPLATE, "b": [TEMPLATE], "c": {}},
    }
    paths: tuple[FieldPath, ...] = (("spec", "a"), ("spec", "b", 0), ("spec", "c"), ("spec", "d"))
    assert [pod.path for pod in pods_of(Manifest(data, extra_pod_paths=paths))] == [
        ("spec", "a"),
        ("spec", "b", 0),
    ]
    assert pods_of(Manifest(data)) == ()


def test_all_templates_of_an_owner() -> None:
    ray = manifest("ray.io/v1", "RayCluster", {
        "headGroupSpec": {"template": TEMPLATE}, "workerGroupSpecs": [{}, None, {"template": TEMPLATE}],
    })  # fmt: skip
    assert [pod.path[1:3] for pod in pods_of(ray)] == [("headGroupSpec", "template"), ("workerGroupSpecs", 2)]
    job = manifest(
        "kubeflow.org/v1",
        "TFJob",
        {"tfReplicaSpecs": {"Chief": {"template": TEMPLATE}, "Worker": None, "PS": {"template": TEMPLATE}}},
    )
    assert [pod.path[2] for pod in pods_of(job)] == ["Chief", "PS"]
    assert pods_of(manifest("kubeflow.org/v1", "TFJob", {"tfReplicaSpecs": "x"})) == ()


@pytest.mark.parametrize(("api_version", "kind", "expected"), [
    ("batch/v1", "Job", True),
    ("batch/v1beta1", "CronJob", True),
    ("argoproj.io/v1alpha1", "CronWorkflow", True),
    ("sparkoperator.k8s.io/v1beta2", "ScheduledSparkApplication", True),
    ("ray.io/v1", "RayJob", True),
    ("ray.io/v1", "RayService", False),
    ("argoproj.io/v1alpha1", "Rollout", False),
    ("apps/v1", "Job", False),
    ("v1", "Pod", False),
])  # fmt: skip
def test_is_batch(api_version: str, kind: str, expected: bool) -> None:
    assert is_batch(manifest(api_version, kind)) is expected


@pytest.mark.parametrize(("spec", "expected"), [
    ({"replicas": 3}, 3), ({"replicas": 0}, 0), ({"replicas": "3"}, None), ({"replicas": True}, None),
    ({"replicas": None}, None), ({}, None), (None, None),
])  # fmt: skip
def test_replicas(spec: object, expected: int | None) -> None:
    assert replicas(manifest("apps/v1", "Deployment", spec)) == expected
