"""List entry leaves out a field that the API server fills in, so it is always out of sync.

Why: The custom resource's schema fills in defaults inside lists; Argo CD compares a list of a custom
    resource as a whole, reports OutOfSync after every sync, and with selfHeal syncs endlessly.

Fix: Write out the defaults that the message names, or run `kustodian check --fix`.

Wrong:
    backendRefs:
      - name: iris
        port: 8080

Right:
    backendRefs:
      - group: ""
        kind: Service
        name: iris
        port: 8080
        weight: 1

Notes: Only defaults inside lists count: a default in a plain mapping is not part of the last applied
    configuration, so it is not a difference. The rule covers ExternalSecret, ClusterExternalSecret and the
    kinds of the Gateway API. Later versions of external-secrets also default `nullBytePolicy`; earlier ones
    reject it, so the rule does not require it.

Source: external-secrets v1.3, ExternalSecret CRD, https://external-secrets.io/latest/api/externalsecret/;
Gateway API v1.4 to v1.7, standard channel CRDs, https://gateway-api.sigs.k8s.io/reference/spec/;
argoproj/argo-helm#3538, external-secrets/external-secrets#5145
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from kustodian.model.edit import Action, Edit
from kustodian.model.json_value import FieldPath, JsonObject, dig, mapping
from kustodian.model.manifest import Manifest
from kustodian.model.measure import members
from kustodian.model.violation import Violation
from kustodian.policy.rule import Context, ObjectRule, Worse

_ESO = "external-secrets.io"
_GATEWAY = "gateway.networking.k8s.io"
_REMOTE_REF = {"conversionStrategy": "Default", "decodingStrategy": "None", "metadataPolicy": "None"}
_PARENT = {"group": _GATEWAY, "kind": "Gateway"}
_REFERENCE = {"group": "", "kind": "Service"}
_BACKEND = {**_REFERENCE, "weight": 1}
_PREFIX = {"type": "PathPrefix", "value": "/"}

#: Place of a mapping ("[]" is every entry of a list) -> the defaults of its fields.
Defaults = dict[tuple[str, ...], dict[str, Any]]
_DATA: Defaults = {
    ("data", "[]", "remoteRef"): _REMOTE_REF,
    ("dataFrom", "[]", "extract"): _REMOTE_REF,
    ("dataFrom", "[]", "find"): {"conversionStrategy": "Default", "decodingStrategy": "None"},
    ("target", "template", "templateFrom", "[]"): {"target": "Data"},
    ("target", "template", "templateFrom", "[]", "configMap", "items", "[]"): {"templateAs": "Values"},
    ("target", "template", "templateFrom", "[]", "secret", "items", "[]"): {"templateAs": "Values"},
}
_ROUTE: Defaults = {
    ("parentRefs", "[]"): _PARENT,
    ("rules", "[]", "backendRefs", "[]"): _BACKEND,
}
_MIRROR: Defaults = {
    ("rules", "[]", "filters", "[]", "requestMirror", "backendRef"): _REFERENCE,
    ("rules", "[]", "backendRefs", "[]", "filters", "[]", "requestMirror", "backendRef"): _REFERENCE,
    ("rules", "[]", "matches", "[]", "headers", "[]"): {"type": "Exact"},
}
#: (group, kind) -> defaults below `spec`.
DEFAULTS: dict[tuple[str, str], Defaults] = {
    (_ESO, "ExternalSecret"): _DATA,
    (_ESO, "ClusterExternalSecret"): {("externalSecretSpec", *at): fields for at, fields in _DATA.items()},
    (_GATEWAY, "HTTPRoute"): {
        **_ROUTE,
        **_MIRROR,
        ("rules", "[]"): {"matches": [{"path": _PREFIX}]},
        ("rules", "[]", "matches", "[]"): {"path": _PREFIX},
        ("rules", "[]", "matches", "[]", "path"): _PREFIX,
        ("rules", "[]", "matches", "[]", "queryParams", "[]"): {"type": "Exact"},
        ("rules", "[]", "filters", "[]", "requestRedirect"): {"statusCode": 302},
        ("rules", "[]", "backendRefs", "[]", "filters", "[]", "requestRedirect"): {"statusCode": 302},
    },
    (_GATEWAY, "GRPCRoute"): {
        **_ROUTE,
        **_MIRROR,
        ("rules", "[]", "matches", "[]", "method"): {"type": "Exact"},
    },
    (_GATEWAY, "TLSRoute"): _ROUTE,
    (_GATEWAY, "TCPRoute"): _ROUTE,
    (_GATEWAY, "UDPRoute"): _ROUTE,
    (_GATEWAY, "Gateway"): {
        ("addresses", "[]"): {"type": "IPAddress"},
        ("listeners", "[]"): {"allowedRoutes": {"namespaces": {"from": "Same"}}},
        ("listeners", "[]", "allowedRoutes"): {"namespaces": {"from": "Same"}},
        ("listeners", "[]", "allowedRoutes", "namespaces"): {"from": "Same"},
        ("listeners", "[]", "allowedRoutes", "kinds", "[]"): {"group": _GATEWAY},
        ("listeners", "[]", "tls"): {"mode": "Terminate"},
        ("listeners", "[]", "tls", "certificateRefs", "[]"): {"group": "", "kind": "Secret"},
    },
}  # fmt: skip


def check(manifest: Manifest, _: Context) -> Iterator[Violation]:
    """One violation for each mapping that lacks a default."""
    for place, fields in DEFAULTS.get((manifest.group, manifest.kind), {}).items():
        for path, written in mappings_at(manifest.spec, place):
            missing = {name: value for name, value in fields.items() if name not in written}
            if missing:
                shown = ", ".join(f"{name}: {_as_flow_yaml(value)}" for name, value in missing.items())
                message = f"{manifest.kind} leaves out what the API server fills in: {shown}"
                edits = tuple(
                    Edit(Action.SET, ("spec", *path, name), value) for name, value in missing.items()
                )
                yield Violation(edits[0].path, message, edits=edits, measure=members(missing))


def mappings_at(
    value: object, place: tuple[str, ...], path: FieldPath = ()
) -> Iterator[tuple[FieldPath, JsonObject]]:
    """The mappings at a place below `spec`, each with its path."""
    if not place:
        if isinstance(value, dict):
            yield path, value
    elif place[0] == "[]":
        for index, item in enumerate(value if isinstance(value, list) else ()):
            yield from mappings_at(item, place[1:], (*path, index))
    else:
        yield from mappings_at(dig(mapping(value), (place[0],)), place[1:], (*path, place[0]))


def _as_flow_yaml(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{k}: {_as_flow_yaml(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_as_flow_yaml(item) for item in value) + "]"
    return '""' if value == "" else str(value)


RULE = ObjectRule(
    id="undeclared-default-drifts",
    topic="gitops",
    severity="W/W/W",
    kinds=tuple(DEFAULTS),
    check=check,
    doc=__doc__,
    worse=Worse.BY_MEASURE,
    tags=("argocd", "drift"),
)
