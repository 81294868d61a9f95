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
from kustodian.model.json_value import JsonObject, mapping, mappings, text
from kustodian.model.measure import Amount, Below, several
from kustodian.model.violation import Violation
from kustodian.policy.rule import Context, PodRule, Worse
from kustodian.policy.rules.pod_security._standard import BASELINE


def check(pod: PodTemplate, context: Context) -> Iterator[Violation]:
    """One violation for each hostPath volume."""
    for path, volume in pod.volumes:
        source = volume.get("hostPath")
        if source is not None:
            where = mapping(source).get("path", "")
            measure = several(
                path=Below(text(where)),
                writable=Amount(*_writable(pod, volume)),
            )
            message = f'volume "{volume.get("name")}" mounts the node\'s {where}'
            yield Violation((*path, "hostPath"), message, measure=measure)


def _writable(pod: PodTemplate, volume: JsonObject) -> tuple[int, str]:
    """Whether a container may write to the volume, as 0 or 1, and in words."""
    mounts = [mount for c in pod.containers for _, mount in mappings(c.data.get("volumeMounts"))]
    writable = any(m.get("name") == volume.get("name") and m.get("readOnly") is not True for m in mounts)
    return int(writable), "yes" if writable else "no"


RULE = PodRule(
    id="host-path-volume",
    topic="pod security",
    severity="E/E/E",
    check=check,
    doc=__doc__,
    worse=Worse.BY_MEASURE,
    tags=BASELINE,
)
