"""Container has no ephemeral-storage limit.

Why: Model caches and logs in the container's file system fill the node's disk; the kubelet then evicts pods
    that did nothing wrong.

Fix: Set `resources.limits.ephemeral-storage` on the container to what its writable layer, logs and emptyDirs
    may use.

Wrong:
    resources:
      requests:
        memory: 2Gi

Right:
    resources:
      limits:
        ephemeral-storage: 4Gi

Notes: The kubelet adds up the limits of a pod's containers and also holds the pod's disk-backed emptyDirs to
    that sum. Pod-level `spec.resources` does not support ephemeral storage.

Source: Kubernetes documentation v1.34, "Local ephemeral storage",
    https://kubernetes.io/docs/concepts/storage/ephemeral-storage/
"""

from __future__ import annotations

from collections.abc import Iterator

from kustodian.kubernetes.pods.template import PodTemplate
from kustodian.model.violation import Violation
from kustodian.policy.rule import Context, PodRule, Worse
from kustodian.policy.rules.resources._missing import missing


def check(pod: PodTemplate, context: Context) -> Iterator[Violation]:
    """One violation for each container without an ephemeral-storage limit."""
    return missing(pod, context, "limits", "ephemeral-storage")


RULE = PodRule(
    id="missing-ephemeral-storage-limit",
    topic="resources",
    severity="-/W/W",
    check=check,
    doc=__doc__,
    worse=Worse.NEVER,
    tags=(
        "reliability",
        "ml",
    ),
)
