"""Container has no memory limit.

Why: A leak or one large request can take the memory of the whole node and get other pods killed.

Fix: Set `resources.limits.memory` on the container; for a model server, make it equal to the request.

Wrong:
    resources:
      requests:
        memory: 2Gi

Right:
    resources:
      limits:
        memory: 2Gi

Notes: Init containers and sidecars count. From Kubernetes 1.34 on, a memory limit in `spec.resources` of
    the pod counts for all its containers.

Source: Kubernetes documentation v1.34, "Assign Memory Resources to Containers and Pods",
    https://kubernetes.io/docs/tasks/configure-pod-container/assign-memory-resource/#if-you-do-not-specify-a-memory-limit
"""

from __future__ import annotations

from collections.abc import Iterator

from kustodian.kubernetes.pods.template import PodTemplate
from kustodian.model.violation import Violation
from kustodian.policy.rule import Context, PodRule, Worse
from kustodian.policy.rules.resources._missing import missing


def check(pod: PodTemplate, context: Context) -> Iterator[Violation]:
    """One violation for each container without a memory limit."""
    return missing(pod, context, "limits", "memory")


RULE = PodRule(
    id="missing-memory-limit",
    topic="resources",
    severity="W/E/E",
    check=check,
    doc=__doc__,
    worse=Worse.NEVER,
    tags=(
        "reliability",
        "nsa",
    ),
)
