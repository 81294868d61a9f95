"""Fake nodes and volumes, as the platforms of the template have them. kwok plays the kubelet.

One pool for each accelerator on each platform, with what its vendor documents:

GFD     https://github.com/NVIDIA/k8s-device-plugin/blob/main/docs/gpu-feature-discovery/README.md#generated-labels
MIG     https://docs.nvidia.com/datacenter/cloud-native/gpu-operator/latest/gpu-operator-mig.html
SHARING https://docs.nvidia.com/datacenter/cloud-native/gpu-operator/latest/gpu-sharing.html
GKE     https://cloud.google.com/kubernetes-engine/docs/how-to/gpus and /gpus-multi, /timesharing-gpus
KARPENTER https://karpenter.sh/docs/concepts/scheduling/#well-known-labels
AKS     https://learn.microsoft.com/azure/aks/use-nvidia-gpu, /gpu-multi-instance, /use-amd-gpus, /use-labels
AMD     https://instinct.docs.amd.com/projects/gpu-operator/en/latest/
DRA     https://github.com/kubernetes-sigs/dra-driver-nvidia-gpu/tree/main/deployments/helm/dra-driver-nvidia-gpu
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.acceptance.cluster import Cluster

GPU = "nvidia.com/gpu"
MIG_SLICE = "nvidia.com/mig-1g.10gb"
AMD_GPU = "amd.com/gpu"
#: The class of devices that NVIDIA's DRA driver brings.
DEVICE_CLASS = "gpu.nvidia.com"
#: A pool whose GPUs are found through ResourceSlices offers no resource of that kind.
CLAIMED = ""


@dataclass(frozen=True)
class Pool:
    """What the nodes of one GPU pool carry, and under which resource their GPUs are asked for."""

    accelerator: str
    platform: str
    resource: str
    labels: Mapping[str, str]
    taint: dict[str, str]
    #: Another pool that is as good: the vendor's operator labels both alike, and nothing else is asked of a node.
    twin: str = ""


def _taint(key: str, value: str) -> dict[str, str]:
    return {"key": key, "value": value, "effect": "NoSchedule"}


# The GPU operator's documentation proposes the first, GKE sets it by itself (GKE); NodePools of Karpenter are tainted
# by whoever writes them (KARPENTER), pools of AKS as its documentation does it (AKS).
_TAINTS = {
    "generic": _taint(GPU, "present"),
    "gke": _taint(GPU, "present"),
    "eks-karpenter": _taint(GPU, "true"),
    "aks": _taint("sku", "gpu"),
}
# Labels of the cloud, before anybody installs an operator: GKE, KARPENTER, AKS.
_CLOUD = {
    "generic": {},
    "gke": {"cloud.google.com/gke-accelerator": "nvidia-l4"},
    "eks-karpenter": {
        "karpenter.k8s.aws/instance-gpu-manufacturer": "nvidia",
        "karpenter.k8s.aws/instance-gpu-name": "l4",
    },
    "aks": {"kubernetes.azure.com/accelerator": "nvidia"},
}
# GFD, for GPUs that nobody shares or cuts. `mig.strategy` is the operator's setting: it stands on every node.
_WHOLE = {
    "nvidia.com/gpu.present": "true", "nvidia.com/gpu.product": "NVIDIA-L4", "nvidia.com/gpu.replicas": "1",
    "nvidia.com/gpu.sharing-strategy": "none", "nvidia.com/mig.strategy": "single",
}  # fmt: skip
# SHARING.
_SHARED = {
    **_WHOLE, "nvidia.com/gpu.product": "NVIDIA-L4-SHARED", "nvidia.com/gpu.replicas": "4",
    "nvidia.com/gpu.sharing-strategy": "time-slicing",
}  # fmt: skip
# MIG and GFD: each size of slice has a name of its own.
_MIG_MIXED = {
    **_WHOLE, "nvidia.com/gpu.product": "NVIDIA-H100-80GB-HBM3", "nvidia.com/mig.config": "all-1g.10gb",
    "nvidia.com/mig.strategy": "mixed", "nvidia.com/mig-1g.10gb.count": "56",
}  # fmt: skip
# MIG and GFD: a slice is called a GPU, and only then the labels of a GPU say how many slices of the chip it has.
_MIG_SINGLE = {
    **_WHOLE, "nvidia.com/gpu.product": "NVIDIA-H100-80GB-HBM3-MIG-1g.10gb", "nvidia.com/mig.config": "all-1g.10gb",
    "nvidia.com/gpu.slices.gi": "1", "nvidia.com/gpu.slices.ci": "1",
}  # fmt: skip
_OPERATED = ("generic", "eks-karpenter", "aks")


def _on(platform: str, accelerator: str, resource: str, *more: Mapping[str, str], twin: str = "") -> Pool:
    labels = dict(_CLOUD[platform])
    for part in more:
        labels |= part
    return Pool(accelerator, platform, resource, labels, _TAINTS[platform], twin)


def _gke(accelerator: str, **labels: str) -> Pool:
    """GKE runs no operator: its labels say how a pool's GPUs are cut or shared, and each part is called a GPU."""
    return _on("gke", accelerator, GPU, {f"cloud.google.com/{key}": value for key, value in labels.items()})


_AMD_FOUND = {"feature.node.kubernetes.io/amd-gpu": "true"}
_ALL = (
    # --- whole GPUs. EKS and AKS need the device plugin alone for them.
    _on("generic", "nvidia", GPU, _WHOLE),
    _gke("nvidia"),
    _on("eks-karpenter", "nvidia", GPU),
    _on("aks", "nvidia", GPU),
    # --- slices
    _on("generic", "nvidia-mig", MIG_SLICE, _MIG_MIXED, twin="nvidia-mig-eks-karpenter"),
    _on("eks-karpenter", "nvidia-mig", MIG_SLICE, _MIG_MIXED, {"karpenter.k8s.aws/instance-gpu-name": "h100"}),
    _on("aks", "nvidia-mig", MIG_SLICE, _MIG_MIXED),
    _gke("nvidia-mig", **{"gke-accelerator": "nvidia-tesla-a100", "gke-gpu-partition-size": "1g.5gb"}),
    # --- turns
    _on("generic", "nvidia-time-slicing", GPU, _SHARED, twin="nvidia-time-slicing-eks-karpenter"),
    *(_on(name, "nvidia-time-slicing", GPU, _SHARED) for name in ("eks-karpenter", "aks")),
    _gke("nvidia-time-slicing", **{"gke-gpu-sharing-strategy": "time-sharing", "gke-max-shared-clients-per-gpu": "4"}),
    # --- devices that are claimed. The driver runs where NFD or the GPU operator saw a GPU (DRA).
    _on("generic", "nvidia-dra", CLAIMED, {"nvidia.com/gpu.present": "true"}),
    *(_on(name, "nvidia-dra", CLAIMED) for name in ("gke", "eks-karpenter", "aks")),
    # --- AMD's operator lets NFD label the nodes (AMD); EC2 has AMD GPUs that it does not know, Karpenter does.
    Pool("amd", "generic", AMD_GPU, _AMD_FOUND, _taint(AMD_GPU, "present")),
    Pool("amd", "eks-karpenter", AMD_GPU, {
        "karpenter.k8s.aws/instance-gpu-manufacturer": "amd",
        "karpenter.k8s.aws/instance-gpu-name": "radeon-pro-v520",
    }, _taint(AMD_GPU, "true")),
    Pool("amd", "aks", AMD_GPU, _AMD_FOUND, _TAINTS["aks"], twin="amd-generic"),
)  # fmt: skip

#: `accelerator-platform` -> the pool that a repository with these answers is meant for.
POOLS: Mapping[str, Pool] = {f"{pool.accelerator}-{pool.platform}": pool for pool in _ALL}

#: Pools that no answer asks for, beside the others in a cluster: what they offer has the name of something else.
FOREIGN_POOLS: Mapping[str, Pool] = {
    **{
        f"mps-{name}": _on(name, "mps", GPU, _SHARED, {"nvidia.com/gpu.sharing-strategy": "mps"})
        for name in _OPERATED
    },
    "mps-gke": _gke("mps", **{"gke-gpu-sharing-strategy": "mps", "gke-max-shared-clients-per-gpu": "4"}),
    **{f"mig-single-{name}": _on(name, "mig-single", GPU, _MIG_SINGLE) for name in _OPERATED},
    # No GPU of the name nvidia-l4 can be cut, but the label has that value by default.
    "mig-single-gke": _gke("mig-single", **{"gke-gpu-partition-size": "1g.5gb"}),
    # Slices of several sizes, for somebody who needs those (MIG: all-balanced).
    "mig-balanced": _on(
        "generic", "mig-balanced", MIG_SLICE, _MIG_MIXED, {"nvidia.com/mig.config": "all-balanced"}
    ),
}


def pool_of(name: str) -> Pool:
    """The pool of a key of POOLS or FOREIGN_POOLS; a platform alone stands for its whole NVIDIA GPUs."""
    return POOLS.get(name) or FOREIGN_POOLS.get(name) or POOLS[f"nvidia-{name}"]


def add_node(
    cluster: Cluster, name: str, *, gpus: int = 0, platform: str | None = None, zone: str = "zone-a",
    labels: Mapping[str, str] | None = None,
) -> None:  # fmt: skip
    """A ready node of 64 CPUs and 256 Gi; with `platform` (see `pool_of`), one of that pool."""
    _create(cluster, name, pool_of(platform) if platform else None, gpus, zone, labels or {})
    _wait_ready(cluster, [name])


def add_pools(
    cluster: Cluster, zones: Sequence[str], gpus: int, pools: Iterable[str] = POOLS
) -> dict[str, str]:
    """A node of each pool in each zone; the pool of each by its name, `POOL-0`, `POOL-1`."""
    made = {}
    for key in pools:
        for number, zone in enumerate(zones):
            _create(cluster, f"{key}-{number}", pool_of(key), gpus, zone, {})
            made[f"{key}-{number}"] = key
    _wait_ready(cluster, made)
    return made


def _create(
    cluster: Cluster, name: str, pool: Pool | None, gpus: int, zone: str, more: Mapping[str, str]
) -> None:
    amounts = {"cpu": "64", "memory": "256Gi", "ephemeral-storage": "500Gi", "pods": "110"}
    if pool and pool.resource and gpus:
        amounts[pool.resource] = str(gpus)
    labels = {
        "kubernetes.io/hostname": name, "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64",
        "topology.kubernetes.io/zone": zone, **(pool.labels if pool else {}), **more,
    }  # fmt: skip
    node: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": labels, "annotations": {"kwok.x-k8s.io/node": "fake"}},
        "spec": {"taints": [pool.taint] if pool else []},
        "status": {"capacity": amounts, "allocatable": amounts},
    }
    answer = cluster.create(node)
    assert answer.ok, answer.message
    if pool and pool.resource == CLAIMED and gpus:
        _publish(cluster, name, gpus)


def _publish(cluster: Cluster, node: str, gpus: int) -> None:
    """What NVIDIA's DRA driver says of a node's GPUs: its class of devices, and a slice with each of them."""
    expression = f"device.driver == '{DEVICE_CLASS}' && device.attributes['{DEVICE_CLASS}'].type == 'gpu'"
    answer = cluster.apply({
        "apiVersion": "resource.k8s.io/v1", "kind": "DeviceClass", "metadata": {"name": DEVICE_CLASS},
        "spec": {"selectors": [{"cel": {"expression": expression}}]},
    })  # fmt: skip
    assert answer.ok, answer.message
    devices = [
        {
            "name": f"gpu-{number}",
            "attributes": {
                "type": {"string": "gpu"}, "uuid": {"string": f"GPU-{node}-{number}"},
                "productName": {"string": "NVIDIA L4"}, "architecture": {"string": "Ada Lovelace"},
            },
            "capacity": {"memory": {"value": "23034Mi"}},
        }
        for number in range(gpus)
    ]  # fmt: skip
    answer = cluster.create({
        "apiVersion": "resource.k8s.io/v1", "kind": "ResourceSlice", "metadata": {"name": f"{node}-{DEVICE_CLASS}"},
        "spec": {
            "driver": DEVICE_CLASS, "nodeName": node, "devices": devices,
            "pool": {"name": node, "generation": 1, "resourceSliceCount": 1},
        },
    })  # fmt: skip
    assert answer.ok, answer.message


def remove_node(cluster: Cluster, name: str) -> None:
    """Take a node and its devices away, as a cluster's autoscaler does with a node that it has drained."""
    for kind, version, item in (
        ("Node", "v1", name),
        ("ResourceSlice", "resource.k8s.io/v1", f"{name}-{DEVICE_CLASS}"),
    ):
        data = {"apiVersion": version, "kind": kind, "metadata": {"name": item}}
        answer = cluster.delete(data)
        assert answer.ok or answer.status == 404, answer.message


def _wait_ready(cluster: Cluster, names: Iterable[str]) -> None:
    waiting = set(names)

    def ready() -> bool:
        found = {node["metadata"]["name"] for node in cluster.items("v1", "Node") if _is_ready(node)}
        return waiting <= found

    cluster.wait(f"nodes {', '.join(sorted(waiting))}", ready, 60)


def _is_ready(node: dict[str, Any]) -> bool:
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
