"""Development environment asks for a GPU.

Why: A GPU node costs as much as the rest of a development environment, day and night.

Fix: Run the CPU build there, or set a `gpuBudget` for the environment in kustodian.yaml, which then
    decides.

Wrong:
    # overlays/dev
    resources: {limits: {nvidia.com/gpu: 1}}

Right:
    # overlays/dev
    resources: {limits: {cpu: "2", memory: 4Gi}}

Notes: Active only in environments of class dev. With a GPU budget of one or more the environment allows
    GPUs, and `gpu-budget-exceeded` checks the number.

Source: Kubernetes documentation v1.34, "Schedule GPUs",
    https://kubernetes.io/docs/tasks/manage-gpus/scheduling-gpus/
"""

from __future__ import annotations

from collections.abc import Iterator

from kustodian.kubernetes.accelerators import accelerator_path, claims_accelerator, pod_accelerators
from kustodian.kubernetes.pod_resources import pod_amount
from kustodian.kubernetes.pods.template import PodTemplate
from kustodian.model.json_value import mappings
from kustodian.model.measure import Amount, several
from kustodian.model.violation import Violation
from kustodian.policy.rule import Context, PodRule, Worse


def check(pod: PodTemplate, context: Context) -> Iterator[Violation]:
    """One violation for each pod template with an accelerator, unless the environment has a budget."""
    if context.environment.gpu_budget:
        return
    path = accelerator_path(pod)
    if path is not None:
        resources = pod_accelerators(pod)
        amounts = {name: Amount(pod_amount(pod, "requests", name, (1, 0))) for name in resources}
        message = f"{pod.owner.ref} asks for {', '.join(resources)}"
        yield Violation(path, message, measure=several(**amounts))
    elif claims_accelerator(pod):
        message = f"{pod.owner.ref} asks for a GPU through a claim"
        measure = Amount(len(mappings(pod.spec.get("resourceClaims"))))
        yield Violation(pod.path_of("resourceClaims"), message, measure=measure)


RULE = PodRule(
    id="gpu-in-dev",
    topic="gpu",
    severity="W/-/-",
    check=check,
    doc=__doc__,
    worse=Worse.BY_MEASURE,
    tags=("ml", "cost"),
)
