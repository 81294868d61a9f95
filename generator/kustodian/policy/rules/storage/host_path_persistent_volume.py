"""PersistentVolume is a folder of a node.

Why: A pod that claims the volume reads and writes files of the node, past every rule about `hostPath` in
pods, and finds other files when it moves to another node.

Fix: Use a volume of a CSI driver, or a `local` volume with `nodeAffinity` for a disk of a node.

Wrong:
    kind: PersistentVolume
    spec:
      hostPath: {path: /var/lib/models}

Right:
    kind: PersistentVolume
    spec:
      local: {path: /mnt/disks/models}
      nodeAffinity: {...}

Notes: `host-path-volume` reports pods that mount such a folder themselves. Volumes of NFS and iSCSI are not
reported.

Source: Kubernetes documentation, "Volumes", hostPath,
https://kubernetes.io/docs/concepts/storage/volumes/#hostpath; Pod Security Standards, baseline,
https://kubernetes.io/docs/concepts/security/pod-security-standards/
"""

from __future__ import annotations

from collections.abc import Iterator

from kustodian.model.json_value import mapping, text
from kustodian.model.manifest import Manifest
from kustodian.model.violation import Violation
from kustodian.policy.rule import Context, ObjectRule, Worse


def check(manifest: Manifest, context: Context) -> Iterator[Violation]:
    """One violation for a volume with a `hostPath`."""
    del context
    host_path = manifest.spec.get("hostPath")
    if host_path is not None:
        where = text(mapping(host_path).get("path")) or "an unknown path"
        yield Violation(("spec", "hostPath"), f"PersistentVolume {manifest.name} is {where} of the node")


RULE = ObjectRule(
    id="host-path-persistent-volume",
    topic="storage",
    severity="W/E/E",
    check=check,
    kinds=(("", "PersistentVolume"),),
    doc=__doc__,
    worse=Worse.BY_MESSAGE,
    tags=("security",),
)
