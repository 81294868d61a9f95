"""Labels that controllers and operators add to pods, by the kind that owns the template."""

from __future__ import annotations

import pytest

from kustodian.kubernetes.pod_selection import may_carry, may_select, pods_selected
from kustodian.kubernetes.pods.template import PodTemplate
from kustodian.kubernetes.pods.workload import pods_of
from kustodian.model.manifest import Manifest
from tests.unit.kubernetes.builders import manifest, objects, template

POD = template({"app": "own"})
JOB = {"spec": {"template": POD}}
#: One object "m" of each kind whose controller adds labels, by a short name.
OWNERS = {
    "Deployment": manifest("apps/v1", "Deployment", {"template": POD}),
    "ReplicaSet": manifest("apps/v1", "ReplicaSet", {"template": POD}),
    "StatefulSet": manifest("apps/v1", "StatefulSet", {"template": POD}),
    "DaemonSet": manifest("apps/v1", "DaemonSet", {"template": POD}),
    "Pod": Manifest({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "m", "labels": {"app": "own"}}, "spec": {}}),
    "Job": manifest("batch/v1", "Job", {"template": POD}),
    "CronJob": manifest("batch/v1", "CronJob", {"jobTemplate": JOB}),
    "ScaledJob": manifest("keda.sh/v1alpha1", "ScaledJob", {"jobTargetRef": {"template": POD}}),
    "Rollout": manifest("argoproj.io/v1alpha1", "Rollout", {"template": POD}),
    "Workflow": manifest("argoproj.io/v1alpha1", "Workflow", {"templates": [{"name": "t", "container": {}}]}),
    "KServe": manifest("serving.kserve.io/v1beta1", "InferenceService", {"predictor": {"model": {}}}),
    "Knative": manifest("serving.knative.dev/v1", "Service", {"template": POD}),
    "RayCluster": manifest("ray.io/v1", "RayCluster", {"headGroupSpec": {"template": POD}}),
    "Ray worker": manifest("ray.io/v1", "RayCluster", {"workerGroupSpecs": [{"template": POD}]}),
    "RayJob": manifest("ray.io/v1", "RayJob", {"rayClusterSpec": {"headGroupSpec": {"template": POD}}}),
    "RayService": manifest("ray.io/v1", "RayService", {"rayClusterConfig": {"headGroupSpec": {"template": POD}}}),
    "PyTorchJob": manifest("kubeflow.org/v1", "PyTorchJob", {"pytorchReplicaSpecs": {"Worker": {"template": POD}}}),
    "Notebook": manifest("kubeflow.org/v1", "Notebook", {"template": POD}),
    "JobSet": manifest("jobset.x-k8s.io/v1alpha2", "JobSet", {"replicatedJobs": [{"template": JOB}]}),
    "LWS": manifest("leaderworkerset.x-k8s.io/v1", "LeaderWorkerSet", {"leaderWorkerTemplate": {"workerTemplate": POD}}),
    "Spark": manifest("sparkoperator.k8s.io/v1beta2", "SparkApplication", {"driver": {}}),
    "ScheduledSpark": manifest("sparkoperator.k8s.io/v1beta2", "ScheduledSparkApplication", {"template": {"driver": {}}}),
}  # fmt: skip


def pod_of(owner: str) -> PodTemplate:
    return pods_of(OWNERS[owner])[0]


@pytest.mark.parametrize(("owner", "key", "value"), [
    ("Deployment", "pod-template-hash", "5d8f"),
    ("ReplicaSet", "pod-template-hash", "5d8f"),
    ("StatefulSet", "statefulset.kubernetes.io/pod-name", "m-0"),
    ("StatefulSet", "apps.kubernetes.io/pod-index", "0"),
    ("StatefulSet", "controller-revision-hash", "m-5d8f"),
    ("DaemonSet", "pod-template-generation", "1"),
    ("DaemonSet", "controller-revision-hash", "5d8f"),
    ("Job", "job-name", "m"),
    ("Job", "batch.kubernetes.io/job-name", "m"),
    ("Job", "batch.kubernetes.io/controller-uid", "0-1"),
    ("Job", "batch.kubernetes.io/job-completion-index", "3"),
    ("Job", "controller-uid", "0-1"),
    ("CronJob", "job-name", "m-28400000"),
    ("CronJob", "batch.kubernetes.io/job-name", "m-28400000"),
    ("ScaledJob", "scaledjob.keda.sh/name", "m"),
    ("ScaledJob", "job-name", "m-x7k2p"),
    ("Rollout", "rollouts-pod-template-hash", "5d8f"),
    ("Rollout", "role", "canary"),
    ("Workflow", "workflows.argoproj.io/workflow", "anything"),
    ("KServe", "serving.kserve.io/inferenceservice", "m"),
    ("KServe", "component", "predictor"),
    ("KServe", "app", "isvc.m-predictor"),
    ("KServe", "app", "m-predictor-00001"),
    ("KServe", "serving.knative.dev/service", "m-predictor"),
    ("KServe", "serving.knative.dev/configuration", "m-predictor"),
    ("KServe", "serving.knative.dev/revision", "m-predictor-00001"),
    ("KServe", "serving.kserve.io/anything", "else"),
    ("Knative", "serving.knative.dev/service", "m"),
    ("Knative", "serving.knative.dev/configuration", "m"),
    ("Knative", "serving.knative.dev/revision", "m-00001"),
    ("RayCluster", "ray.io/cluster", "m"),
    ("RayCluster", "ray.io/node-type", "head"),
    ("Ray worker", "ray.io/node-type", "worker"),
    ("RayCluster", "ray.io/group", "workers"),
    ("RayCluster", "app.kubernetes.io/name", "kuberay"),
    ("RayCluster", "app.kubernetes.io/created-by", "kuberay-operator"),
    ("RayJob", "ray.io/cluster", "m-raycluster-x7k2p"),
    ("RayService", "ray.io/cluster", "m-raycluster-x7k2p"),
    ("PyTorchJob", "training.kubeflow.org/job-name", "m"),
    ("PyTorchJob", "training.kubeflow.org/replica-type", "worker"),
    ("PyTorchJob", "job-name", "m"),
    ("PyTorchJob", "group-name", "kubeflow.org"),
    ("PyTorchJob", "replica-index", "0"),
    ("PyTorchJob", "job-role", "master"),
    ("Notebook", "notebook-name", "m"),
    ("Notebook", "statefulset", "m"),
    ("Notebook", "statefulset.kubernetes.io/pod-name", "m-0"),
    ("JobSet", "jobset.sigs.k8s.io/jobset-name", "m"),
    ("JobSet", "jobset.sigs.k8s.io/replicatedjob-name", "workers"),
    ("JobSet", "job-name", "m-workers-0"),
    ("LWS", "leaderworkerset.sigs.k8s.io/name", "m"),
    ("LWS", "leaderworkerset.sigs.k8s.io/worker-index", "1"),
    ("LWS", "statefulset.kubernetes.io/pod-name", "m-0-1"),
    ("Spark", "sparkoperator.k8s.io/app-name", "m"),
    ("Spark", "sparkoperator.k8s.io/launched-by-spark-operator", "true"),
    ("Spark", "spark-role", "driver"),
    ("Spark", "spark-app-selector", "spark-0"),
    ("ScheduledSpark", "sparkoperator.k8s.io/app-name", "m-1700000000"),
    ("Pod", "istio.io/rev", "default"),
    ("Deployment", "security.istio.io/tlsMode", "istio"),
    ("Job", "service.istio.io/canonical-name", "m"),
    ("Deployment", "app", "own"),
])  # fmt: skip
def test_a_pod_carries_what_its_controller_adds(owner: str, key: str, value: str) -> None:
    pod = pod_of(owner)
    assert may_carry({key: value}, pod)
    assert may_select({"matchLabels": {key: value}}, pod)
    assert may_select({"matchExpressions": [{"key": key, "operator": "In", "values": ["x", value]}]}, pod)
    assert pods_selected({"matchLabels": {key: value}}, "default", objects(OWNERS[owner])) == [pod]


@pytest.mark.parametrize(("owner", "key", "value"), [
    ("Deployment", "app", "other"),
    ("Deployment", "job-name", "m"),
    ("Deployment", "controller-revision-hash", "5d8f"),
    ("Deployment", "rollouts-pod-template-hash", "5d8f"),
    ("Deployment", "", ""),
    ("Pod", "pod-template-hash", "5d8f"),
    ("StatefulSet", "statefulset.kubernetes.io/pod-name", "other-0"),
    ("StatefulSet", "statefulset.kubernetes.io/pod-name", "m"),
    ("StatefulSet", "pod-template-hash", "5d8f"),
    ("Job", "job-name", "m-28400000"),
    ("Job", "batch.kubernetes.io/job-name", "other"),
    ("CronJob", "job-name", "other-28400000"),
    ("CronJob", "job-name", "m"),
    ("ScaledJob", "scaledjob.keda.sh/name", "other"),
    ("ScaledJob", "batch.kubernetes.io/job-name", "m"),
    ("Rollout", "pod-template-hash", "5d8f"),
    ("KServe", "serving.kserve.io/inferenceservice", "other"),
    ("KServe", "serving.kserve.io/inferenceservice", "M"),
    ("KServe", "component", "transformer"),
    ("KServe", "app", "m"),
    ("KServe", "app", "isvc.m-predictor-x"),
    ("KServe", "serving.knative.dev/service", "m"),
    ("Knative", "serving.knative.dev/service", "m-00001"),
    ("Knative", "serving.knative.dev/configuration", "other"),
    ("RayCluster", "ray.io/cluster", "other"),
    ("RayCluster", "ray.io/node-type", "worker"),
    ("Ray worker", "ray.io/node-type", "head"),
    ("RayCluster", "app.kubernetes.io/name", "ray"),
    ("RayService", "ray.io/cluster", "m"),
    ("PyTorchJob", "training.kubeflow.org/job-name", "other"),
    ("Notebook", "notebook-name", "other"),
    ("JobSet", "jobset.sigs.k8s.io/jobset-name", "other"),
    ("JobSet", "job-name", "m"),
    ("LWS", "leaderworkerset.sigs.k8s.io/name", "other"),
    ("Spark", "sparkoperator.k8s.io/app-name", "other"),
    ("ScheduledSpark", "sparkoperator.k8s.io/app-name", "m"),
    ("Pod", "istio.io/other", "default"),
])  # fmt: skip
def test_an_exact_value_is_exact_and_no_other_label_is_added(owner: str, key: str, value: str) -> None:
    pod = pod_of(owner)
    assert not may_carry({key: value}, pod)
    assert not may_select({"matchLabels": {key: value}}, pod)
    assert not may_select({"matchExpressions": [{"key": key, "operator": "In", "values": [value]}]}, pod)
    assert pods_selected({"matchLabels": {key: value}}, "default", objects(OWNERS[owner])) == []


def test_the_templates_own_label_decides_over_what_a_controller_would_add() -> None:
    labelled = manifest("batch/v1", "Job", {"template": template({"job-name": "chosen"})})
    (pod,) = pods_of(labelled)
    assert may_carry({"job-name": "chosen"}, pod)
    assert not may_carry({"job-name": "m"}, pod)


def test_every_label_must_fit() -> None:
    pod = pod_of("Knative")
    assert may_carry({"app": "own", "serving.knative.dev/service": "m"}, pod)
    assert not may_carry({"app": "other", "serving.knative.dev/service": "m"}, pod)
    assert not may_carry({"app": "own", "serving.knative.dev/service": "other"}, pod)
    assert may_carry({}, pod)
