"""Immutable fields: a sync that changes one fails until the object is deleted or replaced.

Source: validation of the API types in Kubernetes v1.34, the ValidateXUpdate functions of
pkg/apis/*/validation, https://github.com/kubernetes/kubernetes/tree/v1.34.0/pkg/apis
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from kustodian.kubernetes.syntax.quantity import parse_quantity
from kustodian.model.manifest import Manifest
from kustodian.model.results.difference import ABSENT, FieldChange
from kustodian.review.diff.fields import leaves

_SELECTOR = r"spec\.selector\b"
#: The beginning of the paths of immutable fields, by group and kind.
_IMMUTABLE: dict[tuple[str, str], re.Pattern[str]] = {
    key: re.compile(pattern)
    for key, pattern in {
        ("apps", "Deployment"): _SELECTOR,
        ("apps", "DaemonSet"): _SELECTOR,
        ("apps", "ReplicaSet"): _SELECTOR,
        ("apps", "StatefulSet"): r"spec\.(?!(replicas|ordinals|template|updateStrategy|minReadySeconds"
        r"|persistentVolumeClaimRetentionPolicy|revisionHistoryLimit)\b)",
        ("batch", "Job"): r"spec\.(template|selector|completions|completionMode|podFailurePolicy"
        r"|successPolicy|backoffLimitPerIndex|managedBy)\b",
        ("", "Pod"): r"spec\.(?!(activeDeadlineSeconds|tolerations|schedulingGates)\b"
        r"|(initC|c)ontainers\[[^\]]*\]\.(image|resources)\b)",
        ("", "PersistentVolumeClaim"): r"spec\.(?!(resources\.requests|volumeAttributesClassName)\b)",
        ("", "PersistentVolume"): r"spec\.(?!(capacity|accessModes|persistentVolumeReclaimPolicy"
        r"|storageClassName|claimRef|mountOptions|volumeAttributesClassName)\b)",
        ("", "Service"): r"spec\.clusterIPs?\b",
        ("", "Secret"): r"type\b",
        ("storage.k8s.io", "StorageClass"): r"(provisioner|parameters|reclaimPolicy|volumeBindingMode)\b",
        ("storage.k8s.io", "VolumeAttributesClass"): r"(driverName|parameters)\b",
        ("rbac.authorization.k8s.io", "RoleBinding"): r"roleRef\b",
        ("rbac.authorization.k8s.io", "ClusterRoleBinding"): r"roleRef\b",
        ("scheduling.k8s.io", "PriorityClass"): r"(value|preemptionPolicy)\b",
        ("node.k8s.io", "RuntimeClass"): r"handler\b",
        ("networking.k8s.io", "IngressClass"): r"spec\.controller\b",
        ("resource.k8s.io", "ResourceClaim"): r"spec\b",
        ("resource.k8s.io", "ResourceClaimTemplate"): r"spec\b",
        ("apiextensions.k8s.io", "CustomResourceDefinition"): r"spec\.(group|scope|names\.(kind|plural))\b",
    }.items()
}
#: Argo CD replaces an object with one of these instead of changing it.
_HOOK, _SYNC_OPTIONS = "argocd.argoproj.io/hook", "argocd.argoproj.io/sync-options"
_REQUEST = "spec.resources.requests.storage"


def refused(before: Manifest, after: Manifest, fields: tuple[FieldChange, ...]) -> Iterator[str]:
    """A sentence for each change that the API server will refuse."""
    if _is_replaced(after) or before.name != after.name:
        return  # a generated name with another hash is another object
    pattern = _IMMUTABLE.get((after.group, after.kind))
    for field in fields:
        paths = [field.path, *leaves(field.path, field.before), *leaves(field.path, field.after)]
        matching = next((path for path in paths if pattern is not None and pattern.match(path)), None)
        if matching is not None and field.after is ABSENT and after.is_a("", "Service", "Secret"):
            yield f"{_short(matching)} stays as it is in the cluster: it is set once"
        elif matching is not None:
            yield (
                f"{_short(matching)} cannot be changed: the sync fails until the {after.kind} is"
                " deleted or replaced"
            )
        if after.is_a("", "PersistentVolumeClaim") and field.path == _REQUEST:
            yield from _resized(field)
    if before.data.get("immutable") is True and after.is_a("", "ConfigMap", "Secret"):
        yield from _frozen(after, fields)


def _resized(field: FieldChange) -> Iterator[str]:
    old, new = parse_quantity(field.before), parse_quantity(field.after)
    if old is not None and new is not None and new < old:
        yield "a volume cannot shrink: the sync fails"
    elif field.after is not ABSENT:
        yield "the volume grows: its StorageClass has to allow that, and it cannot be undone"


def _frozen(after: Manifest, fields: tuple[FieldChange, ...]) -> Iterator[str]:
    if any(field.path.startswith(("data", "binaryData", "stringData", "immutable")) for field in fields):
        yield f"the {after.kind} is immutable: the sync fails until it is deleted or gets another name"


def _short(path: str) -> str:
    """The path up to the first list: `spec.volumeClaimTemplates`."""
    return path.partition("[")[0]


def _is_replaced(manifest: Manifest) -> bool:
    options = manifest.annotations.get(_SYNC_OPTIONS, "").replace(" ", "").split(",")
    return _HOOK in manifest.annotations or bool({"Replace=true", "Force=true"} & set(options))
