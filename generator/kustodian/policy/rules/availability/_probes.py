"""Which containers owe probes, and how long a probe waits; shared by the probe rules."""

from __future__ import annotations

from kustodian.kubernetes.pods.template import Container, PodTemplate
from kustodian.model.json_value import JsonObject, integer, mappings

#: Controllers that put probes of their own on the pods: KubeRay on Ray's, the notebook controller serves one
#: person's session. KServe's and Spark's pods are `partial` anyway.
_CARED_FOR = frozenset({"RayCluster", "RayService", "Notebook", "PodTemplate"})


def servers(pod: PodTemplate) -> list[Container]:
    """The containers that serve for as long as their pod runs, and so owe probes.

    None in pods that run to completion or that a controller completes. A container without ports beside one
    that has ports is its helper (a log shipper, a tunnel). The workers of a LeaderWorkerSet serve nobody but
    their leader.
    """
    kind = pod.owner.kind
    if pod.batch or pod.partial or kind in _CARED_FOR:
        return []
    if kind == "Pod" and pod.spec.get("restartPolicy") in ("Never", "OnFailure"):
        return []
    has_leader = pod.owner.has("spec", "leaderWorkerTemplate", "leaderTemplate")
    if kind == "LeaderWorkerSet" and pod.path[-1] == "workerTemplate" and has_leader:
        return []
    with_ports = [c for c in pod.main_containers if mappings(c.data.get("ports"))]
    return with_ports or list(pod.main_containers)


def patience(probe: JsonObject) -> int:
    """Seconds of failing until the probe gives up: failureThreshold (3) times periodSeconds (10)."""
    return (integer(probe.get("failureThreshold"), 3) or 3) * (integer(probe.get("periodSeconds"), 10) or 10)
