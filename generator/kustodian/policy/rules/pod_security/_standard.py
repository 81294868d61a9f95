"""What several Pod Security rules share: levels, versions, and who sets a securityContext.

Source: Pod Security Standards, https://kubernetes.io/docs/concepts/security/pod-security-standards/, as the
admission controller implements them per version (k8s.io/pod-security-admission v0.37, package policy).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from kustodian.kubernetes.pods.template import Container, PodTemplate
from kustodian.model.field_path import FieldPath
from kustodian.model.json_value import JsonObject, dig, mapping
from kustodian.policy.rule import Context

#: Restricted includes Baseline: who asks for restricted findings gets these, too.
BASELINE = ("pss-baseline", "pss-restricted")
RESTRICTED = ("pss-restricted",)

#: The policy version from which pods in a user namespace may use /proc unmasked and run as root in it.
USER_NAMESPACES_SINCE = (1, 35)

_KSERVE_RUNTIMES = ("ServingRuntime", "ClusterServingRuntime")


def relaxed_for_user_namespace(pod: PodTemplate, context: Context) -> bool:
    """Whether the pod runs in its own user namespace and the policy version makes allowance for that."""
    return context.version >= USER_NAMESPACES_SINCE and pod.spec.get("hostUsers") is False


def security_contexts(pod: PodTemplate) -> Iterator[tuple[str, FieldPath, JsonObject]]:
    """Who sets a securityContext (`the pod`, `container "server"`), its path and its fields."""
    yield "the pod", pod.path_of("securityContext"), pod.security_context
    for container in pod.containers:
        yield str(container), (*container.path, "securityContext"), container.security_context


def runtime_sets_context(container: Container) -> bool:
    """Whether KServe takes this container's own securityContext from a ServingRuntime.

    It merges the runtime's container under a `model` entry, and the runtimes that KServe ships forbid
    privilege escalation, drop all capabilities and refuse root: a field that is absent here proves nothing.
    """
    return container.image_optional


def has_no_pod_context(pod: PodTemplate) -> bool:
    """Whether the owner has no pod-level securityContext: the InferenceService that uses it has."""
    return pod.owner.is_a("serving.kserve.io", *_KSERVE_RUNTIMES)


def annotation_path(pod: PodTemplate, key: str) -> FieldPath:
    """Where the owner writes an annotation of the pod (KServe, Spark and Argo have places of their own)."""
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


def names(containers: Iterable[Container]) -> str:
    """`container "a", init container "b"`."""
    return ", ".join(str(container) for container in containers)
