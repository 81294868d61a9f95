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

    Where the source object is not written in a file (a generator made it), the replacement's own
    fieldPath is the place. None where no replacement targets the field.
    """
    for where, entry in reversed(_entries(maps, kustomization, file)):
        node = _target_field(entry, subject, path)
        if node is not None:
            return _source_value(maps, entry, subject) or Place(where, node)
    return None


def _entries(maps: SourceMaps, kustomization: SourceNode, file: str) -> list[tuple[str, SourceNode]]:
    """The replacements of a kustomization, those in files of their own (`path:`) included."""
    found: list[tuple[str, SourceNode]] = []
    entries = kustomization.at(("replacements",))
    for entry in entries.children.values() if entries is not None else ():
        named = entry.scalar("path")
        if named is None:
            found.append((file, entry))
            continue
        where = posixpath.normpath(posixpath.join(posixpath.dirname(file), named))
        source = maps.file(where)
        for document in source.documents if source is not None else ():
            items = document.children.values() if document.is_list else (document,)
            found += [(where, item) for item in items]
    return found


def _target_field(entry: SourceNode, subject: Subject, path: FieldPath) -> SourceNode | None:
    wanted = _plain(path)
    targets = entry.at(("targets",))
    for target in targets.children.values() if targets is not None else ():
        kind = target.scalar("select", "kind")
        name = target.scalar("select", "name")
        if (kind and kind != subject.manifest.kind) or (name and not subject.has_name(name)):
            continue
        fields = target.at(("fieldPaths",))
        for node in fields.children.values() if fields is not None else ():
            if _plain(split_kustomize_path(node.text or "")) == wanted:
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
        source = maps.file(file)
        for document in source.documents if source is not None else ():
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
