"""A field that a kustomize replacement set: the line to edit is the value it was copied from.

Source: kustomize API types (api/types/replacement.go, v0.21): `source` names an object and a fieldPath
(default metadata.name), `targets` select objects and list their fieldPaths.
"""

from __future__ import annotations

import posixpath

from kustodian.model.field_path import split_kustomize_path
from kustodian.model.json_value import FieldPath
from kustodian.repository.source_map import SourceMaps, SourceNode
from kustodian.review.locate.source_path import Place, Subject


def replaced_value(
    maps: SourceMaps, kustomization: SourceNode, file: str, subject: Subject, path: FieldPath
) -> Place | None:
    """The value that the last matching replacement copied into the field.

    If the source object is in no file because a generator made it, the place is the replacement's fieldPath.
    None if no replacement targets the field.
    """
    for where, entry in reversed(_entries(maps, kustomization, file)):
        node = _target_field(entry, subject, path)
        if node is not None:
            return _source_value(maps, entry, subject) or Place(where, node)
    return None


def _entries(maps: SourceMaps, kustomization: SourceNode, file: str) -> list[tuple[str, SourceNode]]:
    """The replacements of a kustomization, those in files of their own (`path:`) included."""
    replacements: list[tuple[str, SourceNode]] = []
    for entry in kustomization.entries("replacements"):
        path = entry.scalar("path")
        if path is None:
            replacements.append((file, entry))
            continue
        name = posixpath.normpath(posixpath.join(posixpath.dirname(file), path))
        for document in maps.documents(name):
            items = document.entries() if document.is_list else (document,)
            replacements += [(name, item) for item in items]
    return replacements


def _target_field(entry: SourceNode, subject: Subject, path: FieldPath) -> SourceNode | None:
    plain_path = _plain(path)
    for target in entry.entries("targets"):
        kind = target.scalar("select", "kind")
        name = target.scalar("select", "name")
        if (kind and kind != subject.manifest.kind) or (name and not subject.has_name(name)):
            continue
        for node in target.entries("fieldPaths"):
            if _plain(split_kustomize_path(node.text or "")) == plain_path:
                return node
    return None


def _source_value(maps: SourceMaps, entry: SourceNode, subject: Subject) -> Place | None:
    kind, name = entry.scalar("source", "kind"), entry.scalar("source", "name")
    path = split_kustomize_path(entry.scalar("source", "fieldPath") or "metadata.name")
    if kind is None or name is None:
        return None
    for file in sorted(subject.files):
        if not file.endswith((".yaml", ".yml")):
            continue
        for document in maps.documents(file):
            if document.scalar("kind") == kind and document.scalar("metadata", "name") == name:
                node = document.at(path)
                if node is not None:
                    return Place(file, node)
    return None


def _plain(path: FieldPath) -> tuple[str, ...]:
    """A path with every list position as `*`; `[app.kubernetes.io/version]` is a plain mapping key."""
    return tuple(
        "*"
        if isinstance(p, int) or p == "*" or ("=" in p and p.startswith("[")) or p.isdigit()
        else p.strip("[]")
        for p in path
    )
