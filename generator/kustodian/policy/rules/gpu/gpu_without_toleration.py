"""GPU pod does not tolerate the taint of GPU nodes.

Why: GPU nodes are tainted so that other pods stay away; without a toleration this pod stays away too and
    remains Pending.

Fix: Add `tolerations: [{key: nvidia.com/gpu, operator: Exists, effect: NoSchedule}]` (AKS: key sku, value
    gpu) to the pod.

Wrong:
    resources: {limits: {nvidia.com/gpu: 1}}
    tolerations: []

Right:
    resources: {limits: {nvidia.com/gpu: 1}}
    tolerations: [{key: nvidia.com/gpu, operator: Exists, effect: NoSchedule}]

Notes: A toleration counts if it is for the vendor's own key (nvidia.com/*, amd.com/*, gpu.intel.com/*,
    aws.amazon.com/neuron, google.com/tpu, habana.ai/gaudi), for a key that platforms and teams use for any
    GPU (sku, dedicated, accelerator, a key or value with `gpu` in it), or for every taint. The value of the
    taint differs by platform, so `Exists` is the safe operator. A toleration of only PreferNoSchedule does
    not help against NoSchedule, and neither does one of another vendor's key. Not checked: pods that select
    GKE accelerator nodes (GKE adds the toleration), pods in a Kueue queue (its flavor adds it), pods with a
    nodeName, and ServingRuntimes. A pod with a claim (DRA) needs a toleration if the names of its claims
    refer to a GPU.

Source: Kubernetes documentation v1.34, "Taints and Tolerations",
    https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/#example-use-cases; Azure
    Kubernetes Service, "Use GPUs", https://learn.microsoft.com/azure/aks/gpu-cluster; Google Kubernetes
    Engine, "Run GPUs", https://cloud.google.com/kubernetes-engine/docs/how-to/gpus
"""

from __future__ import annotations

from collections.abc import Iterator

from kustodian.kubernetes.accelerators import (
    GKE_LABELS,
    VENDORS,
    claims_accelerator,
    node_label_keys,
    placed_by_others,
    pod_accelerators,
    tolerates,
    vendor_of,
)
from kustodian.kubernetes.pods.template import PodTemplate
from kustodian.model.violation import Violation
from kustodian.policy.rule import Context, PodRule, Worse


def check(pod: PodTemplate, context: Context) -> Iterator[Violation]:
    """One violation for a pod with an accelerator and no toleration for its nodes."""
    if pod.owner.kind in ("ServingRuntime", "ClusterServingRuntime") or placed_by_others(pod):
        return
    resources = pod_accelerators(pod)
    vendors = [v for v in VENDORS if v in {vendor_of(r) for r in resources}]
    if not vendors and claims_accelerator(pod):
        vendors, resources = list(VENDORS), ["a GPU through a claim"]
    if not vendors or tolerates(pod, vendors):
        return
    if any(GKE_LABELS.fullmatch(key) for key in node_label_keys(pod)):
        return
    message = f"the pod asks for {', '.join(resources)} but tolerates no taint of such nodes"
    yield Violation(pod.path_of("tolerations"), message)


RULE = PodRule(
    id="gpu-without-toleration",
    topic="gpu",
    severity="E/E/E",
    check=check,
    doc=__doc__,
    worse=Worse.NEVER,
    tags=("ml", "reliability"),
)
