"""MIG slice is requested under a name that its nodes do not offer.

Why: No node has the resource, so the pod stays Pending; the name depends on the MIG strategy of the nodes.

Fix: Request `nvidia.com/gpu` on nodes with strategy single (and on GKE), and `nvidia.com/mig-<profile>`
    with strategy mixed.

Wrong:
    nodeSelector: {nvidia.com/mig.strategy: single}
    resources: {limits: {nvidia.com/mig-1g.10gb: 1}}

Right:
    nodeSelector: {nvidia.com/mig.strategy: single}
    resources: {limits: {nvidia.com/gpu: 1}}

Notes: The strategy is read from the pod's node selector or required affinity (nvidia.com/mig.strategy; a
    nvidia.com/gpu.product with -MIG- exists only with strategy single;
    cloud.google.com/gke-gpu-partition-size, where GKE offers slices as nvidia.com/gpu), otherwise from a
    ClusterPolicy of the GPU operator in the same overlay. With strategy mixed, nvidia.com/gpu is reported
    on nodes where every GPU is partitioned (mig.config all-<profile>), and so is any profile other than
    theirs. A name that is not a MIG profile, like mig-1g10gb, is reported too.

Source: NVIDIA GPU Operator, "GPU Operator with MIG",
    https://docs.nvidia.com/datacenter/cloud-native/gpu-operator/latest/gpu-operator-mig.html;
    k8s-device-plugin, "MIG strategy", https://github.com/NVIDIA/k8s-device-plugin#mig_strategy; Google
    Kubernetes Engine, "Run multi-instance GPUs",
    https://cloud.google.com/kubernetes-engine/docs/how-to/gpus-multi
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from kustodian.kubernetes.accelerators import (
    MIG_PREFIX,
    container_accelerators,
    is_mig_resource,
    mig_profile,
    required_node_labels,
)
from kustodian.kubernetes.object_set import ObjectSet
from kustodian.kubernetes.pods.template import PodTemplate
from kustodian.model.json_value import dig, string_map, text
from kustodian.model.violation import Violation
from kustodian.policy.rule import Context, SetRule, Worse

_PARTITION = "cloud.google.com/gke-gpu-partition-size"
_UNIFORM = re.compile(r"all-\d+g\.\d+gb")


def check(objects: ObjectSet, context: Context) -> Iterator[Violation]:
    """One violation for each MIG or GPU resource that the nodes of the pod do not offer."""
    policies = objects.of("nvidia.com", "ClusterPolicy")
    operator_strategy = text(dig(policies[0].spec, ("mig", "strategy"))) if policies else ""
    for pod in objects.pods:
        for container in pod.containers:
            for resource in container_accelerators(container):
                problem = _problem(resource, pod, operator_strategy)
                if problem is not None:
                    side = "limits" if resource in container.limits else "requests"
                    path = (*container.path, "resources", side, resource)
                    yield Violation(path, f"{container} asks for {resource}, but {problem}", pod.owner)


def _problem(resource: str, pod: PodTemplate, operator_strategy: str) -> str | None:
    is_mig = resource.startswith(MIG_PREFIX)
    if not is_mig and resource != "nvidia.com/gpu":
        return None
    labels = {**required_node_labels(pod), **string_map(pod.spec.get("nodeSelector"))}
    strategy = labels.get("nvidia.com/mig.strategy") or operator_strategy
    product, config = labels.get("nvidia.com/gpu.product", ""), labels.get("nvidia.com/mig.config", "")
    if is_mig:
        if not is_mig_resource(resource):
            return "that is not a MIG profile such as nvidia.com/mig-1g.10gb"
        if _PARTITION in labels:
            return "GKE offers the slices of such nodes as nvidia.com/gpu"
        if "-MIG-" in product:
            return f"nodes with product {product} use strategy single and offer nvidia.com/gpu"
        if strategy == "single":
            return "nodes with MIG strategy single offer nvidia.com/gpu"
        if strategy == "none" or config == "all-disabled":
            return "the nodes have no MIG slices"
        if _UNIFORM.fullmatch(config) and mig_profile(config) != mig_profile(resource):
            return f"the nodes are partitioned as {config}"
    elif strategy == "mixed" and _UNIFORM.fullmatch(config):
        offered = f"nvidia.com/mig-{config.removeprefix('all-')}"
        return f"nodes partitioned as {config} offer {offered} with strategy mixed"
    return None


RULE = SetRule(
    id="mig-resource-mismatch",
    topic="gpu",
    severity="E/E/E",
    check=check,
    doc=__doc__,
    worse=Worse.NEVER,
    tags=("ml", "reliability"),
)
