"""GPU pod does not say which GPU nodes it wants.

Why: Any node with a free GPU qualifies, so a model that needs 80 GB lands on a 16 GB card, or a cheap job
    on the most expensive node.

Fix: Add a `nodeSelector` with a label of your platform: nvidia.com/gpu.product,
    cloud.google.com/gke-accelerator, karpenter.k8s.aws/instance-gpu-name, kubernetes.azure.com/accelerator.

Wrong:
    resources: {limits: {nvidia.com/gpu: 1}}

Right:
    nodeSelector: {nvidia.com/gpu.product: NVIDIA-A100-SXM4-80GB}
    resources: {limits: {nvidia.com/gpu: 1}}

Notes: A nodeSelector or a required node affinity (each of its terms) counts if its key is a hardware label
    of the vendor, or a node pool, instance type or label of your own. Operating system, architecture, zone
    and the labels of another vendor do not select a GPU. Not checked: pods whose devices come from claims
    (the claim selects the node), pods in a Kueue queue (its flavor selects it), pods with a nodeName, and
    ServingRuntimes.

Source: Kubernetes documentation v1.34, "Schedule GPUs",
    https://kubernetes.io/docs/tasks/manage-gpus/scheduling-gpus/#manage-clusters-with-different-types-of-gpus;
    NVIDIA GPU feature discovery labels, https://github.com/NVIDIA/k8s-device-plugin#catalog-of-labels
"""

from __future__ import annotations

from collections.abc import Iterator

from kustodian.kubernetes.accelerators import (
    VENDORS,
    placed_by_others,
    pod_accelerators,
    selects_nodes,
    vendor_of,
)
from kustodian.kubernetes.pods.template import PodTemplate
from kustodian.model.violation import Violation
from kustodian.policy.rule import Context, PodRule, Worse


def check(pod: PodTemplate, context: Context) -> Iterator[Violation]:
    """One violation for a pod with an accelerator that does not select its nodes."""
    resources = pod_accelerators(pod)
    if (
        not resources
        or pod.owner.kind in ("ServingRuntime", "ClusterServingRuntime")
        or placed_by_others(pod)
    ):
        return
    vendors = [v for v in VENDORS if v in {vendor_of(r) for r in resources}]
    if not selects_nodes(pod, vendors):
        message = f"the pod asks for {', '.join(resources)} and takes any node that has one"
        yield Violation(pod.path_of("nodeSelector"), message)


RULE = PodRule(
    id="gpu-without-node-selector",
    topic="gpu",
    severity="E/E/E",
    check=check,
    doc=__doc__,
    worse=Worse.NEVER,
    tags=("ml", "cost"),
)
