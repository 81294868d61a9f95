"""PersistentVolumeClaim does not request a size.

Why: The API server rejects the claim, and every pod that mounts it stays Pending.

Fix: Set `resources.requests.storage` on the claim; for a model cache, to the size of all models it holds.

Wrong:
    spec: {accessModes: [ReadWriteOnce]}

Right:
    spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 50Gi}}}

Notes: Covers claims, claim templates (StatefulSet, LeaderWorkerSet, Workflow) and ephemeral volumes. A size
    of 0 counts as missing.

Source: Kubernetes documentation v1.34, "Persistent Volumes",
    https://kubernetes.io/docs/concepts/storage/persistent-volumes/#resources
"""

from __future__ import annotations

from collections.abc import Iterator

from kustodian.kubernetes.syntax.quantity import parse_quantity
from kustodian.model.json_value import dig
from kustodian.model.manifest import Manifest
from kustodian.model.violation import Violation
from kustodian.policy.rule import Context, ObjectRule, Worse
from kustodian.policy.rules.storage._claims import claim_specs


def check(manifest: Manifest, context: Context) -> Iterator[Violation]:
    """One violation for each claim without a size above zero."""
    for claim in claim_specs(manifest):
        size = dig(claim.spec, ("resources", "requests", "storage"))
        if size is None or parse_quantity(size) == 0:
            path = (*claim.path, "resources", "requests", "storage")
            yield Violation(path, f"{claim.what} does not request a size")


RULE = ObjectRule(
    id="claim-without-size",
    topic="storage",
    severity="W/W/W",
    check=check,
    doc=__doc__,
    worse=Worse.NEVER,
    tags=("reliability",),
)
