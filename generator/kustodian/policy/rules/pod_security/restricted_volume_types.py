"""Pod mounts a volume of a type that bypasses PersistentVolumes.

Why: A network disk or share that is defined in the pod carries the addresses and credentials of the storage
and bypasses whoever operates it; a claim leaves both to the storage class.

Fix: Move the volume into a PersistentVolume and mount its claim; replace `gitRepo` with an init container
that clones into an emptyDir.

Wrong:
    volumes:
      - name: models
        nfs: {server: nfs.example.com, path: /models}

Right:
    volumes:
      - name: models
        persistentVolumeClaim: {claimName: models}

Notes: The allowed types are configMap, csi, downwardAPI, emptyDir, ephemeral, image, persistentVolumeClaim,
projected and secret. hostPath has its own rule, `host-path-volume`. A volume without any source becomes an
emptyDir.

Source: Pod Security Standards, Restricted, "Volume Types" (every version),
https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted
"""

from __future__ import annotations

from collections.abc import Iterator

from kustodian.kubernetes.pods.template import PodTemplate
from kustodian.model.violation import Violation
from kustodian.policy.rule import Context, PodRule, Worse
from kustodian.policy.rules.pod_security._standard import RESTRICTED

ALLOWED = (
    "configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "image", "persistentVolumeClaim", "projected",
    "secret",
)  # fmt: skip
FORBIDDEN = (
    "gcePersistentDisk", "awsElasticBlockStore", "gitRepo", "nfs", "iscsi", "glusterfs", "rbd",
    "flexVolume", "cinder", "cephfs", "flocker", "fc", "azureFile", "vsphereVolume", "quobyte", "azureDisk",
    "portworxVolume", "photonPersistentDisk", "scaleIO", "storageos",
)  # fmt: skip


def check(pod: PodTemplate, context: Context) -> Iterator[Violation]:
    """One violation for each volume of a forbidden type."""
    for path, volume in pod.volumes:
        if any(volume.get(source) is not None for source in ALLOWED):
            continue
        for source in FORBIDDEN:
            if volume.get(source) is not None:
                yield Violation((*path, source), f'volume "{volume.get("name")}" is of type {source}')
                break


RULE = PodRule(
    id="restricted-volume-types",
    topic="pod security",
    severity="W/E/E",
    check=check,
    doc=__doc__,
    worse=Worse.BY_VALUE,
    tags=RESTRICTED,
)
