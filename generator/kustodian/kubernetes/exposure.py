"""How a Service is reached from outside the cluster."""

from __future__ import annotations

from kustodian.kubernetes.network_policy import everywhere_in
from kustodian.model.json_value import mappings, sequence, text
from kustodian.model.manifest import Manifest

#: Annotations, and their values, that keep a load balancer on the private network.
INTERNAL: dict[str, tuple[str, ...]] = {
    "service.beta.kubernetes.io/aws-load-balancer-internal": ("true", "0.0.0.0/0"),
    "service.beta.kubernetes.io/aws-load-balancer-scheme": ("internal",),
    "networking.gke.io/load-balancer-type": ("internal",),
    "cloud.google.com/load-balancer-type": ("internal",),
    "service.beta.kubernetes.io/azure-load-balancer-internal": ("true",),
    "service.beta.kubernetes.io/openstack-internal-load-balancer": ("true",),
    "service.beta.kubernetes.io/oci-load-balancer-internal": ("true",),
    "service.kubernetes.io/ibm-load-balancer-cloud-provider-ip-type": ("private",),
    "service.beta.kubernetes.io/alibaba-cloud-loadbalancer-address-type": ("intranet",),
}
RANGES = "service.beta.kubernetes.io/load-balancer-source-ranges"


def is_internal(manifest: Manifest) -> bool:
    """Whether an annotation gives a LoadBalancer Service a private address only."""
    return any(manifest.annotations.get(key, "").lower() in values for key, values in INTERNAL.items())


def source_ranges(manifest: Manifest) -> list[str]:
    """The client address blocks (CIDR) that a LoadBalancer Service accepts; empty if it accepts any client.

    The annotation counts only without `loadBalancerSourceRanges`. Source:
    k8s.io/cloud-provider/service/helpers `GetLoadBalancerSourceRanges`.
    """
    ranges = [text(block) for block in sequence(manifest.spec.get("loadBalancerSourceRanges"))]
    if not ranges and RANGES in manifest.annotations:
        ranges = [block.strip() for block in manifest.annotations[RANGES].split(",")]
    return [] if everywhere_in(ranges) else [block for block in ranges if block]


def exposure(manifest: Manifest) -> str:
    """How a Service's type exposes it outside the cluster, as a phrase; empty if it does not."""
    kind = manifest.spec.get("type")
    if kind == "NodePort":
        return "type NodePort opens a port on every node"
    if kind == "LoadBalancer" and not is_internal(manifest) and not source_ranges(manifest):
        return "type LoadBalancer accepts clients from any address"
    return ""


def port_list(service: Manifest) -> list[str]:
    """The ports of a Service as `443/TCP`, in the order of the manifest."""
    entries = (entry for _, entry in mappings(service.spec.get("ports")))
    return [f"{entry.get('port')}/{text(entry.get('protocol'), 'TCP')}" for entry in entries]
