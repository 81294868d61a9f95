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

from kustodian.kubernetes.object_set import ObjectSet, namespace_of
from kustodian.kubernetes.pod_references import is_final
from kustodian.kubernetes.pods.template import PodTemplate
from kustodian.model.field_path import FieldPath
from kustodian.model.json_value import mapping, text
from kustodian.model.violation import Violation
from kustodian.policy.rule import Context, SetRule
from kustodian.policy.rules.references._producers import claim_exists


def check(objects: ObjectSet, context: Context) -> Iterator[Violation]:
    """One violation for each reference to a claim that nothing provides."""
    del context
    seen = set()
    for pod in objects.pods:
        namespace = namespace_of(pod.owner)
        for path, user, name in _claims(pod):
            key = (id(pod.owner), path)
            if key in seen or not is_final(name) or claim_exists(name, namespace, objects):
                continue
            seen.add(key)
            problem = f"{user} needs the PersistentVolumeClaim {name}, which does not exist"
            yield Violation(path, f"{problem} in namespace {namespace}", pod.owner)


def _claims(pod: PodTemplate) -> Iterator[tuple[FieldPath, str, str]]:
    for path, volume in pod.volumes:
        name = text(mapping(volume.get("persistentVolumeClaim")).get("claimName"))
        yield (*path, "persistentVolumeClaim", "claimName"), f'volume "{volume.get("name")}"', name
    for container in pod.containers:
        uri = text(container.data.get("storageUri"))
        if uri.startswith("pvc://"):
            claim = uri.removeprefix("pvc://").partition("/")[0]
            yield (*container.path, "storageUri"), f"storageUri {uri}", claim


RULE = SetRule(
    id="missing-claim",
    topic="references",
    severity="W/E/E",
    check=check,
    doc=__doc__,
    tags=("reliability",),
)
