"""Pod templates wherever they live, and the containers in them.

A rule that looks at pods gets a `PodTemplate`: the pod's metadata and spec as the API server would see
them, with the path of every field in the object that owns them, so a finding can name it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from kustodian.model.field_path import FieldPath
from kustodian.model.json_value import JsonObject, has, integer, mapping, mappings, string_map, text
from kustodian.model.manifest import Manifest
from kustodian.model.memo import Asked

ContainerRole = Literal["container", "init", "sidecar", "ephemeral"]

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

#: Kinds whose pods run to completion: probes, budgets and replicas are not asked of them.
_BATCH_KINDS = {
    ("batch", "Job"), ("batch", "CronJob"), ("keda.sh", "ScaledJob"), ("jobset.x-k8s.io", "JobSet"),
    ("argoproj.io", "Workflow"), ("argoproj.io", "WorkflowTemplate"), ("argoproj.io", "CronWorkflow"),
    ("argoproj.io", "ClusterWorkflowTemplate"), ("sparkoperator.k8s.io", "SparkApplication"),
    ("sparkoperator.k8s.io", "ScheduledSparkApplication"), ("kubeflow.org", "PyTorchJob"),
    ("kubeflow.org", "TFJob"), ("kubeflow.org", "XGBoostJob"), ("kubeflow.org", "MPIJob"),
    ("kubeflow.org", "PaddleJob"), ("kubeflow.org", "JAXJob"), ("ray.io", "RayJob"),
}  # fmt: skip

#: Kinds whose pods run to completion *and* an image may be absent because a controller fills it in.
_ROLE_FIELDS: tuple[tuple[str, ContainerRole], ...] = (
    ("initContainers", "init"),
    ("containers", "container"),
    ("ephemeralContainers", "ephemeral"),
)


@dataclass(frozen=True, eq=False)
class Container(Asked):
    """One container; `path` leads to it in the owning object, `given_image_path` to an image elsewhere."""

    data: JsonObject
    path: FieldPath
    role: ContainerRole
    image_optional: bool = False
    given_image_path: FieldPath | None = None

    @property
    def image_path(self) -> FieldPath:
        """Where the image is written (Spark: one for driver and executors)."""
        return self.given_image_path or (*self.path, "image")

    @cached_property
    def name(self) -> str:
        """The container's name; empty where it has none."""
        return text(self.data.get("name"))

    @cached_property
    def image(self) -> str:
        """The image as written; empty where there is none."""
        return text(self.data.get("image"))

    @property
    def long_running(self) -> bool:
        """Whether it runs as long as the pod does (a container or a sidecar)."""
        return self.role in ("container", "sidecar")

    @cached_property
    def security_context(self) -> JsonObject:
        """The container's own securityContext; see `PodTemplate.effective` for inheritance."""
        return mapping(self.data.get("securityContext"))

    @cached_property
    def requests(self) -> JsonObject:
        """`resources.requests`."""
        return mapping(mapping(self.data.get("resources")).get("requests"))

    @cached_property
    def limits(self) -> JsonObject:
        """`resources.limits`."""
        return mapping(mapping(self.data.get("resources")).get("limits"))

    def __str__(self) -> str:
        """`container "server"`, `init container "fetch"`."""
        noun = {"init": "init container", "sidecar": "sidecar", "ephemeral": "ephemeral container"}
        return f'{noun.get(self.role, "container")} "{self.name or self.path[-1]}"'


@dataclass(frozen=True, eq=False)
class PodTemplate(Asked):
    """A pod as some object asks for it.

    `path` leads to the object that holds `metadata` and `spec`; `spec_path` to the pod spec; fields of
    the spec that lie elsewhere in the owner (Argo Workflows, KServe, Spark) have their own entry in
    `field_paths`. `partial` says that a controller adds to this spec (missing fields prove nothing).
    """

    owner: Manifest
    path: FieldPath
    spec_path: FieldPath
    spec: JsonObject
    labels: dict[str, str] = field(default_factory=dict)
    annotations: dict[str, str] = field(default_factory=dict)
    batch: bool = False
    partial: bool = False
    field_paths: dict[str, FieldPath] = field(default_factory=dict)
    given_containers: tuple[Container, ...] | None = None

    @cached_property
    def containers(self) -> tuple[Container, ...]:
        """Every container: init, main and ephemeral, in the order they start."""
        if self.given_containers is not None:
            return self.given_containers
        return tuple(self._containers())

    @cached_property
    def main_containers(self) -> tuple[Container, ...]:
        """The containers proper (neither init, sidecar nor ephemeral)."""
        return tuple(c for c in self.containers if c.role == "container")

    @cached_property
    def security_context(self) -> JsonObject:
        """The pod-level securityContext."""
        return mapping(self.spec.get("securityContext"))

    @cached_property
    def is_windows(self) -> bool:
        """Whether `spec.os.name` says windows (Linux-only fields are then not asked for)."""
        return mapping(self.spec.get("os")).get("name") == "windows"

    @cached_property
    def volumes(self) -> list[tuple[FieldPath, JsonObject]]:
        """Each volume with its path in the owner."""
        base = self.path_of("volumes")
        return [((*base, index), volume) for index, volume in mappings(self.spec.get("volumes"))]

    @property
    def service_account(self) -> str:
        """The service account the pod runs as (`default` where none is named)."""
        name = text(self.spec.get("serviceAccountName")) or text(self.spec.get("serviceAccount"))
        return name or "default"

    def path_of(self, *keys: str | int) -> FieldPath:
        """The path, in the owner, of a field of the pod spec."""
        first = keys[0] if keys else None
        if isinstance(first, str) and first in self.field_paths:
            return (*self.field_paths[first], *keys[1:])
        return (*self.spec_path, *keys)

    def effective(self, container: Container, key: str) -> tuple[Any, FieldPath]:
        """A securityContext field as the container gets it: its own, else the pod's.

        Returns the value (None where neither sets it) and the path of the field that decides; where
        nothing sets it, the path where the container would. A null counts as unset, as in the API server.
        """
        own = container.security_context.get(key)
        own_path: FieldPath = (*container.path, "securityContext", key)
        if own is not None:
            return own, own_path
        inherited = self.security_context.get(key)
        if inherited is not None:
            return inherited, self.path_of("securityContext", key)
        return None, own_path

    def _containers(self) -> Iterator[Container]:
        for field_name, role in _ROLE_FIELDS:
            base = self.path_of(field_name)
            for index, data in mappings(self.spec.get(field_name)):
                sidecar = role == "init" and data.get("restartPolicy") == "Always"
                yield Container(data, (*base, index), "sidecar" if sidecar else role)


def is_batch(manifest: Manifest) -> bool:
    """Whether the object's pods run to completion."""
    return (manifest.group, manifest.kind) in _BATCH_KINDS


def replicas(manifest: Manifest) -> int | None:
    """`spec.replicas` where it is an integer, else None."""
    return integer(manifest.spec.get("replicas"))


def pod_templates(manifest: Manifest) -> tuple[PodTemplate, ...]:
    """The pod templates of an object; empty for kinds that own none."""
    from kustodian.kubernetes.pods import workload_crds

    key = (manifest.group, manifest.kind)
    paths: list[FieldPath] = []
    if key in TEMPLATE_PATHS:
        paths.append(TEMPLATE_PATHS[key])
    if key in _EXTRA_SINGLE:
        paths.append(_EXTRA_SINGLE[key])
    for collection, inner in _TEMPLATE_COLLECTIONS.get(key, ()):
        paths.extend((*item, *inner) for item in _items(manifest, collection))
    paths.extend(manifest.extra_pod_paths)
    found = [template for path in paths if (template := _template_at(manifest, path)) is not None]
    found.extend(workload_crds.pod_templates(manifest))
    return tuple(found)


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
