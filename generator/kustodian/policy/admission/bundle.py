"""The admission bundle: a ValidatingAdmissionPolicy for each rule, a binding for each environment.

A namespace selector never excludes cluster-scoped objects, except Namespaces. The binding of an environment
therefore covers only namespaced objects. ClusterRoles and their bindings, including those of the cluster
itself, have a separate binding that warns.

Source: Kubernetes documentation, "Validating Admission Policy" (admissionregistration.k8s.io/v1, 1.30).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from kustodian.model.environment import Environment, Severity
from kustodian.model.json_value import JsonObject
from kustodian.policy.admission.cel import Cel, Resources
from kustodian.policy.admission.objects import object_rules
from kustodian.policy.admission.pods import pod_rules
from kustodian.policy.rule import ObjectRule, PodRule, Rule
from kustodian.policy.settings import Settings

#: The first Kubernetes version with this API.
SINCE = (1, 30)
_API = "admissionregistration.k8s.io/v1"
_ACTIONS = {Severity.ERROR: ["Deny"], Severity.WARNING: ["Warn", "Audit"]}
_CATALOGUE = "it uses a catalogue of workloads and their needs that CEL would have to carry"
_SECRETS = "the credential detector weighs names, entropy and known formats"
_REJECTED = "the API server rejects it itself"
_SERVERS = "it recognises servers by their ports, owner and sidecars together"
_SCHEMA = "the API server validates objects against its own schemas"
#: Rules about one object that stay with `kustodian check`, and why.
NOT_EXPORTED = {
    "placeholder-digest": "it is only informational, which an admission policy cannot be",
    "excessive-limit-ratio": "CEL cannot multiply quantities by a ratio",
    "container-runtime-socket": "CEL cannot normalize a path; host-path-volume rejects every such volume",
    "ingress-without-tls": "certificates by annotation and wildcard hosts differ by controller",
    "gateway-without-tls": "it covers Gateways of two APIs, whose CRDs a cluster may lack",
    "literal-secret-in-env": _SECRETS,
    "secret-in-config-map": _SECRETS,
    "secret-in-command-line": _SECRETS,
    "missing-readiness-probe": _SERVERS,
    "missing-liveness-probe": _SERVERS,
    "missing-startup-probe": _CATALOGUE,
    "liveness-equals-readiness": "it compares probes with the defaults that the API server has filled in by then",
    "probe-port-not-declared": "the API server rejects an unknown port name when the pod starts",
    "unbounded-surge": "percentages are rounded against replicas that an autoscaler may own",
    "short-termination-grace": _CATALOGUE,
    "autoscaler-range": "the API server and KEDA's webhook reject it themselves",
    "scale-to-zero-in-prod": "it covers four kinds of autoscaler, three of which need CRDs that a cluster may lack",
    "pull-policy-mismatch": "the API server fills imagePullPolicy in before admission policies see the pod",
    "gpu-without-limit": _REJECTED,
    "gpu-request-differs": _REJECTED,
    "fractional-gpu": _REJECTED,
    "gpu-without-toleration": _CATALOGUE,
    "gpu-without-node-selector": _CATALOGUE,
    "toleration-without-gpu": _CATALOGUE,
    "gpu-in-dev": _CATALOGUE,
    "small-shared-memory": _CATALOGUE,
    "gpu-memory-not-guaranteed": "DRA claims refer to other objects",
    "claim-without-class": "the API server fills in the default class before admission policies see the claim",
    "claim-without-size": _REJECTED,
    "host-path-persistent-volume": "the object has no namespace, so it is in no environment",
    "insecure-api-service": "the object has no namespace, so it is in no environment",
    "unpinned-model": _CATALOGUE,
    "selector-mismatch": _REJECTED,
    "invalid-manifest": _SCHEMA,
    "unknown-kind": _SCHEMA,
    "deprecated-api": _SCHEMA,
    "removed-api": _SCHEMA,
    "unserved-crd-version": _SCHEMA,
    "unreadable-definition": _SCHEMA,
    "undeclared-default-drifts": "the API server fills the defaults in before admission policies see the object",
    "missing-standard-labels": "which kinds need which labels depends on the whole overlay",
}
#: Rules that the configuration leaves without a policy, and why.
_NEEDS_CONFIGURATION = {
    "unapproved-registry": "no `registries` in the configuration",
    "missing-cpu-request": "`requireExplicit`: the API server has copied the limit by then",
    "missing-memory-request": "`requireExplicit`: the API server has copied the limit by then",
    "missing-cpu-limit": "`cpuLimits` is not `require`",
    "cpu-limit-set": "`cpuLimits` is not `forbid`",
    "host-probe-target": "the Pod Security Standards include it from Kubernetes 1.34 on",
}


#: Cluster-scoped resources that the policies match, except Namespaces: their own labels select those.
_CLUSTER_WIDE = frozenset({"clusterroles", "clusterrolebindings"})


@dataclass(frozen=True, slots=True)
class Target:
    """An environment and the namespaces that its overlays own, to which its bindings apply."""

    environment: Environment
    namespaces: tuple[str, ...]


def expressions(rules: Iterable[Rule], settings: Settings) -> dict[str, Cel]:
    """The CEL of every rule that CEL can express, with the options of the configuration."""
    contexts = {rule.id: settings.context_of(rule, Environment()) for rule in rules}
    return {**pod_rules(contexts), **object_rules(contexts)}


def why_not(rule: Rule, exported: Mapping[str, Cel]) -> str | None:
    """Why a rule has no admission policy; None if it has one."""
    if rule.id in exported:
        return None
    if not isinstance(rule, ObjectRule | PodRule):
        return "it needs other objects, files or history"
    return NOT_EXPORTED.get(rule.id) or _NEEDS_CONFIGURATION[rule.id]


def bundle(
    rules: Iterable[Rule],
    settings: Settings,
    targets: Iterable[Target],
    labels: Mapping[str, str] | None = None,
    *,
    deny_cluster_wide: bool = False,
) -> list[JsonObject]:
    """The policies, in the order of the catalogue, and their bindings, all with `labels`.

    `deny_cluster_wide` denies cluster-scoped objects that break an error rule instead of warning about them.
    """
    catalogue, environments = tuple(rules), tuple(targets)
    cel = expressions(catalogue, settings)
    exported = [rule for rule in catalogue if rule.id in cel]
    objects = [_policy(rule, cel[rule.id]) for rule in exported]
    for target in environments:
        for rule in exported:
            if actions := _actions(settings.severity(rule, target.environment)):
                objects.append(_environment_binding(rule, actions, target, cel[rule.id]))
    for rule in exported:
        levels = [settings.severity(rule, target.environment) for target in environments]
        worst = max((level for level in levels if level is not None), default=None)
        if _is_cluster_wide(cel[rule.id]) and (actions := _actions(worst)):
            warn = _ACTIONS[Severity.WARNING]
            objects.append(_cluster_binding(rule, actions if deny_cluster_wide else warn, cel[rule.id]))
    for item in objects:
        item["metadata"]["labels"] = {**(labels or {}), **item["metadata"]["labels"]}
    return objects


def _is_cluster_wide(cel: Cel) -> bool:
    return any(name in _CLUSTER_WIDE for _, _, names in cel.resources for name in names)


def _actions(level: Severity | None) -> list[str]:
    return _ACTIONS.get(level, []) if level is not None else []


def _metadata(name: str, rule: Rule) -> JsonObject:
    return {
        "name": name,
        "labels": {"app.kubernetes.io/managed-by": "kustodian", "kustodian.dev/rule": rule.id},
    }


def _policy(rule: Rule, cel: Cel) -> JsonObject:
    return {
        "apiVersion": _API,
        "kind": "ValidatingAdmissionPolicy",
        "metadata": _metadata(f"kustodian-{rule.id}", rule),
        "spec": {
            "failurePolicy": "Fail",
            "matchConstraints": {"resourceRules": _resource_rules(cel.resources)},
            # An object that is being deleted must still be able to lose its finalizers.
            "matchConditions": [
                {"name": "not-being-deleted", "expression": "!has(object.metadata.deletionTimestamp)"}
            ],
            "variables": [
                {"name": name, "expression": expression} for name, expression in cel.variables().items()
            ],
            "validations": [
                {"expression": cel.admits, "message": f"{rule.id}: {rule.manual.title} {rule.manual.fix}"}
            ],
        },
    }


def _resource_rules(resources: Iterable[Resources]) -> list[JsonObject]:
    return [
        {
            "apiGroups": [group],
            "apiVersions": list(versions),
            "operations": ["CREATE", "UPDATE"],
            "resources": list(names),
        }
        for group, versions, names in resources
    ]


def _scoped_rules(cel: Cel, *, cluster_wide: bool) -> list[JsonObject]:
    """The resource rules for the cluster-scoped resources of a policy, or for its namespaced ones."""
    parts = (
        (group, versions, tuple(name for name in names if (name in _CLUSTER_WIDE) is cluster_wide))
        for group, versions, names in cel.resources
    )
    scope = "Cluster" if cluster_wide else "Namespaced"
    return [rule | {"scope": scope} for rule in _resource_rules(part for part in parts if part[2])]


def _environment_binding(rule: Rule, actions: list[str], target: Target, cel: Cel) -> JsonObject:
    selector = {"key": "kubernetes.io/metadata.name", "operator": "In", "values": list(target.namespaces)}
    match: JsonObject = {"namespaceSelector": {"matchExpressions": [selector]}}
    if _is_cluster_wide(cel):
        match["resourceRules"] = _scoped_rules(cel, cluster_wide=False)
    return _binding(rule, actions, target.environment.name or "any", match)


def _cluster_binding(rule: Rule, actions: list[str], cel: Cel) -> JsonObject:
    # Two hyphens: no environment's binding can have this name.
    return _binding(rule, actions, "-cluster-wide", {"resourceRules": _scoped_rules(cel, cluster_wide=True)})


def _binding(rule: Rule, actions: list[str], suffix: str, match: JsonObject) -> JsonObject:
    policy = f"kustodian-{rule.id}"
    return {
        "apiVersion": _API,
        "kind": "ValidatingAdmissionPolicyBinding",
        "metadata": _metadata(f"{policy}-{suffix}", rule),
        "spec": {"policyName": policy, "validationActions": actions, "matchResources": match},
    }
