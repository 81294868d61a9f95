"""Container has no CPU request.

Why: The scheduler counts the container as using nothing, so nodes are overcommitted and latency depends on
    the neighbours.

Fix: Set `resources.requests.cpu` on the container, in the base or in a patch of the overlay.

Wrong:
    resources:
      limits:
        memory: 2Gi

Right:
    resources:
      requests:
        cpu: 500m

Options:
    requireExplicit: also report a container that has only a limit. The API server copies the limit to the
        request.

Notes: Init containers and sidecars count: the scheduler and a ResourceQuota count them too. From Kubernetes
    1.34 on, `spec.resources` of the pod counts for all its containers. A LimitRange default does not count,
    because the manifest may be applied to a namespace that does not have it.

Source: Kubernetes documentation v1.34, "Resource Management for Pods and Containers",
    https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/#requests-and-limits
"""

from __future__ import annotations

from collections.abc import Iterator

from kustodian.kubernetes.pods.template import PodTemplate
from kustodian.model.violation import Violation
from kustodian.policy.rule import Context, Option, PodRule, Worse
from kustodian.policy.rules.resources._missing import missing


def check(pod: PodTemplate, context: Context) -> Iterator[Violation]:
    """One violation for each container without a CPU request."""
    return missing(pod, context, "requests", "cpu", or_limit=not context.options["requireExplicit"])


RULE = PodRule(
    id="missing-cpu-request",
    topic="resources",
    severity="W/E/E",
    check=check,
    doc=__doc__,
    worse=Worse.NEVER,
    tags=(
        "cost",
        "reliability",
        "nsa",
    ),
    options={
        "requireExplicit": Option(
            False, "also report a container whose request is only implied by its limit"
        ),
    },
)
