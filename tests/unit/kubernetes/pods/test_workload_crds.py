"""Pod templates of Argo Workflows, KServe and Spark objects."""

from __future__ import annotations

from typing import Any

import pytest

from kustodian.kubernetes.pods.workload import pods_of
from kustodian.kubernetes.pods.workload_crds import custom_pod_templates
from kustodian.model.manifest import Manifest
from tests.unit.kubernetes.builders import manifest

ARGO, KSERVE, SPARK = "argoproj.io/v1alpha1", "serving.kserve.io/v1beta1", "sparkoperator.k8s.io/v1beta2"
T = ("spec", "templates", 0)


def workflow(spec: dict[str, Any], kind: str = "Workflow") -> Manifest:
    return manifest(ARGO, kind, {"workflowSpec": spec} if kind == "CronWorkflow" else spec)


@pytest.mark.parametrize("kind", ["Workflow", "WorkflowTemplate", "ClusterWorkflowTemplate", "CronWorkflow"])
def test_each_step_of_a_workflow_with_a_container_is_a_pod(kind: str) -> None:
    steps = [{"steps": []}, None, {"container": {"name": "main"}}, {"sidecars": [{"name": "alone"}]}]
    (pod,) = custom_pod_templates(workflow({"templates": steps}, kind))
    base = ("spec", "workflowSpec") if kind == "CronWorkflow" else ("spec",)
    assert pod.path == (*base, "templates", 2)
    assert pod.batch
    assert not pod.partial
    assert custom_pod_templates(workflow({"templates": None}, kind)) == []


def test_containers_of_a_step() -> None:
    step = {
        "initContainers": [{"name": "i"}], "container": {"name": "c"}, "script": {"name": "s"},
        "containerSet": {"containers": [{"name": "set"}]}, "sidecars": [{"name": "side"}],
    }  # fmt: skip
    (pod,) = custom_pod_templates(workflow({"templates": [step]}))
    assert [(c.name, c.role, c.path) for c in pod.containers] == [
        ("i", "init", (*T, "initContainers", 0)),
        ("c", "container", (*T, "container")),
        ("s", "container", (*T, "script")),
        ("set", "container", (*T, "containerSet", "containers", 0)),
        ("side", "sidecar", (*T, "sidecars", 0)),
    ]


def test_a_step_inherits_from_its_workflow() -> None:
    step = {"container": {}, "securityContext": {"runAsUser": 1}, "metadata": {"labels": {"b": "2"}}}
    spec = {
        "templates": [step], "securityContext": {"runAsUser": 2}, "serviceAccountName": "s", "hostNetwork": None,
        "podMetadata": {"labels": {"a": "1", "b": "1"}, "annotations": {"x": "y"}},
    }  # fmt: skip
    (pod,) = custom_pod_templates(workflow(spec))
    assert pod.spec == {"securityContext": {"runAsUser": 1}, "serviceAccountName": "s"}
    assert pod.path_of("securityContext") == (*T, "securityContext")
    assert pod.path_of("serviceAccountName") == ("spec", "serviceAccountName")
    assert (pod.labels, pod.annotations) == ({"a": "1", "b": "2"}, {"x": "y"})


def test_components_of_an_inference_service() -> None:
    service = manifest(KSERVE, "InferenceService", {
        "predictor": {"model": {"image": "x:1"}, "labels": {"tier": "a"}, "annotations": {"n": "o"}},
        "transformer": {"containers": [{"name": "t"}]},
        "explainer": None,
        "other": {"containers": [{"name": "o"}]},
    }, labels={"app": "m", "tier": "z"})  # fmt: skip
    predictor, transformer = custom_pod_templates(service)
    assert predictor.path == predictor.spec_path == ("spec", "predictor")
    assert (predictor.labels, predictor.annotations) == ({"app": "m", "tier": "a"}, {"n": "o"})
    assert [(c.name, c.path, c.image, c.image_optional) for c in predictor.containers] == [
        ("kserve-container", ("spec", "predictor", "model"), "x:1", True),
    ]
    assert [(c.name, c.path, c.image_optional) for c in transformer.containers] == [
        ("t", ("spec", "transformer", "containers", 0), False),
    ]
    assert predictor.partial and not predictor.batch
    assert custom_pod_templates(manifest(KSERVE, "InferenceService", None)) == []


@pytest.mark.parametrize("key", [
    "model", "sklearn", "xgboost", "tensorflow", "pytorch", "triton", "onnx", "huggingface", "pmml", "lightgbm", "paddle",
])  # fmt: skip
def test_a_named_model_keeps_its_container_name(key: str) -> None:
    service = manifest(KSERVE, "InferenceService", {"predictor": {key: {"name": "own"}, "minReplicas": 1}})
    (pod,) = custom_pod_templates(service)
    assert [(c.name, c.path) for c in pod.containers] == [("own", ("spec", "predictor", key))]


@pytest.mark.parametrize("kind", ["ServingRuntime", "ClusterServingRuntime"])
def test_a_serving_runtime_is_a_pod_spec(kind: str) -> None:
    (pod,) = custom_pod_templates(manifest(KSERVE, kind, {"containers": [{"name": "c"}]}, labels={"a": "b"}))
    assert (pod.path, pod.labels, pod.partial) == (("spec",), {"a": "b"}, True)
    assert pod.containers[0].path == ("spec", "containers", 0)
    assert custom_pod_templates(manifest(KSERVE, kind, {"containers": []})) == []
    assert custom_pod_templates(manifest(KSERVE, kind, None)) == []


@pytest.mark.parametrize(("kind", "base"), [
    ("SparkApplication", ("spec",)), ("ScheduledSparkApplication", ("spec", "template")),
])  # fmt: skip
def test_driver_and_executor_of_a_spark_application(kind: str, base: tuple[str, ...]) -> None:
    spec = {
        "image": "spark:4", "volumes": [{"name": "v"}],
        "driver": {"serviceAccount": "s", "podSecurityContext": {"runAsUser": 1}, "labels": {"a": "b"}, "nodeSelector": {"n": "o"}},
        "executor": {"image": "own:1", "annotations": {"c": "d"}},
    }  # fmt: skip
    driver, executor = custom_pod_templates(manifest(SPARK, kind, {"template": spec} if base[1:] else spec))
    assert (driver.path, driver.labels, driver.batch, driver.partial) == (
        (*base, "driver"),
        {"a": "b"},
        True,
        True,
    )
    (container,) = driver.containers
    assert (container.name, container.image) == ("spark-kubernetes-driver", "spark:4")
    assert container.image_path == (*base, "image")
    assert (driver.service_account, driver.path_of("serviceAccountName")) == (
        "s",
        (*base, "driver", "serviceAccount"),
    )
    assert driver.effective(container, "runAsUser") == (
        1,
        (*base, "driver", "podSecurityContext", "runAsUser"),
    )
    assert driver.volumes == [((*base, "volumes", 0), {"name": "v"})]
    assert driver.spec["nodeSelector"] == {"n": "o"}
    (container,) = executor.containers
    assert (container.name, container.image) == ("spark-kubernetes-executor", "own:1")
    assert container.image_path == (*base, "executor", "image")
    assert executor.annotations == {"c": "d"}


@pytest.mark.parametrize("data", [
    {"apiVersion": SPARK, "kind": "SparkApplication", "spec": {"driver": None, "executor": []}},
    {"apiVersion": SPARK, "kind": "SparkApplication"},
    {"apiVersion": ARGO, "kind": "Rollout", "spec": {"templates": [{"container": {}}]}},
    {"apiVersion": "example.com/v1", "kind": "Workflow", "spec": {"templates": [{"container": {}}]}},
    {},
])  # fmt: skip
def test_other_objects_have_none(data: dict[str, Any]) -> None:
    assert custom_pod_templates(Manifest(data)) == []
    assert pods_of(Manifest(data)) == ()
