"""Pod templates of custom resources whose pod spec has a form of its own.

Sources: Argo Workflows v3 `Template` (docs/fields.md), KServe v1beta1 `PredictorSpec` (embeds PodSpec; the
`model` entry is a container), Spark operator v1beta2 `SparkPodSpec` (image and most fields at the spec).
"""

from __future__ import annotations

from kustodian.kubernetes.pods.template import Container, PodTemplate
from kustodian.model.json_value import FieldPath, JsonObject, mapping, mappings, string_map
from kustodian.model.manifest import Manifest

_WORKFLOW_SPEC: dict[str, FieldPath] = {
    "Workflow": ("spec",),
    "WorkflowTemplate": ("spec",),
    "ClusterWorkflowTemplate": ("spec",),
    "CronWorkflow": ("spec", "workflowSpec"),
}
#: Fields that a Workflow template shares with a pod spec, each also settable for the whole Workflow.
_WORKFLOW_POD_FIELDS = (
    "volumes", "securityContext", "serviceAccountName", "nodeSelector", "tolerations", "affinity",
    "automountServiceAccountToken", "hostAliases", "priorityClassName", "hostNetwork",
)  # fmt: skip
_KSERVE_MODEL_KEYS = (
    "model", "sklearn", "xgboost", "tensorflow", "pytorch", "triton", "onnx", "huggingface", "pmml",
    "lightgbm", "paddle",
)  # fmt: skip
_SPARK_POD_FIELDS = ("nodeSelector", "tolerations", "affinity", "hostNetwork", "securityContext")


def custom_pod_templates(manifest: Manifest) -> list[PodTemplate]:
    """The pod templates of an object of Argo Workflows, KServe or Spark; empty for other kinds."""
    if manifest.group == "argoproj.io" and manifest.kind in _WORKFLOW_SPEC:
        return _workflow(manifest, _WORKFLOW_SPEC[manifest.kind])
    if manifest.is_a("serving.kserve.io", "InferenceService"):
        return _inference_service(manifest)
    if manifest.is_a("serving.kserve.io", "ServingRuntime", "ClusterServingRuntime"):
        return [_pod(manifest, ("spec",), mapping(manifest.spec))] if manifest.spec.get("containers") else []
    if manifest.is_a("sparkoperator.k8s.io", "SparkApplication"):
        return _spark(manifest, ("spec",))
    if manifest.is_a("sparkoperator.k8s.io", "ScheduledSparkApplication"):
        return _spark(manifest, ("spec", "template"))
    return []


def _pod(manifest: Manifest, path: FieldPath, spec: JsonObject) -> PodTemplate:
    return PodTemplate(manifest, path, path, spec, dict(manifest.labels), partial=True)


def _workflow(manifest: Manifest, spec_path: FieldPath) -> list[PodTemplate]:
    spec = mapping(manifest.get(*spec_path))
    common = mapping(spec.get("podMetadata"))
    found = []
    for index, template in mappings(spec.get("templates")):
        path = (*spec_path, "templates", index)
        containers = _workflow_containers(template, path)
        if not containers:
            continue
        merged: JsonObject = {}
        paths: dict[str, FieldPath] = {}
        for name in _WORKFLOW_POD_FIELDS:
            own, shared = template.get(name), spec.get(name)
            if own is not None:
                merged[name], paths[name] = own, (*path, name)
            elif shared is not None:
                merged[name], paths[name] = shared, (*spec_path, name)
        metadata = mapping(template.get("metadata"))
        labels = {**string_map(common.get("labels")), **string_map(metadata.get("labels"))}
        annotations = {**string_map(common.get("annotations")), **string_map(metadata.get("annotations"))}
        found.append(
            PodTemplate(
                manifest, path, path, merged, labels, annotations, batch=True, field_paths=paths,
                given_containers=tuple(containers),
            )
        )  # fmt: skip
    return found


def _workflow_containers(template: JsonObject, path: FieldPath) -> list[Container]:
    containers = [
        Container(data, (*path, "initContainers", index), "init")
        for index, data in mappings(template.get("initContainers"))
    ]
    containers += [
        Container(template[key], (*path, key), "container")
        for key in ("container", "script")
        if isinstance(template.get(key), dict)
    ]
    group = mapping(template.get("containerSet"))
    containers += [
        Container(data, (*path, "containerSet", "containers", index), "container")
        for index, data in mappings(group.get("containers"))
    ]
    if containers:
        containers += [
            Container(data, (*path, "sidecars", index), "sidecar")
            for index, data in mappings(template.get("sidecars"))
        ]
    return containers


def _inference_service(manifest: Manifest) -> list[PodTemplate]:
    found = []
    for component in ("predictor", "transformer", "explainer"):
        spec = manifest.get("spec", component)
        if not isinstance(spec, dict):
            continue
        path: FieldPath = ("spec", component)
        template = PodTemplate(
            manifest, path, path, spec, {**manifest.labels, **string_map(spec.get("labels"))},
            string_map(spec.get("annotations")), partial=True,
        )  # fmt: skip
        containers = list(template.containers)
        containers += [
            Container(
                {"name": "kserve-container", **spec[key]}, (*path, key), "container", image_optional=True
            )
            for key in _KSERVE_MODEL_KEYS
            if isinstance(spec.get(key), dict)
        ]
        found.append(
            PodTemplate(
                manifest, path, path, spec, template.labels, template.annotations, partial=True,
                given_containers=tuple(containers),
            )
        )  # fmt: skip
    return found


def _spark(manifest: Manifest, spec_path: FieldPath) -> list[PodTemplate]:
    spec = mapping(manifest.get(*spec_path))
    found = []
    for role in ("driver", "executor"):
        data = spec.get(role)
        if not isinstance(data, dict):
            continue
        path = (*spec_path, role)
        container, image_path = dict(data), None
        container["name"] = f"spark-kubernetes-{role}"
        # The image of the application is that of both roles; a finding belongs where it is written.
        if "image" not in data and "image" in spec:
            container["image"] = spec["image"]
            image_path = (*spec_path, "image")
        pod: JsonObject = {name: data[name] for name in _SPARK_POD_FIELDS if name in data}
        pod["securityContext"] = mapping(data.get("podSecurityContext"))
        pod["volumes"] = spec.get("volumes")
        if "serviceAccount" in data:
            pod["serviceAccountName"] = data["serviceAccount"]
        paths: dict[str, FieldPath] = {
            "volumes": (*spec_path, "volumes"),
            "securityContext": (*path, "podSecurityContext"),
            "serviceAccountName": (*path, "serviceAccount"),
        }
        found.append(
            PodTemplate(
                manifest, path, path, pod, string_map(data.get("labels")),
                string_map(data.get("annotations")),
                batch=True, partial=True, field_paths=paths,
                given_containers=(Container(container, path, "container", given_image_path=image_path),),
            )
        )  # fmt: skip
    return found
