"""Numbers of pods: rounding, surges and autoscalers."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kustodian.kubernetes.object_set import ObjectSet
from kustodian.kubernetes.pods.workload import pods_of
from kustodian.kubernetes.scaling import (
    Scaling,
    int_or_percent,
    needed_surge,
    read_autoscaler,
    rolling_update,
    scaling_of,
    target_of,
)
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


@pytest.mark.parametrize("value", ["2", "25", "x%", "-1%", None, 1.5, True, [], "%"])
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


@pytest.mark.parametrize(
    ("strategy", "replicas", "expected"),
    [
        ({}, 1, (1, 0)),
        ({}, 4, (1, 1)),
        ({}, 8, (2, 2)),
        (None, 4, (1, 1)),
        ({"rollingUpdate": {"maxSurge": 0, "maxUnavailable": 0}}, 4, (0, 1)),
        ({"rollingUpdate": {"maxSurge": 0, "maxUnavailable": "10%"}}, 4, (0, 1)),
        ({"rollingUpdate": {"maxSurge": "50%", "maxUnavailable": 0}}, 3, (2, 0)),
        ({"rollingUpdate": {"maxSurge": "half", "maxUnavailable": 2}}, 3, (0, 2)),
        ({"rollingUpdate": {"maxSurge": None, "maxUnavailable": 2}}, 3, (0, 2)),
    ],
)
def test_rolling_update(strategy: object, replicas: int, expected: tuple[int, int]) -> None:
    assert rolling_update(strategy, replicas) == expected


def test_no_replicas_need_no_surge() -> None:
    assert needed_surge(manifest("apps/v1", "Deployment", {}), 0) == 0
    assert needed_surge(manifest("apps/v1", "Deployment", {}), 1) == 1
    blue_green = {"strategy": {"blueGreen": {}}}
    assert needed_surge(manifest("argoproj.io/v1alpha1", "Rollout", blue_green), 0) == 0


HPA, KEDA = ("autoscaling/v2", "HorizontalPodAutoscaler"), ("keda.sh/v1alpha1", "ScaledObject")
TARGET = {"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "m"}


@pytest.mark.parametrize(
    ("kind", "spec", "target", "numbers"),
    [
        (
            HPA,
            {"scaleTargetRef": TARGET, "minReplicas": 2, "maxReplicas": 5},
            ("apps", "StatefulSet", "m"),
            (2, 5),
        ),
        (HPA, {"scaleTargetRef": TARGET, "maxReplicas": 5}, ("apps", "StatefulSet", "m"), (1, 5)),
        (HPA, {"scaleTargetRef": TARGET, "minReplicas": 3}, ("apps", "StatefulSet", "m"), (3, 3)),
        (HPA, {"scaleTargetRef": TARGET, "minReplicas": 0}, ("apps", "StatefulSet", "m"), (0, 1)),
        (
            HPA,
            {"scaleTargetRef": TARGET, "minReplicas": "2", "maxReplicas": "5"},
            ("apps", "StatefulSet", "m"),
            (1, 1),
        ),
        (HPA, {}, ("", "", ""), (1, 1)),
        (HPA, None, ("", "", ""), (1, 1)),
        (KEDA, {"scaleTargetRef": {"name": "m"}}, ("apps", "Deployment", "m"), (0, 100)),
        (
            KEDA,
            {"scaleTargetRef": TARGET, "minReplicaCount": 1, "maxReplicaCount": 4},
            ("apps", "StatefulSet", "m"),
            (1, 4),
        ),
    ],
)
def test_read_autoscaler(
    kind: tuple[str, str], spec: Any, target: tuple[str, str, str], numbers: tuple[int, int]
) -> None:
    found = read_autoscaler(manifest(*kind, spec))
    assert found is not None
    assert (found.target, (found.minimum, found.maximum)) == (target, numbers)
    assert found.is_keda is (kind is KEDA)
    assert found.target_path == ("spec", "scaleTargetRef")
    names = ("minReplicaCount", "maxReplicaCount") if kind is KEDA else ("minReplicas", "maxReplicas")
    assert (found.minimum_path, found.maximum_path) == tuple(("spec", name) for name in names)


def test_other_kinds_are_not_autoscalers() -> None:
    assert (
        read_autoscaler(manifest("autoscaling.k8s.io/v1", "VerticalPodAutoscaler", {"targetRef": TARGET}))
        is None
    )
    assert read_autoscaler(manifest("keda.sh/v1alpha1", "ScaledJob", {})) is None
    assert read_autoscaler(Manifest({})) is None


def test_an_unreadable_pause_does_not_count() -> None:
    annotations = {"autoscaling.keda.sh/paused-replicas": "-1"}
    found = read_autoscaler(manifest(*KEDA, {"scaleTargetRef": TARGET}, annotations=annotations))
    assert found is not None
    assert (found.minimum, found.maximum) == (0, 100)


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        (TARGET, ("apps", "StatefulSet", "m")),
        (
            {"apiVersion": "v1", "kind": "ReplicationController", "name": "m"},
            ("", "ReplicationController", "m"),
        ),
        ({"name": "m"}, ("apps", "Deployment", "m")),
        ({"apiVersion": None, "kind": 3, "name": None}, ("apps", "Deployment", "")),
        ({}, ("apps", "Deployment", "")),
    ],
)
def test_target_of(reference: dict[str, Any], expected: tuple[str, str, str]) -> None:
    assert target_of(reference, "apps/v1", "Deployment") == expected


def test_autoscalers_of_the_same_namespace_group_and_kind() -> None:
    deployment = manifest("apps/v1", "Deployment", {"replicas": 2, "template": POD})
    scaled = {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "m"},
        "maxReplicas": 9,
    }
    here, there = manifest(*HPA, scaled), manifest(*HPA, scaled, namespace="b")
    other_kind = manifest(*HPA, {"scaleTargetRef": TARGET, "maxReplicas": 8})
    scaling = Scaling(ObjectSet([deployment, here, there, other_kind]))
    assert len(scaling.autoscalers) == 3
    assert [autoscaler.manifest for autoscaler in scaling.autoscalers_of(deployment)] == [here]
    assert scaling.autoscalers_of(there) == []


def test_several_autoscalers_of_one_workload_give_the_widest_range() -> None:
    deployment = manifest("apps/v1", "Deployment", {"template": POD})
    reference = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "m"}
    small = manifest(*HPA, {"scaleTargetRef": reference, "minReplicas": 1, "maxReplicas": 3})
    large = manifest(*KEDA, {"scaleTargetRef": reference, "minReplicaCount": 2, "maxReplicaCount": 6})
    count = Scaling(ObjectSet([small, large, deployment])).replicated(deployment)
    assert (count.minimum, count.maximum, count.manifest) == (1, 6, large)
    assert count.path == ("spec", "maxReplicaCount")


def test_a_workload_without_an_autoscaler_has_its_replicas() -> None:
    for replicas, expected in ((None, 1), (3, 3), (0, 0), ("3", 1)):
        spec = {"template": POD, **({} if replicas is None else {"replicas": replicas})}
        deployment = manifest("apps/v1", "Deployment", spec)
        count = Scaling(ObjectSet([deployment])).replicated(deployment)
        assert (count.minimum, count.maximum, count.path) == (expected, expected, ("spec", "replicas"))


def test_a_rollout_whose_lender_is_not_there_has_no_pods() -> None:
    reference = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "elsewhere"}
    rollout = manifest("argoproj.io/v1alpha1", "Rollout", {"workloadRef": reference})
    scaling = Scaling(ObjectSet([rollout]))
    assert scaling.pods_of(rollout) == ()
    assert scaling.scaled_object_of(rollout) is rollout
    assert scaling.pods_of(manifest("v1", "ConfigMap", {})) == ()


def test_scaling_of_is_made_once_for_an_overlay() -> None:
    objects = ObjectSet([])
    assert scaling_of(objects) is scaling_of(objects)
    assert scaling_of(objects) is not scaling_of(ObjectSet([]))
