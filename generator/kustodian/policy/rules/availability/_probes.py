"""Which containers need probes, and how long a failing probe waits; shared by the probe rules."""

from __future__ import annotations

from kustodian.kubernetes.pods.template import Container, PodTemplate
from kustodian.model.json_value import JsonObject, integer, mappings

#: Owners whose pods need no probes in the manifest: KubeRay adds its own, and a notebook serves one person.
#: The pods of KServe and Spark are already excluded as `partial`.
_WITHOUT_PROBES = frozenset({"RayCluster", "RayService", "Notebook", "PodTemplate"})


def servers(pod: PodTemplate) -> list[Container]:
    """The containers that serve for as long as their pod runs and therefore need probes.

    There are none in pods that run to completion or that a controller completes. A container without ports
    beside one with ports is a helper (a log shipper, a tunnel). The workers of a LeaderWorkerSet serve only
    their leader.
    """
    kind = pod.owner.kind
    if pod.batch or pod.partial or kind in _WITHOUT_PROBES:
        return []
    if kind == "Pod" and pod.spec.get("restartPolicy") in ("Never", "OnFailure"):
        return []
    has_leader = pod.owner.has("spec", "leaderWorkerTemplate", "leaderTemplate")
    if kind == "LeaderWorkerSet" and pod.path[-1] == "workerTemplate" and has_leader:
        return []
    with_ports = [c for c in pod.main_containers if mappings(c.data.get("ports"))]
    return with_ports or list(pod.main_containers)


def seconds_until_failure(probe: JsonObject) -> int:
    """Seconds of failures before the kubelet acts: failureThreshold (3) times periodSeconds (10)."""
    return (integer(probe.get("failureThreshold"), 3) or 3) * (integer(probe.get("periodSeconds"), 10) or 10)
