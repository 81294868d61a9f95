"""Pod mounts a PersistentVolumeClaim that does not exist.

Why: The pod stays Pending: the scheduler waits for the claim.

Fix: Add the PersistentVolumeClaim to the overlay or correct `claimName`; a StatefulSet creates its claims
from `volumeClaimTemplates`.

Wrong:
    volumes:
      - name: models
        persistentVolumeClaim: {claimName: iris-models}  # does not exist

Right:
    apiVersion: v1
    kind: PersistentVolumeClaim
    metadata: {name: iris-models}

Notes: `pvc://claim/path` in a KServe storageUri counts as a reference too.

Source: Kubernetes documentation, "Persistent Volumes",
https://kubernetes.io/docs/concepts/storage/persistent-volumes/#claims-as-volumes
"""

from __future__ import annotations

from collections.abc import Iterator

from kustodian.kubernetes.object_set import ObjectSet
from kustodian.kubernetes.pod_references import pod_references
from kustodian.model.measure import Exactly
from kustodian.model.violation import Violation
from kustodian.policy.rule import Context, SetRule, Worse
from kustodian.policy.rules.references._producers import claim_exists


def check(objects: ObjectSet, context: Context) -> Iterator[Violation]:
    """One violation for each reference to a claim that nothing provides."""
    del context
    for reference in pod_references(objects, "PersistentVolumeClaim"):
        name, namespace = reference.name, reference.namespace
        if not claim_exists(name, namespace, objects):
            message = f"{reference.user} needs the PersistentVolumeClaim {name}, which does not exist"
            message += f" in namespace {namespace}"
            yield Violation(reference.path, message, reference.manifest, measure=Exactly(name))


RULE = SetRule(
    id="missing-claim",
    topic="references",
    severity="W/E/E",
    check=check,
    doc=__doc__,
    worse=Worse.BY_MEASURE,
    tags=("reliability",),
)
