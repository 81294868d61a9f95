"""Container with a GPU has a memory request below its memory limit.

Why: Memory above the request is not reserved; when the node runs short, the GPU pod is among the first to
    be evicted, and a long load starts again.

Fix: Set `resources.requests.memory` equal to `resources.limits.memory`, or leave the request out.

Wrong:
    resources:
      requests: {memory: 8Gi}
      limits: {memory: 32Gi, nvidia.com/gpu: 1}

Right:
    resources:
      requests: {memory: 32Gi}
      limits: {memory: 32Gi, nvidia.com/gpu: 1}

Notes: Applies to containers with a GPU or a resource claim. A limit without a request is also the request.
    A missing limit is reported by `missing-memory-limit`. An equal request and limit for the whole pod
    (`spec.resources`, 1.34) is enough.

Source: Kubernetes documentation v1.34, "Node-pressure Eviction",
    https://kubernetes.io/docs/concepts/scheduling-eviction/node-pressure-eviction/#pod-selection-for-kubelet-eviction
"""

from __future__ import annotations

from collections.abc import Iterator

from kustodian.kubernetes.accelerators import claims_accelerator, container_accelerators
from kustodian.kubernetes.pod_resources import container_limit, container_request, pod_level
from kustodian.kubernetes.pods.template import PodTemplate
from kustodian.model.json_value import dig, mappings
from kustodian.model.measure import Amount
from kustodian.model.violation import Violation
from kustodian.policy.rule import Context, PodRule, Worse


def check(pod: PodTemplate, context: Context) -> Iterator[Violation]:
    """One violation for each GPU container whose memory is not reserved up to its limit."""
    whole = pod_level(pod, "limits", "memory", context.version)
    if whole is not None and whole == pod_level(pod, "requests", "memory", context.version):
        return
    by_claim = claims_accelerator(pod)
    for container in pod.containers:
        claims = by_claim and mappings(dig(container.data, ("resources", "claims")))
        if not (container_accelerators(container) or claims):
            continue
        limit, request = container_limit(container, "memory"), container_request(container, "memory")
        if limit is not None and request is not None and request < limit:
            yield Violation(
                (*container.path, "resources", "requests", "memory"),
                f"{container} has a GPU, but only {container.requests['memory']} of its "
                f"{container.limits['memory']} of memory is reserved",
                measure=Amount(1 - request / limit, f"{float(request / limit):.0%} reserved"),
            )


RULE = PodRule(
    id="gpu-memory-not-guaranteed",
    topic="gpu",
    severity="-/W/W",
    check=check,
    doc=__doc__,
    worse=Worse.BY_MEASURE,
    tags=("ml", "reliability"),
)
