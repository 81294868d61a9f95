"""Problems that the API server rejects although the schema allows them; the common ones.

Source: k8s.io/kubernetes v1.34 pkg/apis/*/validation and pkg/apis/*/v1/defaults.go. Only built-in
kinds are checked, and the pod template of a Rollout, whose controller creates pods from it. Values of the
wrong type are ignored, because the schema reports them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeAlias

from kustodian.kubernetes.pods.workload import pods_of
from kustodian.kubernetes.syntax.names import (
    is_dns_1035_label,
    is_dns_label,
    is_dns_subdomain,
    is_label_value,
    is_path_segment,
    is_qualified_name,
)
from kustodian.model.json_value import FieldPath, mapping, text
from kustodian.model.manifest import Manifest
from kustodian.model.violation import Violation
from kustodian.schemas.registry import Schemas
from kustodian.schemas.server import objects, traffic
from kustodian.schemas.server.pod import pod_problems

Check: TypeAlias = Callable[[Manifest], Iterator[Violation]]

_ANNOTATIONS_MAXIMUM = 256 * 1024
_POD_GROUPS = ("", "apps", "batch")
#: Kinds whose names follow rules of their own, which are not checked.
_OTHER_NAMES = ("IPAddress", "ClusterTrustBundle", "StorageVersion", "ComponentStatus", "Binding")
#: Checks by (group, kind), for the stable version of the API.
_CHECKS: dict[tuple[str, str], Check] = {
    ("", "Service"): traffic.service,
    ("networking.k8s.io", "Ingress"): traffic.ingress,
    ("networking.k8s.io", "NetworkPolicy"): traffic.network_policy,
    ("apps", "Deployment"): objects.deployment,
    ("batch", "CronJob"): objects.cron_job,
    ("policy", "PodDisruptionBudget"): objects.disruption_budget,
    ("autoscaling", "HorizontalPodAutoscaler"): objects.autoscaler,
    ("", "ConfigMap"): objects.config_map,
    ("", "Secret"): objects.secret,
    ("", "PersistentVolumeClaim"): objects.claim,
    ("apps", "StatefulSet"): objects.stateful_set,
    ("rbac.authorization.k8s.io", "Role"): objects.role,
    ("rbac.authorization.k8s.io", "ClusterRole"): objects.role,
    ("rbac.authorization.k8s.io", "RoleBinding"): objects.binding,
    ("rbac.authorization.k8s.io", "ClusterRoleBinding"): objects.binding,
}


def server_problems(manifest: Manifest, version: tuple[int, int], schemas: Schemas) -> Iterator[Violation]:
    """The violations of the API server's validation beyond the schema; `version` is like (1, 34)."""
    built_in = schemas.is_builtin(manifest.api_version, manifest.kind)
    if built_in or schemas.knows(manifest.api_version, manifest.kind):
        yield from _metadata(manifest, version, built_in)
    if built_in:
        check = _CHECKS.get((manifest.group, manifest.kind))
        if check is not None:
            yield from check(manifest)
    for pod in pods_of(manifest):
        in_rollout = manifest.is_a("argoproj.io", "Rollout")
        if (built_in and manifest.group in _POD_GROUPS) or in_rollout:
            yield from labels_and_annotations(pod.labels, pod.annotations, (*pod.path, "metadata"))
            yield from pod_problems(pod, version)


def _metadata(manifest: Manifest, version: tuple[int, int], built_in: bool) -> Iterator[Violation]:
    name = manifest.metadata.get("name")
    if name is None or name == "":
        if not text(manifest.metadata.get("generateName")):
            yield Violation(("metadata", "name"), 'field "name" is required in metadata')
    elif isinstance(name, str):
        problem = _name_problem(manifest, name, version, built_in)
        if problem:
            yield Violation(("metadata", "name"), f'name "{name}" {problem}')
    if manifest.namespace is not None and not is_dns_label(manifest.namespace):
        yield Violation(
            ("metadata", "namespace"),
            f'namespace "{manifest.namespace}" {_LABEL_RULE}',
        )
    yield from labels_and_annotations(manifest.labels, manifest.annotations, ("metadata",))


def _name_problem(manifest: Manifest, name: str, version: tuple[int, int], built_in: bool) -> str:
    """The problem with an object's name, as the end of a sentence; empty if there is none."""
    kind, group = manifest.kind, manifest.group
    if built_in and (group == "rbac.authorization.k8s.io"):
        return "" if is_path_segment(name) else 'must not contain "/" or "%"'
    if built_in and (kind in _OTHER_NAMES or kind.endswith("Review")):
        return ""
    # A StatefulSet's pods carry its name in their host names.
    if built_in and kind in ("Namespace", "StatefulSet"):
        return "" if is_dns_label(name) else _LABEL_RULE
    if built_in and kind == "Service":
        # From 1.36 on the name may start with a digit (KEP-5311).
        valid = is_dns_label(name) if version >= (1, 36) else is_dns_1035_label(name)
        return "" if valid else f"{_LABEL_RULE}, starting with a letter"
    if built_in and kind == "CustomResourceDefinition":
        plural = text(mapping(manifest.spec.get("names")).get("plural"))
        required = f"{plural}.{text(manifest.spec.get('group'))}"
        return "" if name == required else f'must be "{required}", the plural name and the group'
    if not is_dns_subdomain(name):
        return 'must be a DNS name: lower-case letters, digits, "-" and ".", starting and ending alphanumeric'
    if built_in and kind == "CronJob" and len(name) > 52:
        return f"has {len(name)} characters; a CronJob may have 52, so that its Jobs' names fit"
    return ""


_LABEL_RULE = 'must be a DNS label: at most 63 lower-case letters, digits and "-"'


def labels_and_annotations(
    labels: dict[str, str], annotations: dict[str, str], path: FieldPath
) -> Iterator[Violation]:
    """Invalid labels and annotations in the metadata at `path`."""
    for key, value in labels.items():
        where = (*path, "labels", key)
        if not is_qualified_name(key):
            yield Violation(where, f'label key "{key}" is malformed')
        if not is_label_value(value):
            yield Violation(
                where,
                f'label value "{value}" is malformed: at most 63 letters, digits, "-", "_" and ".", '
                "starting and ending alphanumeric",
            )
    for key in annotations:
        if not is_qualified_name(key.lower()):
            yield Violation((*path, "annotations", key), f'annotation key "{key}" is malformed')
    size = sum(len(key.encode()) + len(value.encode()) for key, value in annotations.items())
    if size > _ANNOTATIONS_MAXIMUM:
        yield Violation(
            (*path, "annotations"), f"annotations take {size} bytes, more than {_ANNOTATIONS_MAXIMUM}"
        )
