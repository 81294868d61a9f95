"""Pod mounts a path of the node's file system.

Why: The node's files give a container access to the node's credentials and configuration, and tie the pod to
one node's disk.

Fix: Replace the hostPath volume: use a PersistentVolumeClaim for a model cache, an emptyDir for scratch
space, a ConfigMap for configuration.

Wrong:
    volumes:
      - name: models
        hostPath: {path: /srv/models}

Right:
    volumes:
      - name: models
        persistentVolumeClaim: {claimName: models}

Source: Pod Security Standards, Baseline, "HostPath Volumes" (every version),
https://kubernetes.io/docs/concepts/security/pod-security-standards/#baseline
"""

from __future__ import annotations

from collections.abc import Iterator

from kustodian.kubernetes.pods.template import PodTemplate
from kustodian.model.json_value import mapping
from kustodian.model.violation import Violation
from kustodian.policy.rule import Context, PodRule, Worse
from kustodian.policy.rules.pod_security._standard import BASELINE


def check(pod: PodTemplate, context: Context) -> Iterator[Violation]:
    """One violation for each hostPath volume."""
    for path, volume in pod.volumes:
        source = volume.get("hostPath")
        if source is not None:
            where = mapping(source).get("path", "")
            yield Violation((*path, "hostPath"), f'volume "{volume.get("name")}" mounts the node\'s {where}')


RULE = PodRule(
    id="host-path-volume",
    topic="pod security",
    severity="E/E/E",
    check=check,
    doc=__doc__,
    worse=Worse.BY_MEASURE,
    tags=BASELINE,
)
