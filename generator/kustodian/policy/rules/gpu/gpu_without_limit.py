"""Container requests a GPU without a limit for it.

Why: Extended resources cannot be overcommitted; the API server rejects the pod and no replica is ever
    created.

Fix: Move the GPU from `resources.requests` to `resources.limits`; the request then follows from the limit.

Wrong:
    resources:
      requests: {nvidia.com/gpu: 1}

Right:
    resources:
      limits: {nvidia.com/gpu: 1}

Notes: Covers GPUs and other accelerators of NVIDIA (including MIG slices), AMD (including partitions),
    Intel, AWS Neuron, Google TPU and Gaudi.

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
    """One violation for each accelerator that a container requests without a limit."""
    for container in pod.containers:
        for resource, amount in container.requests.items():
            if is_accelerator(resource) and resource not in container.limits and parse_quantity(amount) != 0:
                path = (*container.path, "resources", "requests", resource)
                yield Violation(path, f"{container} requests {amount} {resource} without a limit")


RULE = PodRule(
    id="gpu-without-limit",
    topic="gpu",
    severity="E/E/E",
    check=check,
    doc=__doc__,
    worse=Worse.NEVER,
    tags=("ml", "reliability"),
)
