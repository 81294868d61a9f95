"""CEL of the rules about RBAC, networks, autoscalers, storage and namespaces."""

from __future__ import annotations

from kustodian.kubernetes.exposure import INTERNAL, RANGES
from kustodian.policy.admission.cel import Cel, Resources, strings
from kustodian.policy.rule import Context
from kustodian.policy.rules.pod_security.namespace_without_pod_security_label import LEVELS

_RBAC = "rbac.authorization.k8s.io"
_ROLES: tuple[Resources, ...] = ((_RBAC, ("v1",), ("roles", "clusterroles")),)
_BINDINGS: tuple[Resources, ...] = ((_RBAC, ("v1",), ("rolebindings", "clusterrolebindings")),)
_SERVICES: tuple[Resources, ...] = (("", ("v1",), ("services",)),)


def object_rules(contexts: dict[str, Context]) -> dict[str, Cel]:
    """The CEL of each rule by id."""
    return {
        **_rbac(),
        **_network(),
        "namespace-without-pod-security-label": _namespace(contexts["namespace-without-pod-security-label"]),
        "recreate-strategy": Cel(
            "dyn(object.spec).?strategy.?type.orValue('') != 'Recreate' || variables.volumes.exists(v, "
            "has(v.persistentVolumeClaim) && dyn(v.persistentVolumeClaim).?readOnly.orValue(false) != true)",
            (("apps", ("v1",), ("deployments",)),),
        ),
        "memory-metric-order": Cel(
            # After a CPU utilization metric, only CPU utilization metrics may follow.
            "!variables.spec.?metrics.orValue([]).exists(a, " + _CPU.format(m="a") + " && "
            "variables.spec.?metrics.orValue([]).exists(b, !(" + _CPU.format(m="b") + ") && "
            "variables.spec.metrics.indexOf(b) > variables.spec.metrics.indexOf(a)))",
            (("autoscaling", ("v2",), ("horizontalpodautoscalers",)),),
        ),
        "keda-silent-null": Cel(
            "variables.spec.?triggers.orValue([]).all(t, dyn(t).?type.orValue('') != 'prometheus' || "
            "dyn(t).?metadata.?ignoreNullValues.orValue('true').lowerAscii() in ['false', '0', 'f'])",
            (("keda.sh", ("v1alpha1",), ("scaledobjects",)),),
        ),
    }


_CPU = (
    "(dyn({m}).?type.orValue('') == 'Resource' && dyn({m}).?resource.?name.orValue('') == 'cpu' && "
    "dyn({m}).?resource.?target.?averageUtilization.hasValue())"
)


#: The rules of an aggregated role are written by a controller.
_AGGREGATED = "has(object.aggregationRule) || "


def _grants_none(groups: list[str], resources: list[str], verbs: list[str], named_passes: bool = True) -> str:
    """CEL that is true if no rule grants any of the verbs on any of the resources; `wildcard-role` covers "*"."""
    names = "dyn(r).?resourceNames.orValue([]).size() > 0 || " if named_passes else ""
    return (
        f"{_AGGREGATED}variables.rules.all(r, {names}"
        f"!(dyn(r).?apiGroups.orValue([]).exists(g, g in {strings([*groups, '*'])}) && "
        f"dyn(r).?resources.orValue([]).exists(s, s in {strings(resources)}) && "
        f"dyn(r).?verbs.orValue([]).exists(v, v in {strings([*verbs, '*'])})))"
    )


def _all_of(parts: tuple[str, ...]) -> str:
    return " && ".join(f"({part})" for part in parts)


def _rbac() -> dict[str, Cel]:
    everyone = ["system:anonymous", "system:unauthenticated", "system:authenticated"]
    public = ["system:public-info-viewer", "system:discovery", "system:basic-user"]
    webhooks = ["validatingwebhookconfigurations", "mutatingwebhookconfigurations"]
    change = ["create", "update", "patch", "delete", "deletecollection"]
    lists = "['apiGroups', 'resources', 'verbs', 'nonResourceURLs']"
    run = _all_of((
        _grants_none([""], ["pods/exec"], ["create", "get"], False),
        _grants_none([""], ["pods/attach"], ["create", "get"], False),
        _grants_none([""], ["pods/ephemeralcontainers"], ["update", "patch"], False),
        _grants_none([""], ["nodes/proxy"], ["create", "get"], False),
    ))  # fmt: skip
    escalate = _all_of((
        _grants_none([_RBAC], ["roles", "clusterroles"], ["escalate", "bind"]),
        _grants_none(["", "authentication.k8s.io"],
                ["users", "groups", "serviceaccounts", "uids", "userextras"], ["impersonate"]),
        _grants_none([""], ["serviceaccounts/token"], ["create"]),
        _grants_none(["certificates.k8s.io"], ["certificatesigningrequests/approval"], ["update", "patch"]),
        _grants_none(["certificates.k8s.io"], ["signers"], ["approve", "sign"]),
    ))  # fmt: skip
    roles = {
        "wildcard-role": f"{_AGGREGATED}variables.rules.all(r, {lists}.all(f, !(f in r) || !('*' in r[f])))",
        "role-reads-secrets": _grants_none([""], ["secrets"], ["get", "list", "watch"]),
        "role-can-exec": run,
        "role-can-escalate": escalate,
        "role-edits-webhooks": _grants_none(["admissionregistration.k8s.io"], webhooks, change),
    }
    bindings = {
        "cluster-admin-binding": (
            "!(object.roleRef.kind == 'ClusterRole' && object.roleRef.name == 'cluster-admin') || "
            "variables.subjects.size() == 0"
        ),
        "anonymous-subject": (
            f"object.roleRef.name in {strings(public)} || variables.subjects.all(s, "
            f"!(s.kind in ['User', 'Group'] && s.name in {strings(everyone)}))"
        ),
    }
    own_namespace_only = (
        "object.roleRef.name == 'extension-apiserver-authentication-reader' || "
        "variables.subjects.all(s, s.kind != 'ServiceAccount' || "
        "dyn(s).?namespace.orValue('') in [dyn(''), dyn(object.metadata.namespace)])"
    )
    return (
        {name: Cel(text, _ROLES) for name, text in roles.items()}
        | {name: Cel(text, _BINDINGS) for name, text in bindings.items()}
        | {"cross-namespace-subject": Cel(own_namespace_only, ((_RBAC, ("v1",), ("rolebindings",)),))}
    )


def _network() -> dict[str, Cel]:
    internal = " || ".join(
        f"variables.annotations[?'{key}'].orValue('').lowerAscii() in {strings(values)}"
        for key, values in INTERNAL.items()
    )
    everywhere = "['0.0.0.0/0', '::/0']"
    written = f"variables.annotations[?'{RANGES}'].orValue('').split(',').map(b, b.trim())"
    ranges = (
        "(variables.spec.?loadBalancerSourceRanges.orValue([]).size() > 0 ? "
        f"variables.spec.loadBalancerSourceRanges : {written}).filter(b, b != '')"
    )
    limited = f"({ranges}.size() > 0 && !{ranges}.exists(b, b in {everywhere}))"

    def open_rules(direction: str, field: str, peers: str) -> str:
        entries = f"dyn(r).?{peers}.orValue([])"
        ports = "dyn(r).?ports.orValue([])"
        only_dns = f"({ports}.size() > 0 && {ports}.all(q, dyn(q).?port.orValue(0) in [53, 5353]))"
        empty = (
            "({s}.?matchLabels.orValue({{}}).size() == 0 && {s}.?matchExpressions.orValue([]).size() == 0)"
        )
        every_pod = (
            f"has(p.namespaceSelector) && {empty.format(s='dyn(p.namespaceSelector)')} && "
            f"(!has(p.podSelector) || {empty.format(s='dyn(p.podSelector)')})"
        )
        return (
            f"(!('{direction}' in variables.spec.?policyTypes.orValue([])) || "
            f"variables.spec.?{field}.orValue([]).all(r, !({entries}.size() == 0 && {ports}.size() == 0) && "
            f"{entries}.all(p, !(has(p.ipBlock) && p.ipBlock.cidr in {everywhere} && "
            f"dyn(p.ipBlock).?except.orValue([]).size() == 0 && !{only_dns}) && "
            f"!({ports}.size() == 0 && {every_pod}))))"
        )

    return {
        "allow-all-network-policy": Cel(
            f"{open_rules('Ingress', 'ingress', 'from')} && {open_rules('Egress', 'egress', 'to')}",
            (("networking.k8s.io", ("v1",), ("networkpolicies",)),),
        ),
        "exposed-service-type": Cel(
            "variables.spec.?type.orValue('') != 'NodePort' && "
            f"(variables.spec.?type.orValue('') != 'LoadBalancer' || {internal} || {limited})",
            _SERVICES,
        ),
        "external-ips": Cel("variables.spec.?externalIPs.orValue([]).size() == 0", _SERVICES),
    }


def _namespace(settings: Context) -> Cel:
    label = "dyn(object.metadata).?labels[?'pod-security.kubernetes.io/{name}']"
    enforce = label.format(name="enforce")
    strong = strings(LEVELS[LEVELS.index(settings.options["minimumLevel"]) :])
    parts = [f"{enforce}.orValue('') in {strong}"]
    for mode in ("audit", "warn"):
        other = label.format(name=mode)
        required = settings.options["requireAuditAndWarn"]
        parts.append(f"{other}.orValue('{'' if required else 'baseline'}') in {strings(LEVELS)}")
    for mode in ("enforce", "audit", "warn"):
        version = label.format(name=f"{mode}-version")
        pinned = mode == "enforce" and settings.options["requireVersion"]
        pattern = r"^v1\.(0|[1-9][0-9]*)$" if pinned else r"^(latest|v1\.(0|[1-9][0-9]*))$"
        parts.append(
            f"{version}.orValue('{'' if pinned else 'latest'}').matches('{pattern}')".replace("\\", "\\\\")
        )
    return Cel(" && ".join(parts), (("", ("v1",), ("namespaces",)),))
