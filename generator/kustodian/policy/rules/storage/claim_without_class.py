"""PersistentVolumeClaim does not name a storage class.

Why: The cluster's default class is used, which differs between clusters and can change with upgrades; without
    a default, the claim stays Pending.

Fix: Set `storageClassName` (or `""` for a volume that is created by hand), in the overlay if environments
    differ.

Wrong:
    spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 50Gi}}}

Right:
    spec: {storageClassName: fast-ssd, accessModes: [ReadWriteOnce], resources: {requests: {storage: 50Gi}}}

Notes: Covers claims, claim templates (StatefulSet, LeaderWorkerSet, Workflow) and ephemeral volumes. A claim
    with a `volumeName` is bound by hand and needs no class. The old annotation
    volume.beta.kubernetes.io/storage-class counts as a class.

Source: Kubernetes documentation v1.34, "Persistent Volumes",
    https://kubernetes.io/docs/concepts/storage/persistent-volumes/#class-1
"""

from __future__ import annotations

from collections.abc import Iterator

from kustodian.model.manifest import Manifest
from kustodian.model.violation import Violation
from kustodian.policy.rule import Context, ObjectRule, Worse
from kustodian.policy.rules.storage._claims import claim_specs

_ANNOTATION = "volume.beta.kubernetes.io/storage-class"


def check(manifest: Manifest, context: Context) -> Iterator[Violation]:
    """One violation for each claim that leaves the class to the cluster."""
    for claim in claim_specs(manifest):
        named = claim.spec.get("storageClassName") is not None or _ANNOTATION in claim.annotations
        if not named and not claim.spec.get("volumeName"):
            yield Violation((*claim.path, "storageClassName"), f"{claim.what} does not name a storage class")


RULE = ObjectRule(
    id="claim-without-class",
    topic="storage",
    severity="W/W/W",
    check=check,
    doc=__doc__,
    worse=Worse.NEVER,
    tags=("drift",),
)
