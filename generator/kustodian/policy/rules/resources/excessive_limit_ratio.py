"""Limit is many times the request.

Why: The scheduler places pods by their requests; when several of them use what their limits allow, the node
    runs out of resources and kills or throttles them.

Fix: Raise the request to what the container really uses, or lower the limit.

Wrong:
    resources:
      requests: {memory: 256Mi}
      limits: {memory: 16Gi}

Right:
    resources:
      requests: {memory: 12Gi}
      limits: {memory: 16Gi}

Options:
    cpuRatio: how many times the CPU request the limit may be; higher because CPU is only throttled.
    memoryRatio: the same for memory, which cannot be taken back from a container.

Notes: A limit without a request has ratio 1, because the API server copies the limit.

Source: Kubernetes documentation v1.34, "Limit Ranges" (maxLimitRequestRatio),
    https://kubernetes.io/docs/concepts/policy/limit-range/; "Node-pressure Eviction",
    https://kubernetes.io/docs/concepts/scheduling-eviction/node-pressure-eviction/
"""

from __future__ import annotations

from collections.abc import Iterator

from kustodian.kubernetes.pods.template import PodTemplate
from kustodian.kubernetes.syntax.quantity import parse_quantity
from kustodian.model.measure import Amount
from kustodian.model.violation import Violation
from kustodian.policy.rule import Context, Option, PodRule, Worse


def check(pod: PodTemplate, context: Context) -> Iterator[Violation]:
    """One violation for each CPU or memory limit of a container that is too far above its request."""
    allowed = {"cpu": context.options["cpuRatio"], "memory": context.options["memoryRatio"]}
    for container in pod.containers:
        for resource, max_ratio in allowed.items():
            request = parse_quantity(container.requests.get(resource))
            limit = parse_quantity(container.limits.get(resource))
            if request is None or limit is None or request <= 0 or limit <= request * max_ratio:
                continue
            path = (*container.path, "resources", "limits", resource)
            times = float(limit / request)
            written = container.requests[resource]
            yield Violation(
                path,
                f"{container} limits {resource} to {container.limits[resource]}, {times:.3g} times its "
                f"request of {written} (at most {max_ratio} times)",
                measure=Amount(limit / request, f"{times:.3g} times the request"),
            )


RULE = PodRule(
    id="excessive-limit-ratio",
    topic="resources",
    severity="-/W/W",
    check=check,
    doc=__doc__,
    worse=Worse.BY_MEASURE,
    tags=("reliability", "cost"),
    options={
        "cpuRatio": Option(10, "largest CPU limit, in times the request"),
        "memoryRatio": Option(4, "largest memory limit, in times the request"),
    },
)
