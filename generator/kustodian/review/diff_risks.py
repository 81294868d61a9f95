"""What a reviewer should look at twice: fields that cannot be changed, objects that go, rights that grow.

Source of the immutable fields: validation of the API types in Kubernetes v1.34 (pkg/apis/*/validation).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from kustodian.model.difference import FieldChange
from kustodian.model.manifest import Manifest

_RBAC = ("Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding")
#: Fields that the API server refuses to change, by kind: the sync fails until the object is deleted.
_IMMUTABLE: dict[str, re.Pattern[str]] = {
    "Deployment": re.compile(r"spec\.selector\b"),
    "DaemonSet": re.compile(r"spec\.selector\b"),
    "ReplicaSet": re.compile(r"spec\.selector\b"),
    "Rollout": re.compile(r"spec\.selector\b"),
    "StatefulSet": re.compile(
        r"spec\.(?!replicas|ordinals|template|updateStrategy|persistentVolumeClaimRetentionPolicy"
        r"|minReadySeconds|revisionHistoryLimit)"
    ),
    "Job": re.compile(r"spec\.(template|selector|completions|completionMode|podFailurePolicy)\b"),
    "PersistentVolumeClaim": re.compile(r"spec\.(?!resources\.requests|volumeAttributesClassName)"),
    "StorageClass": re.compile(r"(provisioner|parameters|reclaimPolicy|volumeBindingMode)\b"),
    "Service": re.compile(r"spec\.clusterIP\b"),
    "RoleBinding": re.compile(r"roleRef\b"),
    "ClusterRoleBinding": re.compile(r"roleRef\b"),
    "PodDisruptionBudget": re.compile(r"(?!)"),
}
_NOTED = (
    (re.compile(r"\.image$|\.image\.reference$"), "another image runs"),
    (re.compile(r"\.(replicas|(min|max)(Replicas|ReplicaCount)|parallelism)$"), "the number of pods changes"),
    (re.compile(r"\.resources(\.|$)"), "requests or limits change: check quota, nodes and budget"),
    (re.compile(r"\.securityContext(\.|$)"), "what the containers may do changes"),
)  # fmt: skip
#: Argo CD makes such an object anew instead of changing it.
_HOOK, _SYNC_OPTIONS = "argocd.argoproj.io/hook", "argocd.argoproj.io/sync-options"
_STATEFUL = ("PersistentVolumeClaim", "StatefulSet", "Namespace", "CustomResourceDefinition", "Secret")


def risks_of(
    before: Manifest | None, after: Manifest | None, fields: tuple[FieldChange, ...]
) -> tuple[str, ...]:
    """Sentences about one change, without repetition."""
    return tuple(dict.fromkeys(_risks(before, after, fields)))


def _risks(before: Manifest | None, after: Manifest | None, fields: tuple[FieldChange, ...]) -> Iterator[str]:
    known = after or before
    assert known is not None
    if after is None:
        yield "Argo CD deletes it where pruning is on, and leaves it behind where it is off"
        if known.kind in _STATEFUL:
            yield "data may go with it"
        if known.kind == "NetworkPolicy":
            yield "traffic that it refused is let through, or what it allowed is refused"
    elif known.kind in _RBAC:
        yield "rights change"
    elif known.kind == "NetworkPolicy":
        yield "who may talk to whom changes"
    immutable = _IMMUTABLE.get(known.kind) if not _is_replaced(known) else None
    for field in fields:
        if immutable is not None and immutable.match(field.path):
            name = field.path.split("[")[0]
            yield f"{name} cannot be changed: the sync fails until the {known.kind} is deleted or replaced"
        for pattern, note in _NOTED:
            if pattern.search(field.path):
                yield note
    frozen = before is not None and before.data.get("immutable") is True
    if frozen and any(field.path.startswith(("data", "binaryData")) for field in fields):
        yield f"the {known.kind} is immutable: the sync fails"


def _is_replaced(manifest: Manifest) -> bool:
    options = manifest.annotations.get(_SYNC_OPTIONS, "").replace(" ", "").split(",")
    return _HOOK in manifest.annotations or bool({"Replace=true", "Force=true"} & set(options))
