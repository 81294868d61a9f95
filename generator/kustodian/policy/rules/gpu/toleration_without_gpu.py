"""Pod tolerates the taint of GPU nodes but asks for no GPU.

Why: The pod may land on a GPU node and take the CPU and memory that the next GPU pod needs there: an
    expensive node stands idle.

Fix: Remove the toleration, or ask for the GPU in `resources.limits` (or through a resource claim).

Wrong:
    tolerations: [{key: nvidia.com/gpu, operator: Exists}]
    # no container asks for nvidia.com/gpu

Right:
    tolerations: []

Notes: A toleration of every taint (no key) does not count. DaemonSets are not checked, because device
    plugins, exporters and log agents belong on GPU nodes, and neither are pods that a controller completes
    (KServe takes the GPU from the runtime). A GPU limit of 0 does not count as a GPU.

Source: Kubernetes documentation v1.34, "Taints and Tolerations",
    https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/#example-use-cases
"""

from __future__ import annotations

from collections.abc import Iterator

from kustodian.kubernetes.accelerators import accelerator_tolerations, pod_accelerators, uses_claims
from kustodian.kubernetes.pods.template import PodTemplate
from kustodian.model.measure import Exactly
from kustodian.model.violation import Violation
from kustodian.policy.rule import Context, PodRule, Worse


def check(pod: PodTemplate, context: Context) -> Iterator[Violation]:
    """One violation for the first toleration of GPU nodes in a pod without a GPU."""
    if pod.owner.kind == "DaemonSet" or pod.partial or pod_accelerators(pod) or uses_claims(pod):
        return
    for index, key in accelerator_tolerations(pod):
        message = f"the pod tolerates {key} nodes but asks for no GPU"
        yield Violation(pod.path_of("tolerations", index), message, measure=Exactly(key))
        return


RULE = PodRule(
    id="toleration-without-gpu",
    topic="gpu",
    severity="W/E/E",
    check=check,
    doc=__doc__,
    worse=Worse.BY_MEASURE,
    tags=("ml", "cost"),
)
