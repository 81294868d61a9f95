"""Field differs between staging and prod although it should be the same in all environments.

Why: What was tested in staging is not what runs in prod: a probe, a port, a permission or a policy that
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
    allowed: fields in which environments may differ. An entry is a field name at any depth, or consecutive
        names joined with dots (`env.value`). `*` stands for any one name, of which only the value may
        differ; a leading `Kind:` limits the entry to one kind.
    alsoAllowed: further such fields, in addition to `allowed`.

Notes: The rule compares objects of the same kind and name in the overlays of one application, without the
    environment's name, namespace, name prefix, own labels and content hashes. Settings may differ by
    default: replicas, resources, images, hosts, namespaces, placement, schedules, annotations, values of
    environment variables, flags and ConfigMaps. A variable, flag, key or container that exists in only one
    environment is reported. An object that exists in only one environment is not.

Source: The Twelve-Factor App, X. "Dev/prod parity", https://12factor.net/dev-prod-parity
"""

from __future__ import annotations

import posixpath
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from kustodian.argocd.applications import source_of
from kustodian.kustomize.environment_pairs import environment_pairs
from kustodian.model.environment import EnvironmentClass
from kustodian.model.field_path import format_path
from kustodian.model.json_value import FieldPath, mappings, string_map, text
from kustodian.model.manifest import Manifest
from kustodian.model.measure import Amount, hidden_entry, members, several
from kustodian.model.overlay import RenderedOverlay
from kustodian.model.repository.view import RepositoryView
from kustodian.model.violation import SourceViolation
from kustodian.policy.rule import Context, Option, Reach, RepositoryRule, Worse
from kustodian.policy.rules.kustomize._difference import Allowed, Difference, Normalizer, differences

#: Common words for environments that may be part of other names.
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
#: Mappings of many settings: each of their fields is reported separately.
_MANY_SETTINGS = frozenset({"spec", "metadata", "data", "labels", "binaryData", "stringData", "template"})
_SKIPPED_KINDS = ("CustomResourceDefinition",)


def check(view: RepositoryView, context: Context) -> Iterator[SourceViolation]:
    """One violation for each kind and field, at the first object of prod that has it."""
    allowed = [*context.options["allowed"], *context.options["alsoAllowed"]]
    for staging, prod in environment_pairs(view, EnvironmentClass.STAGING, EnvironmentClass.PROD):
        normalizers = (_normalizer(view, staging), _normalizer(view, prod))
        own_labels = _label_keys(view, staging) | _label_keys(view, prod)
        by_field: dict[tuple[str, tuple[str, ...]], list[tuple[Manifest, list[Difference]]]] = defaultdict(
            list
        )
        for before, after in _pairs(staging, prod, normalizers):
            by_parent: dict[tuple[str, ...], list[Difference]] = defaultdict(list)
            is_allowed = _allowed_by(allowed, own_labels, after.kind)
            for difference in differences(before.data, after.data, normalizers, is_allowed):
                by_parent[_reported_names(difference)].append(difference)
            for names, group in by_parent.items():
                by_field[after.kind, names].append((after, group))
        for places in by_field.values():
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
    """The keys of labels that the kustomizations of an overlay add; environments may differ in them."""
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
    """The objects that both overlays have, matched by group, kind and normalized name."""
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


def _reported_names(difference: Difference) -> tuple[str, ...]:
    """The names of the field, or of the mapping around it if that is one setting (a probe)."""
    parent = difference.path[-2:-1]
    whole = bool(parent) and isinstance(parent[0], str) and parent[0] not in _MANY_SETTINGS
    return difference.names[:-1] if whole and isinstance(difference.path[-1], str) else difference.names


def _allowed_by(patterns: list[str], labels: set[str], kind: str) -> Allowed:
    """Allows a field to differ if its names end with one of the patterns.

    A pattern that ends in `*` allows another value but not a missing field: a key that only one environment
    has is a difference in what is configured.
    """
    by_last_name: dict[str, list[tuple[str, ...]]] = defaultdict(list)
    for pattern in patterns:
        only_kind, _, names = pattern.rpartition(":")
        if not only_kind or only_kind == kind:
            parts = (names,) if "/" in names else tuple(names.split("."))
            by_last_name[parts[-1]].append(parts)

    def is_allowed(names: tuple[str, ...], absent: bool) -> bool:
        return (
            names[-1] in labels
            or any(_is_end(pattern, names) for pattern in by_last_name.get(names[-1], ()))
            or (not absent and any(_is_end(pattern, names) for pattern in by_last_name.get("*", ())))
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
        comparison = f"{format_path(path)} {_compared(first, staging, prod)}"
    else:
        fields = ", ".join(dict.fromkeys(difference.names[-1] for difference in group))
        comparison = f"{format_path(path)} differs from {staging.overlay.path} in {fields}"
    more = f" (and in {len(places) - 1} more)" if len(places) > 1 else ""
    file, document, _ = source_of(view, manifest)
    message = f"{manifest.kind} {manifest.name}: {comparison}{more}"
    differing = members(_entry(difference) for _, each in places for difference in each)
    measure = several(fields=differing, objects=Amount(len(places)))
    return SourceViolation(file, path, message, document, prod.overlay.path, manifest, measure=measure)


def _entry(difference: Difference) -> str:
    """A field with what differs; what both environments have in a list may change without a word."""
    earlier, later = difference.earlier, difference.later
    if isinstance(earlier, list) and isinstance(later, list):
        both = [item for item in earlier if item in later]
        earlier, later = ([item for item in side if item not in both] for side in (earlier, later))
    return hidden_entry(".".join(difference.names), [earlier, later])


def _compared(difference: Difference, staging: RenderedOverlay, prod: RenderedOverlay) -> str:
    before, after = staging.overlay.path, prod.overlay.path
    earlier, later = difference.earlier, difference.later
    if earlier in (None, []):
        return f"is set in {after} and not in {before}{_names_in(later)}"
    if later in (None, []):
        return f"is set in {before} and not in {after}{_names_in(earlier)}"
    if isinstance(later, dict | list) or isinstance(earlier, dict | list):
        return f"differs from {before}"
    return f"is {later} in {after} and {earlier} in {before}"


def _names_in(value: Any) -> str:
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
    worse=Worse.BY_MEASURE,
    tags=("drift",),
    options={
        "allowed": Option(ALLOWED, "fields in which environments may differ"),
        "alsoAllowed": Option((), "further fields in which environments may differ"),
    },
)
