"""Container's GPU request and limit differ.

Why: For extended resources the two must be equal; the API server rejects the pod and no replica is ever
    created.

Fix: Keep the GPU only under `resources.limits`, or write the same number under `resources.requests`.

Wrong:
    resources:
      requests: {nvidia.com/gpu: 1}
      limits: {nvidia.com/gpu: 2}

Right:
    resources:
      limits: {nvidia.com/gpu: 2}

Source: Kubernetes documentation v1.34, "Schedule GPUs",
    https://kubernetes.io/docs/tasks/manage-gpus/scheduling-gpus/#using-device-plugins
"""

from __future__ import annotations

from collections.abc import Iterator

from kustodian.kubernetes.accelerators import is_accelerator
from kustodian.kubernetes.pods.template import PodTemplate
from kustodian.kubernetes.syntax.quantity import parse_quantity
from kustodian.model.violation import Violation
from kustodian.policy.rule import Context, PodRule, Worse


def check(pod: PodTemplate, context: Context) -> Iterator[Violation]:
    """One violation for each accelerator whose request differs from its limit."""
    for container in pod.containers:
        for resource, amount in container.requests.items():
            if not is_accelerator(resource) or resource not in container.limits:
                continue
            limit = container.limits[resource]
            if parse_quantity(amount) != parse_quantity(limit):
                path = (*container.path, "resources", "requests", resource)
                yield Violation(path, f"{container} requests {amount} {resource}, but its limit is {limit}")


RULE = PodRule(
    id="gpu-request-differs",
    topic="gpu",
    severity="E/E/E",
    check=check,
    doc=__doc__,
    worse=Worse.NEVER,
    tags=("ml", "reliability"),
)
