"""ReadWriteOnce volume is mounted by a workload with more than one pod.

Why: The volume can be attached to one node only; pods on other nodes wait for it for ever, and the
    autoscaler's new replicas never start.

Fix: Give the claim `ReadWriteMany` or `ReadOnlyMany` (with a class that supports it), use a StatefulSet with
    volumeClaimTemplates, or load the model from object storage or an image volume.

Wrong:
    # Deployment: replicas: 3, volume from claim models
    kind: PersistentVolumeClaim
    metadata: {name: models}
    spec: {accessModes: [ReadWriteOnce]}

Right:
    kind: PersistentVolumeClaim
    metadata: {name: models}
    spec: {accessModes: [ReadOnlyMany]}

Notes: The number of pods is the maximum: replicas, the maximum of the HPA or ScaledObject, the parallelism of
    a Job, one per node for a DaemonSet. ReadWriteOncePod allows a single pod, so a rolling update that must
    start a second pod is reported too. Claims that are created for each pod (volumeClaimTemplates of a
    StatefulSet, ephemeral volumes) are not shared. KServe's `storageUri: pvc://` mounts a claim as well. A
    claim that is not in the overlay is left to `missing-claim`.

Source: Kubernetes documentation v1.34, "Persistent Volumes",
    https://kubernetes.io/docs/concepts/storage/persistent-volumes/#access-modes
"""

from __future__ import annotations

from collections.abc import Iterator

from kustodian.kubernetes.object_set import ObjectSet, namespace_of
from kustodian.kubernetes.pod_references import references_of
from kustodian.kubernetes.pods.template import PodTemplate
from kustodian.kubernetes.scaling import scaling_of
from kustodian.model.json_value import sequence, text
from kustodian.model.measure import Exactly
from kustodian.model.violation import Violation
from kustodian.policy.rule import Context, SetRule, Worse

_SHAREABLE = frozenset({"ReadWriteMany", "ReadOnlyMany"})


def check(objects: ObjectSet, context: Context) -> Iterator[Violation]:
    """One violation for each mounted claim that the pods of its workload cannot share."""
    for pod in objects.pods:
        for reference in references_of(pod):
            if reference.kind != "PersistentVolumeClaim":
                continue
            name = reference.name
            claim = objects.find("", "PersistentVolumeClaim", namespace_of(pod.owner), name)
            modes = [text(mode) for mode in sequence(claim.spec.get("accessModes"))] if claim else []
            if not modes or _SHAREABLE.intersection(modes):
                continue
            pods = _sharing_pods(objects, pod, one_pod_only=modes == ["ReadWriteOncePod"])
            if pods is not None:
                message = f"claim {name} is {', '.join(modes)}, but {pods} of {pod.owner.ref} mount it"
                yield Violation(reference.path, message, pod.owner, measure=Exactly(name))


def _sharing_pods(objects: ObjectSet, pod: PodTemplate, *, one_pod_only: bool) -> str | None:
    """Which pods of the workload share the volume, in words; None if it is only one."""
    if pod.owner.kind == "DaemonSet":
        return "all pods"
    count = scaling_of(objects).count(pod)
    if count.maximum >= 2:
        return f"up to {count.maximum} pods"
    if one_pod_only and count.surge:
        return "an old and a new pod during an update"
    return None


RULE = SetRule(
    id="volume-not-shareable",
    topic="storage",
    severity="W/E/E",
    check=check,
    doc=__doc__,
    worse=Worse.BY_MEASURE,
    tags=("reliability", "ml"),
)
