"""Limit is smaller than the request, as written or through a LimitRange default.

Why: The API server rejects the pod: the Deployment is accepted, but none of its pods is ever created.

Fix: Raise the limit or lower the request; if the limit comes from a LimitRange, set a limit on the container.

Wrong:
    resources:
      requests: {memory: 4Gi}
      limits: {memory: 2Gi}

Right:
    resources:
      requests: {memory: 2Gi}
      limits: {memory: 4Gi}

Notes: A container that sets a request but no limit gets the LimitRange's default limit (or, without a
    default, its maximum), which may be smaller. Only LimitRanges in the pod's own namespace count.
    Accelerators, whose request must equal the limit, are left to `gpu-request-differs`.

Source: Kubernetes documentation v1.34, "Limit Ranges",
    https://kubernetes.io/docs/concepts/policy/limit-range/#limitrange-and-admission-checks-for-pods
"""

from __future__ import annotations

from collections.abc import Iterator

from kustodian.kubernetes.accelerators import is_accelerator
from kustodian.kubernetes.object_set import ObjectSet, namespace_of
from kustodian.kubernetes.pod_resources import POD_LEVEL_SINCE, LimitDefaults, limit_defaults
from kustodian.kubernetes.pods.template import Container, PodTemplate
from kustodian.kubernetes.syntax.quantity import parse_quantity
from kustodian.model.json_value import mapping
from kustodian.model.violation import Violation
from kustodian.policy.rule import Context, SetRule, Worse


def check(objects: ObjectSet, context: Context) -> Iterator[Violation]:
    """One violation for each request above its limit."""
    by_namespace: dict[str, LimitDefaults] = {}
    for pod in objects.pods:
        namespace = namespace_of(pod.owner)
        if namespace not in by_namespace:
            by_namespace[namespace] = limit_defaults(objects, namespace)
        for container in pod.containers:
            yield from _check_container(pod, container, by_namespace[namespace])
        if context.version >= POD_LEVEL_SINCE:
            yield from _check_whole_pod(pod)


def _check_container(pod: PodTemplate, container: Container, defaults: LimitDefaults) -> Iterator[Violation]:
    for resource, written in container.requests.items():
        request = parse_quantity(written)
        if request is None or is_accelerator(resource):
            continue
        own = container.limits.get(resource)
        limit = parse_quantity(own if own is not None else defaults.limits.get(resource))
        if limit is None or limit >= request:
            continue
        if own is not None:
            path = (*container.path, "resources", "limits", resource)
            message = f"{container} limits {resource} to {own}, below its request of {written}"
        else:
            source = defaults.sources["limits", resource]
            path = (*container.path, "resources", "requests", resource)
            message = (
                f"{container} requests {written} of {resource}, above the limit of "
                f"{defaults.limits[resource]} that {source.ref} gives it"
            )
        yield Violation(path, message, pod.owner)


def _check_whole_pod(pod: PodTemplate) -> Iterator[Violation]:
    resources = mapping(pod.spec.get("resources"))
    limits = mapping(resources.get("limits"))
    for resource, written in mapping(resources.get("requests")).items():
        request, limit = parse_quantity(written), parse_quantity(limits.get(resource))
        if request is not None and limit is not None and limit < request:
            message = f"the pod limits {resource} to {limits[resource]}, below its request of {written}"
            yield Violation(pod.path_of("resources", "limits", resource), message, pod.owner)


RULE = SetRule(
    id="limit-below-request",
    topic="resources",
    severity="E/E/E",
    check=check,
    doc=__doc__,
    worse=Worse.NEVER,
    tags=("reliability",),
)
