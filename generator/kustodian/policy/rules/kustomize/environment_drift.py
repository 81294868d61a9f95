"""Field differs between staging and prod although environments should be alike in it.

Why: What was tried in staging is not what runs in prod: a probe, a port, a permission or a policy that
differs is first tested on users.

Fix: Move the setting into the base or a component that both overlays use, or add the field to `allowed` if
environments may differ in it.

Wrong:
    # overlays/prod only
    patches:
      - patch: |-
          - {op: remove, path: /spec/template/spec/containers/0/readinessProbe}

Right:
    # base/deployment.yaml, the same in every environment
    readinessProbe: {}

Options:
    allowed: fields in which environments may differ, each a field name wherever it stands, several names in
    a row joined with dots (`env.value`), `*` for any one name (of which only the value may differ), with
    `Kind:` in front for one kind.
    alsoAllowed: further such fields, kept beside the default list.

Notes:
    Compared are objects of the same kind and name in the overlays of one application, after the
    environment's name, namespace, name prefix, own labels and content hashes are taken out. Settings may
    differ by default: replicas, resources, images, hosts, namespaces, placement, schedules, annotations,
    values of environment variables, flags and ConfigMaps. That a variable, flag, key or container exists in
    one environment only is reported. Objects that one environment has and the other has not are left alone.

Source: The Twelve-Factor App, X. "Dev/prod parity", https://12factor.net/dev-prod-parity
"""

from __future__ import annotations

import posixpath
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from kustodian.argocd.applications import source_of
from kustodian.model.environment import EnvironmentClass
from kustodian.model.field_path import FieldPath, format_path
from kustodian.model.json_value import mappings, string_map, text
from kustodian.model.manifest import Manifest
from kustodian.model.overlay import RenderedOverlay
from kustodian.model.repository_view import RepositoryView
from kustodian.model.violation import SourceViolation
from kustodian.policy.rule import Context, Option, Reach, RepositoryRule
from kustodian.policy.rules.kustomize._difference import Allowed, Difference, Normalizer, differences
from kustodian.policy.rules.kustomize._environments import environment_pairs

#: Short forms of environments that names carry beside the name itself.
_WORDS = {
    EnvironmentClass.STAGING: {"staging", "stage", "stg"},
    EnvironmentClass.PROD: {"prod", "production", "prd"},
    EnvironmentClass.DEV: {"dev"},
}
ALLOWED = (
    # scale and size
    "replicas", "minReplicas", "maxReplicas", "minReplicaCount", "maxReplicaCount", "idleReplicaCount",
    "minAvailable", "maxUnavailable", "maxSurge", "averageUtilization", "averageValue",
    "target.value", "threshold",
    "fallback.replicas", "resources", "sizeLimit", "storage", "capacity", "hard", "LimitRange:limits",
    "storageClassName", "parallelism", "nominalQuota",
    # version
    "image", "tag", "digest", "newTag", "storageUri", "revision", "modelRevision", "version",
    "app.kubernetes.io/version", "app.kubernetes.io/instance", "helm.sh/chart",
    # place
    "namespace", "host", "hosts", "hostname", "hostnames", "dnsNames", "cidr", "except", "url", "uri",
    "endpoint", "server", "serverAddress", "bucket", "ingressClassName", "parentRefs.name", "gateways",
    "secretStoreRef.name",
    "remoteRef.key", "issuerRef.name", "nodeSelector", "tolerations", "affinity", "topologySpreadConstraints",
    "priorityClassName", "runtimeClassName",
    # settings
    "annotations", "labels.environment", "labels.env", "labels.stage", "labels.tier", "env.value",
    "ConfigMap:data.*", "ConfigMap:binaryData.*", "Secret:data.*", "Secret:stringData.*", "encryptedData.*",
    "schedule", "schedules", "suspend", "severity",
)  # fmt: skip
#: Mappings that hold many settings: each field of them is reported by itself.
_NO_SETTING = frozenset({"spec", "metadata", "data", "labels", "binaryData", "stringData", "template"})
_SKIPPED_KINDS = ("CustomResourceDefinition",)


def check(view: RepositoryView, context: Context) -> Iterator[SourceViolation]:
    """One violation for each kind and field, at the first object of prod that has it."""
    allowed = [*context.options["allowed"], *context.options["alsoAllowed"]]
    for staging, prod in environment_pairs(view, EnvironmentClass.STAGING, EnvironmentClass.PROD):
        normalizers = (_normalizer(view, staging), _normalizer(view, prod))
        own_labels = _label_keys(view, staging) | _label_keys(view, prod)
        found: dict[tuple[str, tuple[str, ...]], list[tuple[Manifest, list[Difference]]]] = defaultdict(list)
        for before, after in _pairs(staging, prod, normalizers):
            by_parent: dict[tuple[str, ...], list[Difference]] = defaultdict(list)
            is_allowed = _allow(allowed, own_labels, after.kind)
            for difference in differences(before.data, after.data, normalizers, is_allowed):
                by_parent[_cause(difference)].append(difference)
            for names, group in by_parent.items():
                found[after.kind, names].append((after, group))
        for places in found.values():
            yield _violation(view, staging, prod, places)


def _normalizer(view: RepositoryView, rendered: RenderedOverlay) -> Normalizer:
    environment = rendered.overlay.environment
    kustomization = view.graph.by_folder.get(rendered.overlay.path)
    data = kustomization.data if kustomization is not None else {}
    words = {environment.name or "", posixpath.basename(rendered.overlay.path)}
    return Normalizer(
        words | _WORDS[environment.environment_class],
        text(data.get("namespace")),
        text(data.get("namePrefix")),
        text(data.get("nameSuffix")),
    )


def _label_keys(view: RepositoryView, rendered: RenderedOverlay) -> set[str]:
    """The labels that kustomizations put on everything: what an overlay marks its objects with is its own."""
    root = view.graph.by_folder.get(rendered.overlay.path)
    keys: set[str] = set()
    for kustomization in view.graph.built_from(root) if root is not None else ():
        keys |= string_map(kustomization.data.get("commonLabels")).keys()
        for _, entry in mappings(kustomization.data.get("labels")):
            keys |= string_map(entry.get("pairs")).keys()
    return keys


def _pairs(
    staging: RenderedOverlay, prod: RenderedOverlay, normalizers: tuple[Normalizer, Normalizer]
) -> Iterator[tuple[Manifest, Manifest]]:
    """The objects that both have, by group, kind and name without the environment's words."""
    before: dict[tuple[str, str, str, str], Manifest] = {}
    for manifest in staging.objects:
        before.setdefault(_identity(manifest, normalizers[0]), manifest)
    for manifest in prod.objects:
        partner = before.get(_identity(manifest, normalizers[1]))
        if partner is not None and manifest.kind not in _SKIPPED_KINDS:
            yield partner, manifest


def _identity(manifest: Manifest, normalizer: Normalizer) -> tuple[str, str, str, str]:
    namespace = normalizer.text(manifest.namespace or "")
    return manifest.group, manifest.kind, namespace, normalizer.text(manifest.name)


def _cause(difference: Difference) -> tuple[str, ...]:
    """What is reported as one: the field, or the mapping around it where that is one setting (a probe)."""
    parent = difference.path[-2:-1]
    whole = bool(parent) and isinstance(parent[0], str) and parent[0] not in _NO_SETTING
    return difference.names[:-1] if whole and isinstance(difference.path[-1], str) else difference.names


def _allow(patterns: list[str], labels: set[str], kind: str) -> Allowed:
    """A field is allowed to differ where some pattern is the end of its names.

    A pattern that ends in `*` allows another value but not that the field is absent: a key that only one
    environment knows is a difference in what is configured.
    """
    wanted: dict[str, list[tuple[str, ...]]] = defaultdict(list)  # by the last name: every field asks
    for pattern in patterns:
        only, _, names = pattern.rpartition(":")
        if not only or only == kind:
            parts = (names,) if "/" in names else tuple(names.split("."))
            wanted[parts[-1]].append(parts)

    def is_allowed(names: tuple[str, ...], absent: bool) -> bool:
        return (
            names[-1] in labels
            or any(_is_end(pattern, names) for pattern in wanted.get(names[-1], ()))
            or (not absent and any(_is_end(pattern, names) for pattern in wanted.get("*", ())))
        )

    return is_allowed


def _is_end(pattern: tuple[str, ...], names: tuple[str, ...]) -> bool:
    end = names[-len(pattern) :]
    return len(end) == len(pattern) and all(p in ("*", n) for p, n in zip(pattern, end, strict=True))


def _violation(
    view: RepositoryView,
    staging: RenderedOverlay,
    prod: RenderedOverlay,
    places: list[tuple[Manifest, list[Difference]]],
) -> SourceViolation:
    manifest, group = places[0]
    first = group[0]
    path: FieldPath = first.path if len(group) == 1 else first.path[:-1]
    if len(group) == 1:
        what = f"{format_path(path)} {_compared(first, staging, prod)}"
    else:
        fields = ", ".join(dict.fromkeys(difference.names[-1] for difference in group))
        what = f"{format_path(path)} differs from {staging.overlay.path} in {fields}"
    more = f" (and in {len(places) - 1} more)" if len(places) > 1 else ""
    file, document, _ = source_of(view, manifest)
    message = f"{manifest.kind} {manifest.name}: {what}{more}"
    return SourceViolation(file, path, message, document, prod.overlay.path, manifest)


def _compared(difference: Difference, staging: RenderedOverlay, prod: RenderedOverlay) -> str:
    before, after = staging.overlay.path, prod.overlay.path
    earlier, later = difference.earlier, difference.later
    if earlier in (None, []):
        return f"is set in {after} and not in {before}{_named(later)}"
    if later in (None, []):
        return f"is set in {before} and not in {after}{_named(earlier)}"
    if isinstance(later, dict | list) or isinstance(earlier, dict | list):
        return f"differs from {before}"
    return f"is {later} in {after} and {earlier} in {before}"


def _named(value: Any) -> str:
    items = value if isinstance(value, list) else [value]
    names = [item["name"] for item in items if isinstance(item, dict) and isinstance(item.get("name"), str)]
    return f": {', '.join(names)}" if names else ""


RULE = RepositoryRule(
    id="environment-drift",
    topic="kustomize",
    severity="-/I/W",
    check=check,
    reach=Reach.PAIR,
    doc=__doc__,
    tags=("drift",),
    options={
        "allowed": Option(ALLOWED, "fields in which environments may differ"),
        "alsoAllowed": Option((), "further fields in which environments may differ"),
    },
)
