"""Numbers of pods of the kinds that count in their own way, and the field that decides."""

from __future__ import annotations

from typing import Any

import pytest

from kustodian.kubernetes.object_set import ObjectSet
from kustodian.kubernetes.scaling import Scaling, scaling_of
from kustodian.model.manifest import Manifest

POD = {"spec": {"containers": [{"name": "server"}]}}


@pytest.mark.parametrize(
    ("api_version", "kind", "spec", "expected"),
    [
        ("apps/v1", "Deployment", {"template": POD}, (1, 1)),
        ("apps/v1", "StatefulSet", {"replicas": 3, "template": POD}, (3, 3)),
        ("apps/v1", "DaemonSet", {"template": POD}, (1, 1)),
        ("batch/v1", "Job", {"template": POD}, (1, 1)),
        ("batch/v1", "Job", {"parallelism": 4, "template": POD}, (4, 4)),
        ("batch/v1", "Job", {"parallelism": 4, "completions": 2, "template": POD}, (2, 2)),
        ("batch/v1", "CronJob", {"jobTemplate": {"spec": {"parallelism": 3, "template": POD}}}, (3, 3)),
        ("keda.sh/v1alpha1", "ScaledJob", {"jobTargetRef": {"parallelism": 2, "template": POD}}, (0, 200)),
        ("serving.kserve.io/v1beta1", "InferenceService", {"predictor": {"model": {}}}, (1, 1)),
        (
            "serving.kserve.io/v1beta1",
            "InferenceService",
            {"predictor": {"minReplicas": 2, "maxReplicas": 5, "model": {}}},
            (2, 5),
        ),
        (
            "kubeflow.org/v1",
            "PyTorchJob",
            {"pytorchReplicaSpecs": {"Worker": {"replicas": 4, "template": POD}}},
            (4, 4),
        ),
        (
            "leaderworkerset.x-k8s.io/v1",
            "LeaderWorkerSet",
            {"replicas": 2, "leaderWorkerTemplate": {"size": 4, "workerTemplate": POD}},
            (8, 8),
        ),
        (
            "ray.io/v1",
            "RayCluster",
            {"workerGroupSpecs": [{"minReplicas": 1, "maxReplicas": 6, "template": POD}]},
            (1, 6),
        ),
        (
            "jobset.x-k8s.io/v1alpha2",
            "JobSet",
            {"replicatedJobs": [{"replicas": 2, "template": {"spec": {"parallelism": 3, "template": POD}}}]},
            (6, 6),
        ),
        (
            "sparkoperator.k8s.io/v1beta2",
            "SparkApplication",
            {"executor": {"instances": 5}},
            (5, 5),
        ),
    ],
)
def test_count(api_version: str, kind: str, spec: dict[str, Any], expected: tuple[int, int]) -> None:
    objects = ObjectSet(
        [Manifest({"apiVersion": api_version, "kind": kind, "metadata": {"name": "m"}, "spec": spec})]
    )
    count = scaling_of(objects).count(objects.pods[-1])
    assert (count.minimum, count.maximum) == expected


LEADER = {"replicas": 2, "leaderWorkerTemplate": {"size": 4, "leaderTemplate": POD, "workerTemplate": POD}}
KNATIVE = "autoscaling.knative.dev/"


def scaled_to(**annotations: Any) -> dict[str, Any]:
    return {
        "template": {
            "metadata": {"annotations": {KNATIVE + k.replace("_", "-"): v for k, v in annotations.items()}},
            **POD,
        }
    }


@pytest.mark.parametrize(
    ("api_version", "kind", "spec", "expected", "path"),
    [
        ("serving.knative.dev/v1", "Service", scaled_to(), [(0, 1)], None),
        ("serving.knative.dev/v1", "Service", scaled_to(min_scale="2", max_scale="5"), [(2, 5)], None),
        ("serving.knative.dev/v1", "Service", scaled_to(minScale="2", maxScale="5"), [(2, 5)], None),
        ("serving.knative.dev/v1", "Service", scaled_to(min_scale="2", max_scale="0"), [(2, 2)], None),
        ("serving.knative.dev/v1", "Service", scaled_to(min_scale=2), [(0, 1)], None),
        ("leaderworkerset.x-k8s.io/v1", "LeaderWorkerSet", LEADER, [(6, 6), (2, 2)], ("spec", "replicas")),
        (
            "sparkoperator.k8s.io/v1beta2",
            "SparkApplication",
            {
                "driver": {},
                "executor": {"instances": 2},
                "dynamicAllocation": {"enabled": True, "maxExecutors": 7},
            },
            [(1, 1), (7, 7)],
            ("spec", "dynamicAllocation", "maxExecutors"),
        ),
        (
            "sparkoperator.k8s.io/v1beta2",
            "ScheduledSparkApplication",
            {"template": {"executor": {"instances": "3"}}},
            [(3, 3)],
            ("spec", "template", "executor", "instances"),
        ),
        (
            "sparkoperator.k8s.io/v1beta2",
            "SparkApplication",
            {"executor": {}, "dynamicAllocation": {"enabled": "true", "maxExecutors": 7}},
            [(1, 1)],
            ("spec", "executor", "instances"),
        ),
        (
            "sparkoperator.k8s.io/v1beta2",
            "SparkApplication",
            {"executor": {"instances": 4}, "dynamicAllocation": {"enabled": True}},
            [(4, 4)],
            ("spec", "executor", "instances"),
        ),
        (
            "ray.io/v1",
            "RayCluster",
            {"headGroupSpec": {"template": POD}},
            [(1, 1)],
            ("spec", "headGroupSpec", "replicas"),
        ),
        (
            "ray.io/v1",
            "RayCluster",
            {"workerGroupSpecs": [{"minReplicas": 0, "replicas": 3, "template": POD}]},
            [(0, 3)],
            ("spec", "workerGroupSpecs", 0, "maxReplicas"),
        ),
        (
            "serving.kserve.io/v1beta1",
            "InferenceService",
            {"predictor": {"minReplicas": 0, "model": {}}},
            [(0, 1)],
            ("spec", "predictor", "maxReplicas"),
        ),
        (
            "keda.sh/v1alpha1",
            "ScaledJob",
            {"minReplicaCount": 1, "maxReplicaCount": 3, "jobTargetRef": {"template": POD}},
            [(1, 3)],
            ("spec", "maxReplicaCount"),
        ),
        ("batch/v1", "Job", {"parallelism": 0, "template": POD}, [(0, 0)], ("spec", "parallelism")),
        ("example.com/v1", "Server", {"replicas": 9, "template": POD}, [(1, 1)], ()),
    ],
)
def test_counts_and_the_field_that_decides(
    api_version: str, kind: str, spec: dict[str, Any], expected: list[tuple[int, int]], path: object
) -> None:
    data = {"apiVersion": api_version, "kind": kind, "metadata": {"name": "m"}, "spec": spec}
    owner = Manifest(data, extra_pod_paths=(("spec", "template"),) if kind == "Server" else ())
    objects = ObjectSet([owner])
    counts = [Scaling(objects).count(pod) for pod in objects.pods]
    assert [(count.minimum, count.maximum) for count in counts] == expected
    assert counts[-1].manifest is owner
    if path is None:
        path = ("spec", "template", "metadata", "annotations", KNATIVE + "max-scale")
    assert counts[-1].path == path
