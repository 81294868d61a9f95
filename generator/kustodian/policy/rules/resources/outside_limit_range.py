"""Container's request or limit lies outside the namespace's LimitRange.

Why: The API server rejects the pod: the Deployment is accepted, but none of its pods is ever created.

Fix: Keep the container's request and limit between `min` and `max` of the LimitRange, or change the
    LimitRange.

Wrong:
    # LimitRange: max: {memory: 4Gi}
    resources:
      limits: {memory: 8Gi}

Right:
    # LimitRange: max: {memory: 16Gi}
    resources:
      limits: {memory: 8Gi}

Notes: The pod is checked as it is after defaulting: a limit without a request is also the request, and the
    LimitRange fills in missing values. `min` applies to the request (and the limit), `max` to the limit (and
    the request), and `maxLimitRequestRatio` to the limit divided by the request, for which both must be set.
    Entries of type Pod apply to the sum over the containers. Only LimitRanges in the pod's own namespace
    count.

Source: Kubernetes documentation v1.34, "Limit Ranges",
    https://kubernetes.io/docs/concepts/policy/limit-range/
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from kustodian.kubernetes.object_set import ObjectSet, namespace_of
from kustodian.kubernetes.pod_resources import (
    LimitDefaults,
    container_limit,
    container_request,
    format_amount,
    limit_defaults,
    limit_range_items,
    pod_amount,
)
from kustodian.kubernetes.pods.template import Container, PodTemplate
from kustodian.kubernetes.syntax.quantity import parse_quantity
from kustodian.model.json_value import FieldPath, JsonObject, mapping
from kustodian.model.violation import Violation
from kustodian.policy.rule import Context, SetRule, Worse


def check(objects: ObjectSet, context: Context) -> Iterator[Violation]:
    """One violation for each bound that a container, or the sum over a pod, breaks."""
    namespaces = {namespace_of(limit_range) for limit_range in objects.of("", "LimitRange")}
    for namespace in sorted(namespaces):
        defaults = limit_defaults(objects, namespace)
        for source, _, item in limit_range_items(objects, namespace, "Container"):
            for pod in objects.pods_in(namespace):
                for container in pod.containers:
                    if container.role != "ephemeral":
                        yield from _check_container(pod, container, item, defaults, str(source.ref))
        for source, _, item in limit_range_items(objects, namespace, "Pod"):
            for pod in objects.pods_in(namespace):
                if not pod.partial:
                    yield from _check_pod(pod, item, defaults, str(source.ref), context.version)


def _check_container(
    pod: PodTemplate, container: Container, item: JsonObject, defaults: LimitDefaults, source: str
) -> Iterator[Violation]:
    for resource in sorted({*mapping(item.get("min")), *mapping(item.get("max")), *_ratios(item)}):
        request = container_request(container, resource, defaults)
        limit = container_limit(container, resource, defaults)
        problem = _broken_bound(resource, request, limit, item)
        if problem is None and not pod.partial:
            problem = _missing_value(resource, request, limit, item)
        if problem is not None:
            side = "limits" if resource in container.limits else "requests"
            path = (*container.path, "resources", side, resource)
            yield Violation(path, f"{container} {problem} of {source}", pod.owner)


def _check_pod(
    pod: PodTemplate, item: JsonObject, defaults: LimitDefaults, source: str, version: tuple[int, int]
) -> Iterator[Violation]:
    for resource in sorted({*mapping(item.get("min")), *mapping(item.get("max"))}):
        request = pod_amount(pod, "requests", resource, version, defaults)
        limit = pod_amount(pod, "limits", resource, version, defaults)
        problem = _broken_bound(resource, request or None, limit or None, item)
        problem = problem or _missing_value(resource, request or None, limit or None, item)
        if problem is not None:
            path: FieldPath = pod.path_of("containers")
            yield Violation(path, f"the pod as a whole {problem} of {source}", pod.owner)


def _ratios(item: JsonObject) -> JsonObject:
    return mapping(item.get("maxLimitRequestRatio"))


def _broken_bound(
    resource: str, request: Fraction | None, limit: Fraction | None, item: JsonObject
) -> str | None:
    """Which bound the request or limit breaks, as a phrase, or None."""
    low, high = mapping(item.get("min")).get(resource), mapping(item.get("max")).get(resource)
    minimum, maximum, ratio = (
        parse_quantity(low),
        parse_quantity(high),
        parse_quantity(_ratios(item).get(resource)),
    )
    if minimum is not None and request is not None and request < minimum:
        return f"requests {format_amount(request, resource)} of {resource}, below the minimum of {low}"
    if maximum is not None and limit is not None and limit > maximum:
        return f"limits {resource} to {format_amount(limit, resource)}, above the maximum of {high}"
    if maximum is not None and request is not None and request > maximum:
        return f"requests {format_amount(request, resource)} of {resource}, above the maximum of {high}"
    if ratio is not None and request and limit is not None and limit / request > ratio:
        times = float(limit / request)
        return f"limits {resource} to {times:g} times its request, above the ratio {float(ratio):g}"
    return None


def _missing_value(
    resource: str, request: Fraction | None, limit: Fraction | None, item: JsonObject
) -> str | None:
    """Which value required by a bound is missing, as a phrase, or None. The API server rejects such pods."""
    if limit is None and resource in mapping(item.get("max")):
        return f"has no {resource} limit, which is required by the maximum"
    if request is None and resource in mapping(item.get("min")):
        return f"has no {resource} request, which is required by the minimum"
    if resource in _ratios(item) and (limit is None or not request):
        return (
            f"has no {resource} {'request' if limit is not None else 'limit'}, which is required by the ratio"
        )
    return None


RULE = SetRule(
    id="outside-limit-range",
    topic="resources",
    severity="E/E/E",
    check=check,
    doc=__doc__,
    worse=Worse.NEVER,
    tags=("reliability",),
)
