"""Finds the entry of a kustomization that set a field: images, replicas, labels, namespace, generators etc.

Source: kustomize API types (api/types/kustomization.go, v0.21): each transformer's `configuredBy.kind` names
the field of the kustomization that it came from.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable

from kustodian.kubernetes.syntax.image_reference import split_as_kustomize
from kustodian.model.json_value import FieldPath, dig
from kustodian.model.manifest import Manifest, Step
from kustodian.repository.source_map import SourceNode
from kustodian.review.locate.source_path import Place, Subject

_Entry = Callable[[SourceNode, Subject, FieldPath], SourceNode | None]


def entry_that_sets(kustomization: SourceNode, step: Step, subject: Subject, path: FieldPath) -> Place | None:
    """The place of the entry of `step` that set the (existing) field, None if it did not set it."""
    finder = _FINDERS.get(step.kind)
    node = finder(kustomization, subject, path) if finder else None
    return Place(step.configured_in, node) if node is not None else None


def generator_entry(kustomization: SourceNode, generator: Step, manifest: Manifest) -> SourceNode | None:
    """The entry of configMapGenerator, secretGenerator or helmCharts that made the object."""
    field = _GENERATOR_FIELDS.get(generator.kind)
    entries = kustomization.at((field,)) if field else None
    best: tuple[int, SourceNode] | None = None
    for entry in entries.entries() if entries is not None else ():
        name = entry.scalar("name") or entry.scalar("releaseName") or ""
        # The rendered name has a hash suffix, and perhaps a prefix; the longest name that fits made it.
        if name and name in manifest.name and (best is None or len(name) > best[0]):
            best = (len(name), entry)
    return best[1] if best else entries


def generated_field(origin: Place, generator: Step, path: FieldPath) -> Place | None:
    """The literal, file or option of a generator entry that a field of the generated object came from."""
    entry = origin.node
    if not path or path == ("metadata",):
        return origin
    if path[0] in ("data", "binaryData", "stringData") and len(path) > 1:
        node = _generated_key(entry, str(path[1]))
        return Place(origin.file, node or entry)
    if path == ("metadata", "name"):
        return Place(origin.file, entry.at(("name",)) or entry)
    if path[:2] in (("metadata", "labels"), ("metadata", "annotations")):
        node = entry.at(("options", *path[1:])) or entry.at(("options",))
        return Place(origin.file, node) if node is not None else None
    return origin if generator.kind in _GENERATOR_FIELDS else None


def _generated_key(entry: SourceNode, key: str) -> SourceNode | None:
    for item in entry.entries("literals"):
        if (item.text or "").partition("=")[0].strip() == key:
            return item
    for item in entry.entries("files"):
        name, separator, _ = (item.text or "").partition("=")
        if (name if separator else posixpath.basename(name)) == key:
            return item
    return entry.at(("envs",)) or entry.at(("env",))


def _image(kustomization: SourceNode, subject: Subject, path: FieldPath) -> SourceNode | None:
    if not path or path[-1] not in ("image", "reference"):
        return None
    value = dig(subject.manifest.data, path)
    if not isinstance(value, str):
        return None
    name, tag, digest = split_as_kustomize(value)
    for entry in reversed(kustomization.entries("images")):
        new_name = entry.scalar("newName") or entry.scalar("name")
        if new_name is None or (new_name.partition(":")[0] != name and new_name != name):
            continue
        if digest and entry.scalar("digest") == digest:
            return entry.at(("digest",))
        if tag and entry.scalar("newTag") == tag:
            return entry.at(("newTag",))
        if entry.at(("digest",)) is None and entry.at(("newTag",)) is None:
            return entry.at(("newName",)) or entry
    return None


def _replicas(kustomization: SourceNode, subject: Subject, path: FieldPath) -> SourceNode | None:
    if path != ("spec", "replicas"):
        return None
    for entry in kustomization.entries("replicas"):
        if subject.has_name(entry.scalar("name") or ""):
            return entry.at(("count",)) or entry
    return None


def _labels(kustomization: SourceNode, subject: Subject, path: FieldPath) -> SourceNode | None:
    if len(path) < 2 or not {"labels", "matchLabels", "selector"} & set(path):
        return None
    key = path[-1]
    value = dig(subject.manifest.data, path)
    if isinstance(value, dict):
        return None
    for entry in reversed(kustomization.entries("labels")):
        node = entry.at(("pairs", key))
        if node is not None:
            return node
    return kustomization.at(("commonLabels", key))


def _annotations(kustomization: SourceNode, subject: Subject, path: FieldPath) -> SourceNode | None:
    if len(path) < 2 or path[-2] != "annotations":
        return None
    return kustomization.at(("commonAnnotations", path[-1]))


def _namespace(kustomization: SourceNode, subject: Subject, path: FieldPath) -> SourceNode | None:
    is_namespace_name = subject.manifest.kind == "Namespace" and path == ("metadata", "name")
    if not path or (path[-1] != "namespace" and not is_namespace_name):
        return None
    node = kustomization.at(("namespace",))
    return node if node is not None and dig(subject.manifest.data, path) == node.text else None


def _affix(field: str) -> _Entry:
    def find(kustomization: SourceNode, subject: Subject, path: FieldPath) -> SourceNode | None:
        return kustomization.at((field,)) if path == ("metadata", "name") else None

    return find


_FINDERS: dict[str, _Entry] = {
    "ImageTagTransformer": _image,
    "ReplicaCountTransformer": _replicas,
    "LabelTransformer": _labels,
    "AnnotationsTransformer": _annotations,
    "NamespaceTransformer": _namespace,
    "PrefixTransformer": _affix("namePrefix"),
    "SuffixTransformer": _affix("nameSuffix"),
}

_GENERATOR_FIELDS = {
    "ConfigMapGenerator": "configMapGenerator",
    "SecretGenerator": "secretGenerator",
    "HelmChartInflationGenerator": "helmCharts",
}
