"""Numbers of pods: rounding, surges, autoscalers and the kinds that count in their own way."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kustodian.kubernetes.object_set import ObjectSet
from kustodian.kubernetes.pods.workload import pods_of
from kustodian.kubernetes.scaling import int_or_percent, needed_surge, rolling_update, scaling_of
from kustodian.model.manifest import Manifest

POD = {"spec": {"containers": [{"name": "server"}]}}


def manifest(api_version: str, kind: str, spec: dict[str, Any], **metadata: Any) -> Manifest:
    return Manifest(
        {"apiVersion": api_version, "kind": kind, "metadata": {"name": "m", **metadata}, "spec": spec}
    )


@pytest.mark.parametrize(
    ("value", "total", "up", "down"),
    [
        (3, 10, 3, 3),
        ("25%", 2, 1, 0),
        ("25%", 4, 1, 1),
        ("100%", 3, 3, 3),
        ("0%", 9, 0, 0),
        ("1%", 100, 1, 1),
    ],
)
def test_int_or_percent(value: object, total: int, up: int, down: int) -> None:
    assert int_or_percent(value, total, round_up=True) == up
    assert int_or_percent(value, total, round_up=False) == down


@pytest.mark.parametrize("value", ["2", "x%", "-1%", None, 1.5, True, [], "%"])
def test_int_or_percent_refuses(value: object) -> None:
    assert int_or_percent(value, 10, round_up=True) is None


def completes(replicas: int, strategy: dict[str, Any], room: int) -> bool:
    """Play a rolling update as the Deployment controller does, with room for so many running pods."""
    surge, below = rolling_update(strategy, replicas)
    old, new, ready = replicas, 0, 0
    for _ in range(10 * replicas + 10):
        before = (old, new, ready)
        new = min(replicas, max(new, replicas + surge - old))
        ready = min(new, room - old)
        removable = old + new - (replicas - below) - (new - ready)
        old -= max(0, min(old, removable))
        ready = min(new, room - old)
        if old == 0 and ready == replicas:
            return True
        if (old, new, ready) == before:
            return False
    return False


@given(
    st.integers(1, 12),
    st.one_of(st.integers(0, 3), st.sampled_from(["0%", "25%", "50%", "100%"])),
    st.one_of(st.integers(0, 3), st.sampled_from(["0%", "25%", "50%", "100%"])),
)
def test_needed_surge_is_what_an_update_cannot_do_without(
    replicas: int, surge: object, unavailable: object
) -> None:
    strategy = {"rollingUpdate": {"maxSurge": surge, "maxUnavailable": unavailable}}
    deployment = manifest("apps/v1", "Deployment", {"strategy": strategy})
    needed = needed_surge(deployment, replicas)
    assert completes(replicas, strategy, replicas + needed)
    assert needed == 0 or not completes(replicas, strategy, replicas + needed - 1)


def routed(steps: list[dict[str, Any]], *, dynamic: bool) -> dict[str, Any]:
    canary = {"trafficRouting": {"istio": {}}, "dynamicStableScale": dynamic, "steps": steps}
    return {"strategy": {"canary": canary}}


@pytest.mark.parametrize(
    ("spec", "replicas", "expected"),
    [
        ({"strategy": {"canary": {}}}, 2, 1),
        ({"strategy": {"canary": {}}}, 4, 0),
        ({"strategy": {"canary": {"maxSurge": 0, "maxUnavailable": 1}}}, 2, 0),
        ({"strategy": {"blueGreen": {"activeService": "m"}}}, 3, 3),
        (routed([{"setWeight": 10}], dynamic=False), 4, 4),
        (routed([{"setWeight": 10}], dynamic=True), 4, 4),
        (routed([{"setWeight": 25}, {"setWeight": 50}, {"setWeight": 75}], dynamic=True), 4, 1),
        (routed([{"setCanaryScale": {"replicas": 2}}, {"setWeight": 5}], dynamic=True), 4, 4),
        (routed([{"setCanaryScale": {"weight": 50}}, {"setWeight": 25}], dynamic=True), 4, 3),
        (routed([], dynamic=True), 4, 4),
    ],
)
def test_rollout_surge(spec: dict[str, Any], replicas: int, expected: int) -> None:
    assert needed_surge(manifest("argoproj.io/v1alpha1", "Rollout", spec), replicas) == expected


def test_recreate_and_stateful_sets_need_nothing() -> None:
    recreate = manifest("apps/v1", "Deployment", {"strategy": {"type": "Recreate"}})
    assert needed_surge(recreate, 3) == 0
    assert needed_surge(manifest("apps/v1", "StatefulSet", {}), 3) == 0


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
    objects = ObjectSet([manifest(api_version, kind, spec)])
    count = scaling_of(objects).count(objects.pods[-1])
    assert (count.minimum, count.maximum) == expected


def test_autoscaler_decides_and_is_named() -> None:
    rollout = manifest("argoproj.io/v1alpha1", "Rollout", {"template": POD, "strategy": {"canary": {}}})
    target = {"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "name": "m"}
    hpa = manifest(
        "autoscaling/v2",
        "HorizontalPodAutoscaler",
        {"scaleTargetRef": target, "minReplicas": 2, "maxReplicas": 3},
    )
    objects = ObjectSet([rollout, hpa])
    count = scaling_of(objects).count(objects.pods[0])
    assert (count.minimum, count.maximum, count.surge) == (2, 3, 1)
    assert count.manifest is hpa
    assert count.path == ("spec", "maxReplicas")


def test_paused_scaled_object_holds_the_number() -> None:
    deployment = manifest("apps/v1", "Deployment", {"template": POD})
    scaled = manifest(
        "keda.sh/v1alpha1",
        "ScaledObject",
        {"scaleTargetRef": {"name": "m"}},
        annotations={"autoscaling.keda.sh/paused-replicas": "4"},
    )
    objects = ObjectSet([deployment, scaled])
    count = scaling_of(objects).count(objects.pods[0])
    assert (count.minimum, count.maximum) == (4, 4)


def test_borrowed_template_counts_for_the_rollout() -> None:
    lender = manifest("apps/v1", "Deployment", {"replicas": 0, "template": POD})
    reference = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "m"}
    rollout = manifest("argoproj.io/v1alpha1", "Rollout", {"replicas": 3, "workloadRef": reference})
    objects = ObjectSet([lender, rollout])
    scaling = scaling_of(objects)
    assert scaling.count(objects.pods[0]).maximum == 3
    assert scaling.pods_of(rollout) == pods_of(lender)
    assert scaling.scaled_object_of(lender) is rollout
