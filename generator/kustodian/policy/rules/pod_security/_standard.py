"""Shared by the Pod Security rules: levels, versions, and the securityContexts of a pod.

Source: Pod Security Standards, https://kubernetes.io/docs/concepts/security/pod-security-standards/, as the
admission controller implements them per version (k8s.io/pod-security-admission v0.37, package policy).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from kustodian.kubernetes.api_lifecycle import USER_NAMESPACES_SINCE
from kustodian.kubernetes.pods.template import Container, PodTemplate
from kustodian.model.json_value import FieldPath, JsonObject, dig, mapping
from kustodian.policy.rule import Context

#: Restricted includes Baseline, so a Baseline rule has both tags.
BASELINE = ("pss-baseline", "pss-restricted")
RESTRICTED = ("pss-restricted",)

_KSERVE_RUNTIMES = ("ServingRuntime", "ClusterServingRuntime")


def relaxed_for_user_namespace(pod: PodTemplate, context: Context) -> bool:
    """Whether the pod runs in its own user namespace and the policy version relaxes its checks for that."""
    return context.version >= USER_NAMESPACES_SINCE and pod.spec.get("hostUsers") is False


def security_contexts(pod: PodTemplate) -> Iterator[tuple[str, FieldPath, JsonObject]]:
    """Each securityContext of a pod: its owner (`the pod`, `container "server"`), its path and its fields."""
    yield "the pod", pod.path_of("securityContext"), pod.security_context
    for container in pod.containers:
        yield str(container), (*container.path, "securityContext"), container.security_context


def runtime_sets_context(container: Container) -> bool:
    """Whether KServe takes this container's own securityContext from a ServingRuntime.

    KServe merges a `model` entry into the runtime's container, and the runtimes that it ships forbid
    privilege escalation, drop all capabilities and refuse root. A field that is absent here may be set there.
    """
    return container.image_optional


def has_no_pod_context(pod: PodTemplate) -> bool:
    """Whether the owner is a ServingRuntime, whose pod-level securityContext the InferenceService sets."""
    return pod.owner.is_a("serving.kserve.io", *_KSERVE_RUNTIMES)


def annotation_path(pod: PodTemplate, key: str) -> FieldPath:
    """The path of a pod annotation in its owner (KServe, Spark and Argo each use a different one)."""
    candidates: tuple[FieldPath, ...] = (
        (*pod.path, "metadata", "annotations"),
        (*pod.path, "annotations"),
        ("spec", "podMetadata", "annotations"),
        ("spec", "workflowSpec", "podMetadata", "annotations"),
    )
    for candidate in candidates:
        if key in mapping(dig(pod.owner.data, candidate)):
            return (*candidate, key)
    return (*candidates[0], key)


def container_list(containers: Iterable[Container]) -> str:
    """`container "a", init container "b"`."""
    return ", ".join(str(container) for container in containers)
