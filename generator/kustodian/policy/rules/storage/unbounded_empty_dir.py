"""emptyDir volume has no size limit.

Why: A growing model cache or log fills the node's disk, and the kubelet evicts other pods before it finds the
    culprit.

Fix: Set `sizeLimit` on the emptyDir to what the pod may need, in the base or in a patch of the overlay.

Wrong:
    volumes: [{name: cache, emptyDir: {}}]

Right:
    volumes: [{name: cache, emptyDir: {sizeLimit: 10Gi}}]

Options:
    sizeLimit: the size that `check --fix` writes.

Notes: A volume without any source is an emptyDir, and a sizeLimit of 0 means no limit. Volumes in memory
    (`medium: Memory`) are left to `small-shared-memory`. The containers' ephemeral-storage limits bound the
    pod as a whole; a limit on the volume evicts the pod that fills it before that.

Source: Kubernetes documentation v1.34, "Volumes",
    https://kubernetes.io/docs/concepts/storage/volumes/#emptydir
"""

from __future__ import annotations

from collections.abc import Iterator

from kustodian.kubernetes.pods.template import PodTemplate
from kustodian.kubernetes.syntax.quantity import parse_quantity
from kustodian.model.edit import set_field
from kustodian.model.json_value import mapping, text
from kustodian.model.violation import Violation
from kustodian.policy.rule import Context, Option, PodRule, Worse


def check(pod: PodTemplate, context: Context) -> Iterator[Violation]:
    """One violation for each disk-backed emptyDir without a sizeLimit."""
    for path, volume in pod.volumes:
        # The API server defaults a volume that names no source to an emptyDir.
        without_source = all(value is None for key, value in volume.items() if key != "name")
        if not without_source and not isinstance(volume.get("emptyDir"), dict):
            continue
        empty = mapping(volume.get("emptyDir"))
        limit = empty.get("sizeLimit")
        if text(empty.get("medium")) or (limit is not None and parse_quantity(limit) != 0):
            continue
        message = f'emptyDir volume "{text(volume.get("name"))}" has no sizeLimit'
        field = (*path, "emptyDir", "sizeLimit")
        yield Violation(field, message, edits=set_field(field, context.options["sizeLimit"]))


RULE = PodRule(
    id="unbounded-empty-dir",
    topic="storage",
    severity="-/W/W",
    check=check,
    doc=__doc__,
    worse=Worse.NEVER,
    tags=("reliability", "ml"),
    options={"sizeLimit": Option("1Gi", "size that `check --fix` writes")},
)
