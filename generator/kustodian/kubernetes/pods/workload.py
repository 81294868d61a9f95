"""The kinds of objects that own pod templates, and where the templates are.

Sources: the API references of Kubernetes v1.34, Argo Rollouts v1.8, Knative v1.19, KEDA v2, Kubeflow training
operator v1, KubeRay v1.4, JobSet v0.8 and LeaderWorkerSet v0.6.
"""

from __future__ import annotations

from collections.abc import Iterator

from kustodian.kubernetes.pods.template import PodTemplate
from kustodian.kubernetes.pods.workload_crds import custom_pod_templates
from kustodian.model.json_value import FieldPath, has, integer, mapping, string_map
from kustodian.model.manifest import Manifest

#: Where the pod template of each kind lies, by API group (any version).
TEMPLATE_PATHS: dict[tuple[str, str], FieldPath] = {
    ("", "Pod"): (),
    ("", "PodTemplate"): ("template",),
    ("", "ReplicationController"): ("spec", "template"),
    ("apps", "Deployment"): ("spec", "template"),
    ("apps", "StatefulSet"): ("spec", "template"),
    ("apps", "DaemonSet"): ("spec", "template"),
    ("apps", "ReplicaSet"): ("spec", "template"),
    ("extensions", "Deployment"): ("spec", "template"),
    ("extensions", "DaemonSet"): ("spec", "template"),
    ("extensions", "ReplicaSet"): ("spec", "template"),
    ("batch", "Job"): ("spec", "template"),
    ("batch", "CronJob"): ("spec", "jobTemplate", "spec", "template"),
    ("argoproj.io", "Rollout"): ("spec", "template"),
    ("serving.knative.dev", "Service"): ("spec", "template"),
    ("serving.knative.dev", "Configuration"): ("spec", "template"),
    ("serving.knative.dev", "Revision"): (),
    ("keda.sh", "ScaledJob"): ("spec", "jobTargetRef", "template"),
    ("kubeflow.org", "Notebook"): ("spec", "template"),
    ("leaderworkerset.x-k8s.io", "LeaderWorkerSet"): ("spec", "leaderWorkerTemplate", "workerTemplate"),
}

#: Kinds that own several pod templates: the path of the collection, then of the template in each item.
_TEMPLATE_COLLECTIONS: dict[tuple[str, str], tuple[tuple[FieldPath, FieldPath], ...]] = {
    ("kubeflow.org", "PyTorchJob"): ((("spec", "pytorchReplicaSpecs"), ("template",)),),
    ("kubeflow.org", "TFJob"): ((("spec", "tfReplicaSpecs"), ("template",)),),
    ("kubeflow.org", "XGBoostJob"): ((("spec", "xgbReplicaSpecs"), ("template",)),),
    ("kubeflow.org", "MPIJob"): ((("spec", "mpiReplicaSpecs"), ("template",)),),
    ("kubeflow.org", "PaddleJob"): ((("spec", "paddleReplicaSpecs"), ("template",)),),
    ("kubeflow.org", "JAXJob"): ((("spec", "jaxReplicaSpecs"), ("template",)),),
    ("jobset.x-k8s.io", "JobSet"): (
        (("spec", "replicatedJobs"), ("template", "spec", "template")),
    ),
    ("ray.io", "RayCluster"): ((("spec", "workerGroupSpecs"), ("template",)),),
    ("ray.io", "RayJob"): ((("spec", "rayClusterSpec", "workerGroupSpecs"), ("template",)),),
    ("ray.io", "RayService"): ((("spec", "rayClusterConfig", "workerGroupSpecs"), ("template",)),),
}  # fmt: skip

_EXTRA_SINGLE: dict[tuple[str, str], FieldPath] = {
    ("leaderworkerset.x-k8s.io", "LeaderWorkerSet"): ("spec", "leaderWorkerTemplate", "leaderTemplate"),
    ("ray.io", "RayCluster"): ("spec", "headGroupSpec", "template"),
    ("ray.io", "RayJob"): ("spec", "rayClusterSpec", "headGroupSpec", "template"),
    ("ray.io", "RayService"): ("spec", "rayClusterConfig", "headGroupSpec", "template"),
}

#: Kinds whose pods run to completion.
_BATCH_KINDS = {
    ("batch", "Job"), ("batch", "CronJob"), ("keda.sh", "ScaledJob"), ("jobset.x-k8s.io", "JobSet"),
    ("argoproj.io", "Workflow"), ("argoproj.io", "WorkflowTemplate"), ("argoproj.io", "CronWorkflow"),
    ("argoproj.io", "ClusterWorkflowTemplate"), ("sparkoperator.k8s.io", "SparkApplication"),
    ("sparkoperator.k8s.io", "ScheduledSparkApplication"), ("kubeflow.org", "PyTorchJob"),
    ("kubeflow.org", "TFJob"), ("kubeflow.org", "XGBoostJob"), ("kubeflow.org", "MPIJob"),
    ("kubeflow.org", "PaddleJob"), ("kubeflow.org", "JAXJob"), ("ray.io", "RayJob"),
}  # fmt: skip


def is_batch(manifest: Manifest) -> bool:
    """Whether the object's pods run to completion."""
    return (manifest.group, manifest.kind) in _BATCH_KINDS


def replicas(manifest: Manifest) -> int | None:
    """`spec.replicas`; None if it is not an integer."""
    return integer(manifest.spec.get("replicas"))


def pods_of(manifest: Manifest) -> tuple[PodTemplate, ...]:
    """The pod templates of an object, memoised; empty for kinds that own none.

    A template counts if its `spec` exists, even if that has the wrong type.
    """
    return manifest.memoized(_pods_of)


def _pods_of(manifest: Manifest) -> tuple[PodTemplate, ...]:
    key = (manifest.group, manifest.kind)
    paths: list[FieldPath] = []
    if key in TEMPLATE_PATHS:
        paths.append(TEMPLATE_PATHS[key])
    if key in _EXTRA_SINGLE:
        paths.append(_EXTRA_SINGLE[key])
    for collection, inner in _TEMPLATE_COLLECTIONS.get(key, ()):
        paths.extend((*item, *inner) for item in _items(manifest, collection))
    paths.extend(manifest.extra_pod_paths)
    templates = [template for path in paths if (template := _template_at(manifest, path)) is not None]
    return (*templates, *custom_pod_templates(manifest))


def _items(manifest: Manifest, collection: FieldPath) -> Iterator[FieldPath]:
    value = manifest.get(*collection)
    if isinstance(value, dict):
        yield from ((*collection, key) for key in value)
    elif isinstance(value, list):
        yield from ((*collection, index) for index in range(len(value)))


def _template_at(manifest: Manifest, path: FieldPath) -> PodTemplate | None:
    if not has(manifest.data, (*path, "spec")):
        return None
    template = mapping(manifest.get(*path))
    metadata = mapping(template.get("metadata"))
    return PodTemplate(
        owner=manifest,
        path=path,
        spec_path=(*path, "spec"),
        spec=mapping(template.get("spec")),
        labels=string_map(metadata.get("labels")),
        annotations=string_map(metadata.get("annotations")),
        batch=is_batch(manifest),
    )
