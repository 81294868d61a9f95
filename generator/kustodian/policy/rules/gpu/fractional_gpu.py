"""Container asks for a fraction of a GPU.

Why: Extended resources are whole numbers; the API server rejects the pod and no replica is ever created.

Fix: Ask for 1, or for a slice that the nodes offer: a MIG profile (`nvidia.com/mig-1g.10gb: 1`) or a
    time-sliced GPU.

Wrong:
    resources:
      limits: {nvidia.com/gpu: 0.5}

Right:
    resources:
      limits: {nvidia.com/mig-3g.40gb: 1}

Notes: `500m` is a half too; `2000m` is a whole number and passes.

Source: Kubernetes documentation v1.34, "Resource Management for Pods and Containers",
    https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/#consuming-extended-resources
"""

from __future__ import annotations

from collections.abc import Iterator

from kustodian.kubernetes.accelerators import is_accelerator
from kustodian.kubernetes.pods.template import PodTemplate
from kustodian.kubernetes.syntax.quantity import parse_quantity
from kustodian.model.violation import Violation
from kustodian.policy.rule import Context, PodRule, Worse


def check(pod: PodTemplate, context: Context) -> Iterator[Violation]:
    """One violation for each accelerator whose amount is not a whole number."""
    for container in pod.containers:
        reported: set[str] = set()
        for side, amounts in (("limits", container.limits), ("requests", container.requests)):
            for resource, written in amounts.items():
                amount = parse_quantity(written) if is_accelerator(resource) else None
                if amount is None or amount.denominator == 1 or resource in reported:
                    continue
                reported.add(resource)
                path = (*container.path, "resources", side, resource)
                yield Violation(
                    path, f"{container} asks for {written} of {resource}, which comes in whole numbers"
                )


RULE = PodRule(
    id="fractional-gpu",
    topic="gpu",
    severity="E/E/E",
    check=check,
    doc=__doc__,
    worse=Worse.NEVER,
    tags=("ml", "reliability"),
)
