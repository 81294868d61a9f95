"""Which pods a selector selects, and when it certainly selects none; see test_added_labels.py."""

from __future__ import annotations

from typing import Any

import pytest

from kustodian.kubernetes.object_set import ObjectSet
from kustodian.kubernetes.pod_selection import (
    is_plain,
    made_by_operator,
    may_select,
    pod_makers,
    pods_of_budget,
    pods_of_service,
    pods_selected,
    selector_keys,
    selector_values,
    selects_nothing,
)
from kustodian.kubernetes.pods.workload import pods_of
from kustodian.model.manifest import Manifest, Provenance
from tests.unit.kubernetes.builders import deployment, manifest, objects, template


def one(key: object, operator: object, *values: object) -> dict[str, Any]:
    return {"matchExpressions": [{"key": key, "operator": operator, "values": list(values)}]}


@pytest.mark.parametrize(("selector", "selected"), [
    (one("app", "In", "x", "own"), True),
    (one("app", "In", "x"), False),
    (one("app", "In"), False),
    (one("pod-template-hash", "In", "5d8f"), True),
    (one("absent", "In", "x"), False),
    (one("app", "NotIn", "x"), True),
    (one("app", "NotIn", "x", "own"), False),
    (one("absent", "NotIn", "x"), True),
    (one("pod-template-hash", "NotIn", "5d8f"), True),
    (one("app", "Exists"), True),
    (one("pod-template-hash", "Exists"), True),
    (one("absent", "Exists"), False),
    (one("app", "DoesNotExist"), False),
    (one("absent", "DoesNotExist"), True),
    (one("app", "Equals", "own"), False),
    (one("app", None, "own"), False),
    (one(3, "Exists"), False),
    (one("app", "In", None, 3), False),
    (one("pod-template-hash", "In", None, 3), False),
    ({"matchLabels": {"app": "own"}, **one("app", "NotIn", "own")}, False),
    ({"matchLabels": {"app": "own"}, **one("istio.io/rev", "Exists")}, True),
    ({}, True),
    ({"matchLabels": None, "matchExpressions": None}, True),
    (None, False),
    ("app=own", False),
    ([], False),
])  # fmt: skip
def test_expressions(selector: object, selected: bool) -> None:
    assert may_select(selector, pods_of(deployment("m", labels={"app": "own"}))[0]) is selected


def test_pods_selected_looks_in_one_namespace() -> None:
    here = deployment("here", "a", {"app": "x"})
    there = deployment("there", "b", {"app": "x"})
    found = pods_selected({"matchLabels": {"app": "x"}}, "a", objects(here, there))
    assert [pod.owner.name for pod in found] == ["here"]
    everything = pods_selected({}, "b", objects(here, there))
    assert [pod.owner.name for pod in everything] == ["there"]
    assert pods_selected(None, "a", objects(here, there)) == []


def test_pods_selected_has_each_pod_once() -> None:
    """A pod that carries a label, and whose controller adds a label of the same selector."""
    job = manifest("batch/v1", "Job", {"template": template({"app": "x"})})
    selector = {"matchLabels": {"app": "x", "job-name": "m"}}
    assert pods_selected(selector, "default", objects(job)) == list(pods_of(job))


@pytest.mark.parametrize(("selector", "names"), [
    ({"app": "x"}, ["m"]),
    ({"app": "x", "pod-template-hash": "5d8f"}, ["m"]),
    ({"app": "y"}, []),
    ({}, []),
    (None, []),
    ("app=x", []),
    ({"app": 1}, []),
])  # fmt: skip
def test_pods_of_service(selector: object, names: list[str]) -> None:
    service = manifest("v1", "Service", {"selector": selector}, name="s", namespace="a")
    found = pods_of_service(
        service, objects(service, deployment("m", "a", {"app": "x"}), deployment("n", "b", {"app": "x"}))
    )
    assert [pod.owner.name for pod in found] == names


@pytest.mark.parametrize(("version", "spec", "names"), [
    ("policy/v1", {"selector": {"matchLabels": {"app": "x"}}}, ["m"]),
    ("policy/v1", {"selector": {}}, ["m", "n"]),
    ("policy/v1", {"selector": {"matchLabels": {}}}, ["m", "n"]),
    ("policy/v1", {}, []),
    ("policy/v1", None, []),
    ("policy/v1beta1", {"selector": {"matchLabels": {"app": "x"}}}, ["m"]),
    ("policy/v1beta1", {"selector": {}}, []),
    ("policy/v1beta1", {}, []),
])  # fmt: skip
def test_pods_of_budget(version: str, spec: object, names: list[str]) -> None:
    budget = manifest(version, "PodDisruptionBudget", spec, name="b")
    found = pods_of_budget(
        budget, objects(budget, deployment("m", labels={"app": "x"}), deployment("n", labels={"app": "y"}))
    )
    assert [pod.owner.name for pod in found] == names


X = {"matchLabels": {"app": "x"}}


def in_a_file(data: Manifest) -> Manifest:
    return Manifest(data.data, Provenance("a.yaml", document=0))


@pytest.mark.parametrize(("manifests", "nothing"), [
    # The pods are there.
    ([deployment("m", "a", {"app": "x"})], False),
    # Workloads of the namespace are there, and these are not among them.
    ([deployment("m", "a", {"app": "y"})], True),
    # No workload of the namespace: another overlay may hold it.
    ([], False),
    ([deployment("m", "b", {"app": "y"})], False),
    # The workload is in this overlay, but in another namespace.
    ([deployment("m", "b", {"app": "x"})], True),
    # Plain manifests are complete.
    ([in_a_file(deployment("m", "b", {"app": "y"}))], True),
    ([in_a_file(manifest("v1", "ConfigMap", name="c", namespace="a"))], True),
    # An operator makes them.
    ([deployment("m", "a", {"app": "y"}), manifest("postgresql.cnpg.io/v1", "Cluster", name="x", namespace="a")], False),
    ([deployment("m", "a", {"app": "y"}), manifest("postgresql.cnpg.io/v1", "Cluster", name="x", namespace="b")], True),
])  # fmt: skip
def test_selects_nothing(manifests: list[Manifest], nothing: bool) -> None:
    assert selects_nothing(X, "a", objects(*manifests)) is nothing


def test_an_empty_selector_selects_nothing_only_where_plain_manifests_have_no_pod() -> None:
    assert not selects_nothing({}, "a", objects(deployment("m", "a")))
    assert selects_nothing({}, "a", objects(in_a_file(manifest("v1", "ConfigMap", namespace="a"))))


def test_is_plain() -> None:
    rendered = Manifest(deployment().data, Provenance("base/a.yaml"))
    assert not is_plain(objects(rendered))
    assert not is_plain(objects())
    assert is_plain(objects(rendered, in_a_file(deployment())))


def cluster(api_version: str, kind: str, name: str, spec: object = None) -> Manifest:
    return manifest(api_version, kind, spec, name=name, namespace="a")


@pytest.mark.parametrize(("selector", "maker", "made"), [
    # The name or the kind of a known kind is in a value, in any case.
    ({"app": "metrics-prometheus"}, cluster("monitoring.coreos.com/v1", "Prometheus", "k8s"), True),
    ({"app": "k8s"}, cluster("monitoring.coreos.com/v1", "Prometheus", "k8s"), True),
    ({"app": "K8S-0"}, cluster("monitoring.coreos.com/v1", "Prometheus", "k8s"), True),
    ({"app": "other"}, cluster("monitoring.coreos.com/v1", "Prometheus", "k8s"), False),
    # Only some kinds of these groups make pods.
    ({"app": "k8s"}, cluster("monitoring.coreos.com/v1", "PrometheusRule", "k8s"), False),
    ({"app": "k8s"}, cluster("rabbitmq.com/v1beta1", "RabbitmqCluster", "k8s"), True),
    ({"app": "k8s"}, cluster("rabbitmq.com/v1beta1", "Queue", "k8s"), False),
    ({"app": "events"}, cluster("argoproj.io/v1alpha1", "EventSource", "events"), True),
    ({"app": "events"}, cluster("argoproj.io/v1alpha1", "AppProject", "events"), False),
    # A key in the group of a known kind that shows no pods.
    ({"strimzi.io/cluster": "other"}, cluster("kafka.strimzi.io/v1beta2", "Kafka", "k"), False),
    ({"postgresql.cnpg.io/role": "other"}, cluster("postgresql.cnpg.io/v1", "Cluster", "k"), True),
    ({"ray.io/cluster": "other"}, cluster("ray.io/v1", "RayCluster", "k"), True),
    ({"ray.io/cluster": "other"}, cluster("ray.io/v1", "RayCluster", "k", {"headGroupSpec": {"template": template()}}), False),
    # Any custom resource: a key in its domain, and its name is the value.
    ({"cnpg.io/cluster": "pg"}, cluster("db.cnpg.io/v1", "Any", "pg"), True),
    ({"db.cnpg.io/cluster": "pg"}, cluster("cnpg.io/v1", "Any", "pg"), True),
    ({"db.cnpg.io/cluster": "pg"}, cluster("db.cnpg.io/v1", "Any", "pg"), True),
    ({"cnpg.io/cluster": "pg-1"}, cluster("db.cnpg.io/v1", "Any", "pg"), False),
    ({"cluster": "pg"}, cluster("db.cnpg.io/v1", "Any", "pg"), False),
    ({"g.io/cluster": "pg"}, cluster("db.cnpg.io/v1", "Any", "pg"), False),
    # Kubernetes' own groups are nobody's domain.
    ({"k8s.io/name": "pg"}, cluster("networking.k8s.io/v1", "Ingress", "pg"), False),
    ({"apps/name": "pg"}, cluster("apps/v1", "ControllerRevision", "pg"), False),
    # Odd selectors.
    (None, cluster("kafka.strimzi.io/v1beta2", "Kafka", "k"), False),
    ({}, cluster("kafka.strimzi.io/v1beta2", "Kafka", "k"), False),
    ({"app": None}, cluster("kafka.strimzi.io/v1beta2", "Kafka", "k"), False),
])  # fmt: skip
def test_made_by_operator(selector: Any, maker: Manifest, made: bool) -> None:
    assert made_by_operator(selector, "a", objects(maker)) is made
    if selector:
        assert made_by_operator({"matchLabels": selector}, "a", objects(maker)) is made
    assert not made_by_operator(selector, "b", objects(maker)), "the object is in another namespace"


def test_made_by_operator_reads_the_values_of_in_expressions() -> None:
    kafka = objects(cluster("kafka.strimzi.io/v1beta2", "Kafka", "events"))
    assert made_by_operator(one("app", "In", "events"), "a", kafka)
    assert not made_by_operator(one("app", "NotIn", "events"), "a", kafka)


def test_pod_makers() -> None:
    makers = [
        cluster("kafka.strimzi.io/v1beta2", "Kafka", "k"),
        cluster("argoproj.io/v1alpha1", "Sensor", "s"),
        cluster("monitoring.coreos.com/v1", "Alertmanager", "a"),
    ]
    others = [
        cluster("apps/v1", "Deployment", "d"),
        cluster("argoproj.io/v1alpha1", "Rollout", "r"),
        cluster("monitoring.coreos.com/v1", "PodMonitor", "p"),
        Manifest({}),
    ]
    assert pod_makers([*others, *makers]) == makers
    assert pod_makers(ObjectSet([])) == []


@pytest.mark.parametrize(("selector", "keys", "values"), [
    ({"app": "x", "tier": "y"}, ["app", "tier"], ["x", "y"]),
    ({"matchLabels": {"app": "x"}}, ["app"], ["x"]),
    ({"matchLabels": {"app": "x"}, **one("tier", "In", "y", 3)}, ["app", "tier"], ["x", "y"]),
    (one("tier", "NotIn", "y"), ["tier"], []),
    (one("tier", "Exists"), ["tier"], []),
    ({"matchLabels": None}, [], []),
    ({"app": 1}, [], []),
    ({}, [], []),
    (None, [], []),
    ([], [], []),
])  # fmt: skip
def test_selector_keys_and_values(selector: object, keys: list[str], values: list[str]) -> None:
    assert selector_keys(selector) == keys
    assert selector_values(selector) == values
