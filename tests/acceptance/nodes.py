"""Fake nodes and volumes, as the platforms of the template have them. kwok plays the kubelet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.acceptance.cluster import Cluster

GPU = "nvidia.com/gpu"


@dataclass(frozen=True)
class Pool:
    """What a platform puts on the nodes of its NVIDIA GPU pools."""

    labels: Mapping[str, str]
    taints: tuple[dict[str, str], ...]


def _taint(key: str, value: str) -> dict[str, str]:
    return {"key": key, "value": value, "effect": "NoSchedule"}


#: `platform` of the answers -> its GPU nodes, after each vendor's documentation.
POOLS = {
    # The GPU operator labels; the taint is what its documentation proposes.
    "generic": Pool({"nvidia.com/gpu.present": "true"}, (_taint(GPU, "present"),)),
    "gke": Pool({"cloud.google.com/gke-accelerator": "nvidia-l4"}, (_taint(GPU, "present"),)),
    "eks-karpenter": Pool({"karpenter.k8s.aws/instance-gpu-name": "l4"}, (_taint(GPU, "true"),)),
    "aks": Pool({"kubernetes.azure.com/accelerator": "nvidia"}, (_taint("sku", "gpu"),)),
}


def add_node(
    cluster: Cluster, name: str, *, gpus: int = 0, platform: str | None = None, zone: str = "zone-a"
) -> None:
    """A ready node of 64 CPUs and 256 Gi; with `platform`, one of its GPU pool."""
    pool = POOLS[platform] if platform else Pool({}, ())
    amounts = {"cpu": "64", "memory": "256Gi", "ephemeral-storage": "500Gi", "pods": "110"}
    if gpus:
        amounts[GPU] = str(gpus)
    labels = {
        "kubernetes.io/hostname": name, "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64",
        "topology.kubernetes.io/zone": zone, **pool.labels,
    }  # fmt: skip
    node: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": labels, "annotations": {"kwok.x-k8s.io/node": "fake"}},
        "spec": {"taints": list(pool.taints)},
        "status": {"capacity": amounts, "allocatable": amounts},
    }
    answer = cluster.create(node)
    assert answer.ok, answer.message
    cluster.wait(f"node {name}", lambda: _is_ready(cluster, name), 30)


def _is_ready(cluster: Cluster, name: str) -> bool:
    node = cluster.read("v1", "Node", name) or {}
    ready = any(
        condition["type"] == "Ready" and condition["status"] == "True"
        for condition in node.get("status", {}).get("conditions", [])
    )
    # The node controller takes the taint off a moment after the node is ready.
    return ready and not any("not-ready" in taint["key"] for taint in node["spec"].get("taints", []))


def cordon(cluster: Cluster, name: str, *, on: bool = True) -> None:
    """What `kubectl cordon` and `uncordon` do."""
    node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}}
    answer = cluster.merge(node, {"spec": {"unschedulable": on or None}})
    assert answer.ok, answer.message


def add_volumes(cluster: Cluster, objects: list[dict[str, Any]]) -> None:
    """One volume for each claim among the objects, as an administrator or a provisioner would make it."""
    for claim in objects:
        if claim["kind"] != "PersistentVolumeClaim":
            continue
        spec = claim["spec"]
        volume = {
            "apiVersion": "v1", "kind": "PersistentVolume",
            "metadata": {"name": f"{claim['metadata']['namespace']}-{claim['metadata']['name']}"},
            "spec": {
                "capacity": {"storage": spec["resources"]["requests"]["storage"]},
                "accessModes": spec["accessModes"], "storageClassName": spec.get("storageClassName", ""),
                "hostPath": {"path": "/nowhere"},
                "claimRef": {"namespace": claim["metadata"]["namespace"], "name": claim["metadata"]["name"]},
            },
        }  # fmt: skip
        answer = cluster.create(volume)
        assert answer.ok or answer.status == 409, answer.message
