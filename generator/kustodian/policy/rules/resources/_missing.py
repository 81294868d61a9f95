"""The check shared by the rules `missing-<resource>-<request|limit>`."""

from __future__ import annotations

from collections.abc import Iterator

from kustodian.kubernetes.pod_resources import Side, pod_level
from kustodian.kubernetes.pods.template import PodTemplate
from kustodian.kubernetes.syntax.quantity import parse_quantity
from kustodian.model.violation import Violation
from kustodian.policy.rule import Context


def missing(
    pod: PodTemplate, context: Context, side: Side, resource: str, *, or_limit: bool = False
) -> Iterator[Violation]:
    """One violation for each container without this request or limit; zero counts as missing.

    Pods that a controller completes (KServe, Spark) are skipped, as are ephemeral containers, which may not
    have resources. A value for the whole pod counts for all its containers. With `or_limit`, a limit counts
    as the request, because the API server copies it.
    """
    if pod.partial or pod_level(pod, side, resource, context.version):
        return
    for container in pod.containers:
        if container.role == "ephemeral":
            continue
        written = (container.requests if side == "requests" else container.limits).get(resource)
        if written is None and or_limit:
            written = container.limits.get(resource)
        if written is None:
            problem = f"has no {resource} {side[:-1]}"
        elif parse_quantity(written) == 0:
            problem = f"sets its {resource} {side[:-1]} to {written}, which counts as none"
        else:
            continue
        yield Violation((*container.path, "resources", side, resource), f"{container} {problem}")
