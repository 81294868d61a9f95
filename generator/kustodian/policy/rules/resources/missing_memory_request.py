"""Container has no memory request.

Why: The scheduler counts the container as using nothing, and the kubelet evicts it first when the node runs
    out of memory.

Fix: Set `resources.requests.memory` on the container to what it uses when warm (for a model server: weights
    and caches).

Wrong:
    resources:
      limits:
        nvidia.com/gpu: 1

Right:
    resources:
      requests:
        memory: 2Gi

Options:
    requireExplicit: also report a container that has only a limit. The API server copies the limit to the
        request.

Notes: Init containers and sidecars count. From Kubernetes 1.34 on, `spec.resources` of the pod counts for
    all its containers.

Source: Kubernetes documentation v1.34, "Resource Management for Pods and Containers",
    https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/#requests-and-limits;
    "Node-pressure Eviction",
    https://kubernetes.io/docs/concepts/scheduling-eviction/node-pressure-eviction/
"""

from __future__ import annotations

from collections.abc import Iterator

from kustodian.kubernetes.pods.template import PodTemplate
from kustodian.model.violation import Violation
from kustodian.policy.rule import Context, Option, PodRule, Worse
from kustodian.policy.rules.resources._missing import missing


def check(pod: PodTemplate, context: Context) -> Iterator[Violation]:
    """One violation for each container without a memory request."""
    return missing(pod, context, "requests", "memory", or_limit=not context.options["requireExplicit"])


RULE = PodRule(
    id="missing-memory-request",
    topic="resources",
    severity="W/E/E",
    check=check,
    doc=__doc__,
    worse=Worse.NEVER,
    tags=(
        "cost",
        "reliability",
        "nsa",
    ),
    options={
        "requireExplicit": Option(
            False, "also report a container whose request is only implied by its limit"
        ),
    },
)
