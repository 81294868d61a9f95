"""Problems in workloads, configuration, storage and roles that the API server rejects beyond the schema.

Source: k8s.io/kubernetes v1.34 pkg/apis/{core,apps,batch,policy,autoscaling,rbac}/validation; schedules:
`ParseStandard` of github.com/robfig/cron/v3.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterator

from kustodian.kubernetes.syntax.names import is_config_key
from kustodian.model.json_value import FieldPath, JsonObject, mapping, mappings, sequence, text, whole_number
from kustodian.model.manifest import Manifest
from kustodian.model.violation import Violation

_MAXIMUM_SIZE = 1024 * 1024
_ACCOUNT = "kubernetes.io/service-account.name"
_RBAC = "rbac.authorization.k8s.io"
#: Alternative groups of keys by type of Secret; it must have all keys of one group.
_SECRET_KEYS: dict[str, tuple[tuple[str, ...], ...]] = {
    "kubernetes.io/tls": (("tls.crt", "tls.key"),),
    "kubernetes.io/dockerconfigjson": ((".dockerconfigjson",),),
    "kubernetes.io/dockercfg": ((".dockercfg",),),
    "kubernetes.io/basic-auth": (("username",), ("password",)),
    "kubernetes.io/ssh-auth": (("ssh-privatekey",),),
}


def deployment(manifest: Manifest) -> Iterator[Violation]:
    """Problems of a Deployment: its update strategy."""
    strategy = mapping(manifest.spec.get("strategy"))
    rolling = strategy.get("rollingUpdate")
    path: FieldPath = ("spec", "strategy", "rollingUpdate")
    if strategy.get("type") == "Recreate" and rolling is not None:
        yield Violation(path, "rollingUpdate may not be set where the strategy is Recreate")
    elif _is_zero(mapping(rolling).get("maxSurge")) and _is_zero(mapping(rolling).get("maxUnavailable")):
        yield Violation((*path, "maxUnavailable"), "maxSurge and maxUnavailable cannot both be 0")


def _is_zero(value: object) -> bool:
    return value in ("0", "0%") or (value == 0 and not isinstance(value, bool))


def cron_job(manifest: Manifest) -> Iterator[Violation]:
    """Problems of a CronJob: its schedule."""
    schedule = manifest.spec.get("schedule")
    if not isinstance(schedule, str):
        return
    if "TZ=" in schedule:
        yield Violation(("spec", "schedule"), "schedule may not set a time zone; use timeZone")
    elif not is_schedule(schedule):
        yield Violation(("spec", "schedule"), f'"{schedule}" is not a cron schedule')


_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
#: The numbers of names, by the position of the field that allows them.
_NAMES = {3: {name: n for n, name in enumerate(_MONTHS, 1)}, 4: {name: n for n, name in enumerate(_DAYS)}}
_BOUNDS = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 6))
_MACROS = ("@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly")
_EVERY = re.compile(r"@every ([0-9]+(\.[0-9]*)?(ns|us|µs|ms|s|m|h))+\Z")


def is_schedule(schedule: str) -> bool:
    """Whether the text is a cron schedule of five fields, or a macro such as `@daily`."""
    if schedule.startswith("@"):
        return schedule in _MACROS or bool(_EVERY.match(schedule))
    fields = schedule.split()
    return len(fields) == len(_BOUNDS) and all(
        _is_cron_part(part, position) for position, field in enumerate(fields) for part in field.split(",")
    )


def _is_cron_part(part: str, position: int) -> bool:
    span, slash, step = part.partition("/")
    if slash and not whole_number(step):
        return False
    if span in ("*", "?"):
        return True
    low, dash, high = span.partition("-")
    ends = [_cron_number(end, position) for end in ((low, high) if dash else (low,))]
    least, most = _BOUNDS[position]
    numbers = [end for end in ends if end is not None]
    return (
        len(numbers) == len(ends) and all(least <= n <= most for n in numbers) and numbers[0] <= numbers[-1]
    )


def _cron_number(word: str, position: int) -> int | None:
    number = whole_number(word)
    return _NAMES.get(position, {}).get(word.lower()) if number is None else number


def disruption_budget(manifest: Manifest) -> Iterator[Violation]:
    """Problems of a PodDisruptionBudget: minAvailable and maxUnavailable exclude each other."""
    if manifest.spec.get("minAvailable") is not None and manifest.spec.get("maxUnavailable") is not None:
        yield Violation(("spec", "maxUnavailable"), "minAvailable and maxUnavailable cannot both be set")


_METRIC_FIELDS = {
    "Resource": "resource",
    "ContainerResource": "containerResource",
    "Pods": "pods",
    "Object": "object",
    "External": "external",
}


def autoscaler(manifest: Manifest) -> Iterator[Violation]:
    """Problems of a HorizontalPodAutoscaler: each metric needs the section of its type."""
    for index, metric in mappings(manifest.spec.get("metrics")):
        path: FieldPath = ("spec", "metrics", index)
        field = _METRIC_FIELDS.get(text(metric.get("type")))
        if field and not isinstance(metric.get(field), dict):
            yield Violation(
                (*path, field), f'field "{field}" is required for a metric of type {metric["type"]}'
            )


def config_map(manifest: Manifest) -> Iterator[Violation]:
    """Problems of a ConfigMap: keys, a key in both data and binaryData, and size."""
    yield from _keys(manifest, "data", "binaryData")
    for key in mapping(manifest.data.get("binaryData")):
        if key in mapping(manifest.data.get("data")):
            yield Violation(("binaryData", key), f'key "{key}" is in data too')
    yield from _base64(manifest, "binaryData")
    size = sum(len(v.encode()) for v in mapping(manifest.data.get("data")).values() if isinstance(v, str))
    if size > _MAXIMUM_SIZE:
        yield Violation(("data",), f"data takes {size} bytes, more than the {_MAXIMUM_SIZE} of a ConfigMap")


def secret(manifest: Manifest) -> Iterator[Violation]:
    """Problems of a Secret: keys, encoding, and the keys that its type requires."""
    yield from _keys(manifest, "data", "stringData")
    yield from _base64(manifest, "data")
    kind = text(manifest.data.get("type"))
    keys = {*mapping(manifest.data.get("data")), *mapping(manifest.data.get("stringData"))}
    groups = _SECRET_KEYS.get(kind)
    if groups and not any(keys.issuperset(group) for group in groups):
        missing = [key for key in groups[0] if key not in keys]
        yield Violation(("data",), f"a Secret of type {kind} needs the key {' and '.join(missing)}")
    if kind == "kubernetes.io/service-account-token" and _ACCOUNT not in manifest.annotations:
        where = ("metadata", "annotations", _ACCOUNT)
        yield Violation(where, f"a Secret of type {kind} needs the annotation {_ACCOUNT}")
    document = mapping(manifest.data.get("stringData")).get(".dockerconfigjson")
    if kind == "kubernetes.io/dockerconfigjson" and isinstance(document, str) and not _is_json(document):
        yield Violation(("stringData", ".dockerconfigjson"), ".dockerconfigjson is not JSON")


def _is_json(document: str) -> bool:
    try:
        json.loads(document)
    except ValueError:
        return False
    return True


def _keys(manifest: Manifest, *fields: str) -> Iterator[Violation]:
    for field in fields:
        for key in mapping(manifest.data.get(field)):
            if not is_config_key(str(key)):
                yield Violation((field, key), f'key "{key}" may only have letters, digits, "-", "_" and "."')


def _base64(manifest: Manifest, field: str) -> Iterator[Violation]:
    for key, value in mapping(manifest.data.get(field)).items():
        if not isinstance(value, str):
            continue
        try:
            # The API server ignores line breaks, as Go's decoder does.
            base64.b64decode(value.replace("\n", "").replace("\r", ""), validate=True)
        except (binascii.Error, ValueError):
            yield Violation(
                (field, key), f'the value of "{key}" is not base64; plain text belongs in stringData'
            )


def claim(manifest: Manifest) -> Iterator[Violation]:
    """Problems of a PersistentVolumeClaim: it needs access modes."""
    yield from _claim_spec(manifest.spec, ("spec",))


def stateful_set(manifest: Manifest) -> Iterator[Violation]:
    """Problems of a StatefulSet: its claim templates need access modes."""
    for index, template in mappings(manifest.spec.get("volumeClaimTemplates")):
        yield from _claim_spec(mapping(template.get("spec")), ("spec", "volumeClaimTemplates", index, "spec"))


def _claim_spec(spec: JsonObject, path: FieldPath) -> Iterator[Violation]:
    if not sequence(spec.get("accessModes")):
        yield Violation((*path, "accessModes"), "a claim needs at least one access mode")


def role(manifest: Manifest) -> Iterator[Violation]:
    """Problems of a Role or ClusterRole: a rule needs verbs, and resources with their groups or URLs."""
    for index, rule in mappings(manifest.data.get("rules")):
        path: FieldPath = ("rules", index)
        urls, resources = sequence(rule.get("nonResourceURLs")), sequence(rule.get("resources"))
        groups = sequence(rule.get("apiGroups"))
        if isinstance(rule.get("verbs"), list) and not rule["verbs"]:
            yield Violation((*path, "verbs"), "a rule needs at least one verb")
        if urls:
            if manifest.kind == "Role":
                yield Violation((*path, "nonResourceURLs"), "a Role cannot grant URLs; a ClusterRole can")
            if resources or groups:
                yield Violation((*path, "nonResourceURLs"), "one rule cannot grant both resources and URLs")
            continue
        if not groups:
            yield Violation((*path, "apiGroups"), 'a rule for resources needs an API group ("" is core)')
        if not resources:
            yield Violation((*path, "resources"), "a rule needs resources or nonResourceURLs")


def binding(manifest: Manifest) -> Iterator[Violation]:
    """Problems of a RoleBinding or ClusterRoleBinding: its role and its subjects."""
    reference = mapping(manifest.data.get("roleRef"))
    allowed = ("ClusterRole",) if manifest.kind == "ClusterRoleBinding" else ("Role", "ClusterRole")
    if isinstance(reference.get("kind"), str) and reference["kind"] not in allowed:
        yield Violation(
            ("roleRef", "kind"), f"roleRef.kind is {reference['kind']}, not {' or '.join(allowed)}"
        )
    if isinstance(reference.get("apiGroup"), str) and reference["apiGroup"] not in ("", _RBAC):
        yield Violation(("roleRef", "apiGroup"), f"roleRef.apiGroup must be {_RBAC}")
    for index, subject in mappings(manifest.data.get("subjects")):
        path: FieldPath = ("subjects", index)
        kind, group = text(subject.get("kind")), text(subject.get("apiGroup"))
        if kind == "ServiceAccount":
            if group:
                yield Violation((*path, "apiGroup"), f'a ServiceAccount is of the core group "", not {group}')
            # In a RoleBinding it means the binding's own namespace.
            if not subject.get("namespace") and manifest.kind == "ClusterRoleBinding":
                yield Violation(
                    (*path, "namespace"), f'ServiceAccount "{subject.get("name")}" needs a namespace'
                )
        elif kind in ("User", "Group"):
            if group not in ("", _RBAC):
                yield Violation((*path, "apiGroup"), f"a {kind} is of {_RBAC}, not {group}")
        elif kind:
            yield Violation((*path, "kind"), f"a subject is a ServiceAccount, User or Group, not a {kind}")
