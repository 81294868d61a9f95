"""ResourceQuotas: the pods that a quota covers, and the share of it that each pod uses.

Source: Kubernetes v1.34, "Resource Quotas" (compute resources, extended resources, object counts, scopes),
https://kubernetes.io/docs/concepts/policy/resource-quotas/
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from kustodian.kubernetes.object_set import ObjectSet, namespace_of
from kustodian.kubernetes.pod_resources import NO_DEFAULTS, LimitDefaults, Side, pod_amount
from kustodian.kubernetes.pods.template import PodTemplate
from kustodian.kubernetes.syntax.quantity import parse_quantity
from kustodian.model.json_value import JsonObject, dig, mapping, mappings, sequence, text
from kustodian.model.manifest import Manifest

_COMPUTE = ("cpu", "memory", "ephemeral-storage")


def quotas_in(objects: ObjectSet, namespace: str) -> list[Manifest]:
    """The ResourceQuotas of a namespace, in rendered order."""
    return [quota for quota in objects.of("", "ResourceQuota") if namespace_of(quota) == namespace]


def hard_limits(quota: Manifest) -> Iterator[tuple[str, Fraction, object]]:
    """The entries of `spec.hard` for pods and their resources, as (key, amount in base units, as written).

    Entries for other objects, and values that are not quantities, are left out.
    """
    for key, written in mapping(quota.spec.get("hard")).items():
        amount = parse_quantity(written)
        if amount is not None and resource_of(key) is not None:
            yield key, amount, written


def resource_of(key: str) -> tuple[Side, str] | None:
    """The (side, resource) that a key of `spec.hard` limits; None for keys that are not about pods.

    A number of pods is ("requests", "pods").
    """
    if key in ("pods", "count/pods"):
        return "requests", "pods"
    if key in _COMPUTE or key.startswith("hugepages-"):
        return "requests", key
    side, _, resource = key.partition(".")
    if side == "limits" and resource in _COMPUTE:
        return "limits", resource
    if side == "requests" and (resource in _COMPUTE or "/" in resource or resource.startswith("hugepages-")):
        return "requests", resource
    return None


def amount_per_pod(
    key: str, pod: PodTemplate, version: tuple[int, int], defaults: LimitDefaults = NO_DEFAULTS
) -> Fraction:
    """The amount of a quota's key that one pod uses, in base units; zero for keys that are not about pods."""
    limited = resource_of(key)
    if limited is None:
        return Fraction(0)
    side, resource = limited
    return Fraction(1) if resource == "pods" else pod_amount(pod, side, resource, version, defaults)


def covers(
    quota: Manifest, pod: PodTemplate, version: tuple[int, int], defaults: LimitDefaults = NO_DEFAULTS
) -> bool:
    """Whether the pod is in all scopes of the quota; namespaces are not compared.

    `version` and `defaults` decide whether the pod is BestEffort. An unknown scope covers no pod.
    """
    scopes = [text(scope) for scope in sequence(quota.spec.get("scopes"))]
    if not all(_in_scope(scope, "Exists", [], pod, version, defaults) for scope in scopes):
        return False
    expressions = mappings(mapping(quota.spec.get("scopeSelector")).get("matchExpressions"))
    return all(
        _in_scope(
            text(e.get("scopeName")),
            text(e.get("operator")),
            sequence(e.get("values")),
            pod,
            version,
            defaults,
        )
        for _, e in expressions
    )


def _in_scope(
    scope: str,
    operator: str,
    values: list[object],
    pod: PodTemplate,
    version: tuple[int, int],
    defaults: LimitDefaults,
) -> bool:
    match scope:
        case "Terminating":
            return pod.spec.get("activeDeadlineSeconds") is not None
        case "NotTerminating":
            return pod.spec.get("activeDeadlineSeconds") is None
        case "BestEffort":
            return _best_effort(pod, version, defaults)
        case "NotBestEffort":
            return not _best_effort(pod, version, defaults)
        case "PriorityClass":
            return _priority_matches(text(pod.spec.get("priorityClassName")), operator, values)
        case "CrossNamespacePodAffinity":
            return any(_names_namespaces(term) for term in _affinity_terms(pod.spec))
        case _:
            return False


def _best_effort(pod: PodTemplate, version: tuple[int, int], defaults: LimitDefaults) -> bool:
    return not any(
        pod_amount(pod, side, resource, version, defaults)
        for side in ("requests", "limits")
        for resource in ("cpu", "memory")
    )


def _priority_matches(name: str, operator: str, values: list[object]) -> bool:
    match operator:
        case "In":
            return name in values
        case "NotIn":
            return name not in values
        case "Exists":
            return bool(name)
        case "DoesNotExist":
            return not name
        case _:
            return False


def _affinity_terms(spec: JsonObject) -> Iterator[JsonObject]:
    for kind in ("podAffinity", "podAntiAffinity"):
        group = mapping(dig(spec, ("affinity", kind)))
        for _, term in mappings(group.get("requiredDuringSchedulingIgnoredDuringExecution")):
            yield term
        for _, weighted in mappings(group.get("preferredDuringSchedulingIgnoredDuringExecution")):
            yield mapping(weighted.get("podAffinityTerm"))


def _names_namespaces(term: JsonObject) -> bool:
    return bool(term.get("namespaces")) or term.get("namespaceSelector") is not None
