"""The resources of pods, with the defaults that the API server fills in.

Sources: Kubernetes "Resource Management for Pods and Containers" (a limit without a request is the request),
"Limit Ranges", "Assign Pod-level CPU and memory resources" (beta and on by default since 1.34), and
k8s.io/component-helpers/resource `PodRequests` (init containers, sidecars, overhead).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Literal

from kustodian.kubernetes.object_set import ObjectSet, namespace_of
from kustodian.kubernetes.pods.template import Container, PodTemplate
from kustodian.kubernetes.syntax.quantity import parse_quantity
from kustodian.model.json_value import JsonObject, mapping, mappings
from kustodian.model.manifest import Manifest

Side = Literal["requests", "limits"]

#: The first version that honours `spec.resources` of a pod without a feature gate.
POD_LEVEL_SINCE = (1, 34)


@dataclass(frozen=True, eq=False)
class LimitDefaults:
    """The limits and requests that a namespace's LimitRanges give a container, by resource, as written.

    `sources` has the LimitRange of each default, by (side, resource).
    """

    limits: dict[str, object] = field(default_factory=dict)
    requests: dict[str, object] = field(default_factory=dict)
    sources: dict[tuple[Side, str], Manifest] = field(default_factory=dict)


NO_DEFAULTS = LimitDefaults()


def limit_range_items(
    objects: ObjectSet, namespace: str, kind: str
) -> list[tuple[Manifest, int, JsonObject]]:
    """The entries of a type (Container, Pod) in a namespace's LimitRanges, as (LimitRange, index, entry)."""
    return [
        (limit_range, index, item)
        for limit_range in objects.of("", "LimitRange")
        if namespace_of(limit_range) == namespace
        for index, item in mappings(limit_range.spec.get("limits"))
        if item.get("type") == kind
    ]


def limit_defaults(objects: ObjectSet, namespace: str) -> LimitDefaults:
    """The defaults for the containers of a namespace.

    A missing default limit is the maximum. A missing default request is the default limit, else the minimum
    (source: core/v1 `SetDefaults_LimitRangeItem`). The first of several LimitRanges decides.
    """
    defaults = LimitDefaults()
    for limit_range, _, item in limit_range_items(objects, namespace, "Container"):
        limits = {**mapping(item.get("max")), **mapping(item.get("default"))}
        requests = {**mapping(item.get("min")), **limits, **mapping(item.get("defaultRequest"))}
        for resource, value in limits.items():
            if defaults.limits.setdefault(resource, value) is value:
                defaults.sources.setdefault(("limits", resource), limit_range)
        for resource, value in requests.items():
            if defaults.requests.setdefault(resource, value) is value:
                defaults.sources.setdefault(("requests", resource), limit_range)
    return defaults


def container_limit(
    container: Container, resource: str, defaults: LimitDefaults = NO_DEFAULTS
) -> Fraction | None:
    """The limit of a container in base units: its own, else the default; None if absent or not a quantity."""
    written = container.limits.get(resource)
    return parse_quantity(defaults.limits.get(resource) if written is None else written)


def container_request(
    container: Container, resource: str, defaults: LimitDefaults = NO_DEFAULTS
) -> Fraction | None:
    """The request of a container in base units: its own, else its own limit, else the default.

    None if absent or not a quantity.
    """
    for value in (
        container.requests.get(resource),
        container.limits.get(resource),
        defaults.requests.get(resource),
    ):
        if value is not None:
            return parse_quantity(value)
    return None


def pod_level(pod: PodTemplate, side: Side, resource: str, version: tuple[int, int]) -> Fraction | None:
    """The amount in `spec.resources` of the pod itself; None if absent or before `POD_LEVEL_SINCE`."""
    if version < POD_LEVEL_SINCE:
        return None
    resources = mapping(pod.spec.get("resources"))
    value = mapping(resources.get(side)).get(resource)
    if value is None and side == "requests":
        value = mapping(resources.get("limits")).get(resource)
    return parse_quantity(value)


def pod_amount(
    pod: PodTemplate,
    side: Side,
    resource: str,
    version: tuple[int, int],
    defaults: LimitDefaults = NO_DEFAULTS,
) -> Fraction:
    """The requests or limits of a whole pod, in base units; a container without a value counts as zero.

    Containers and sidecars run together, and each init container runs beside the sidecars before it: the pod
    needs the larger amount, plus the overhead of its runtime class.
    """
    overhead = parse_quantity(mapping(pod.spec.get("overhead")).get(resource)) or Fraction(0)
    whole = pod_level(pod, side, resource, version)
    if whole is not None:
        return whole + overhead
    read = container_request if side == "requests" else container_limit
    together = before = largest_start = Fraction(0)
    for container in pod.containers:
        amount = read(container, resource, defaults) or Fraction(0)
        if container.role == "container":
            together += amount
        elif container.role == "sidecar":
            together += amount
            before += amount
            largest_start = max(largest_start, before)
        elif container.role == "init":
            largest_start = max(largest_start, before + amount)
    return max(together, largest_start) + overhead


def format_amount(amount: Fraction, resource: str) -> str:
    """An amount in base units as a person writes it: `24Gi`, `1500m`, `3`."""
    if resource.rpartition(".")[2] in ("memory", "ephemeral-storage", "storage") or "hugepages-" in resource:
        for suffix, power in (("Gi", 30), ("Mi", 20), ("Ki", 10)):
            if amount >= 2**power:
                return f"{round(float(amount / 2**power), 2):g}{suffix}"
        return f"{float(amount):g}"
    if amount.denominator == 1:
        return str(amount.numerator)
    milli = amount * 1000
    return f"{milli.numerator}m" if milli.denominator == 1 else f"{float(amount):.2f}"
