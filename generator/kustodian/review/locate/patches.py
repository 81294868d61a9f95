"""Which patch of a kustomization set a field: strategic merge or JSON 6902, in a file or inline.

Source: kustomize API types Patch, Selector (api/types/patch.go, selector.go): a target's group, version,
kind, name and namespace are anchored regular expressions; label and annotation selectors match as usual.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from typing import NamedTuple

from kustodian.model.field_path import parse_json_pointer
from kustodian.model.json_value import FieldPath, dig
from kustodian.model.linear_pattern import matches_whole
from kustodian.repository.source_map import SourceFile, SourceMaps, SourceNode
from kustodian.review.locate.inline_yaml import inline_documents
from kustodian.review.locate.source_path import AS_IS, InlinePlace, Place, Subject, align


class Patch(NamedTuple):
    """One patch document: where it is written, its root node, and the target that its entry names."""

    file: str
    node: SourceNode
    target: SourceNode | None
    inline: InlinePlace = AS_IS

    def place(self, node: SourceNode) -> Place:
        """A node of the patch as a place in its file."""
        return Place(self.file, node, self.inline)


def patch_that_sets(
    maps: SourceMaps, kustomization: SourceNode, file: str, subject: Subject, path: FieldPath, removing: bool
) -> Place | None:
    """The place, in the last patch of the kustomization that touches this field of the object.

    With `removing`, the patches that removed the (now absent) field or an ancestor; else those that set it.
    """
    for patch in reversed(list(_patches(maps, kustomization, file))):
        if not _applies(patch, subject):
            continue
        if patch.node.is_list:
            node = _json6902(patch.node, subject, path, removing)
        elif removing:
            node = _merge_removes(patch.node, subject, path)
        else:
            node = align(patch.node, subject.manifest.data, path)
        if node is not None:
            return patch.place(node)
    return None


def _patches(maps: SourceMaps, kustomization: SourceNode, file: str) -> Iterator[Patch]:
    """Every patch document of a kustomization, in the order kustomize applies them."""
    source = maps.file(file)
    for name in ("patchesStrategicMerge", "patches", "patchesJson6902"):
        for entry in kustomization.entries(name):
            target = entry.at(("target",))
            if entry.text is not None:
                yield from _merge_entry(maps, source, file, entry)
            elif (named := entry.scalar("path")) is not None:
                yield from _from_file(maps, posixpath.join(posixpath.dirname(file), named), target)
            elif (inline := entry.at(("patch",))) is not None and source is not None:
                yield from _from_text(source, file, inline, target)


def _merge_entry(
    maps: SourceMaps, source: SourceFile | None, file: str, entry: SourceNode
) -> Iterator[Patch]:
    """An entry of patchesStrategicMerge: a file name, or the patch itself."""
    text = entry.text or ""
    if "\n" in text or ":" in text:
        if source is not None:
            yield from _from_text(source, file, entry, None)
    else:
        yield from _from_file(maps, posixpath.join(posixpath.dirname(file), text), None)


def _from_file(maps: SourceMaps, name: str, target: SourceNode | None) -> Iterator[Patch]:
    name = posixpath.normpath(name)
    for document in maps.documents(name):
        yield Patch(name, document, target)


def _from_text(
    source: SourceFile, file: str, scalar: SourceNode, target: SourceNode | None
) -> Iterator[Patch]:
    for document, inline in inline_documents(source, scalar):
        yield Patch(file, document, target, inline)


def _applies(patch: Patch, subject: Subject) -> bool:
    if patch.target is not None:
        return _target_selects(patch.target, subject, any_kind=_sets_kind(patch.node, subject.manifest.kind))
    manifest = subject.manifest
    kind, name = patch.node.scalar("kind"), patch.node.scalar("metadata", "name")
    return kind == manifest.kind and name is not None and subject.has_name(name)


def _sets_kind(patch: SourceNode, kind: str) -> bool:
    """Whether a patch sets the kind that the object has, which may have had another kind before."""
    if not patch.is_list:
        return patch.scalar("kind") == kind
    return any(one.scalar("path") == "/kind" and one.scalar("value") == kind for one in patch.entries())


def _target_selects(target: SourceNode, subject: Subject, *, any_kind: bool) -> bool:
    manifest = subject.manifest
    version = manifest.api_version.rpartition("/")[2]
    for key, value in (("group", manifest.group), ("version", version), ("kind", manifest.kind)):
        pattern = target.scalar(key)
        if not any_kind and pattern and not matches_whole(pattern, value):
            return False
    name = target.scalar("name")
    if name and not subject.has_name(name, pattern=True):
        return False
    labels = target.scalar("labelSelector")
    return not labels or _selector_text_matches(labels, manifest.labels)


def _selector_text_matches(text: str, labels: dict[str, str]) -> bool:
    """The `key=value,key!=value,key,!key` form of a label selector; set-based forms always match."""
    if "(" in text:
        return True
    for term in (part.strip() for part in text.split(",")):
        key, operator, value = _term(term)
        holds = labels.get(key) == value if operator == "=" else labels.get(key) != value
        if operator == "exists":
            holds = key in labels
        elif operator == "absent":
            holds = key not in labels
        if not holds:
            return False
    return True


def _term(term: str) -> tuple[str, str, str]:
    if "!=" in term:
        key, _, value = term.partition("!=")
        return key.strip(), "!=", value.strip()
    if "=" in term:
        key, _, value = term.replace("==", "=").partition("=")
        return key.strip(), "=", value.strip()
    return (term[1:].strip(), "absent", "") if term.startswith("!") else (term, "exists", "")


def _merge_removes(patch: SourceNode, subject: Subject, path: FieldPath) -> SourceNode | None:
    """Where a strategic-merge patch removes the field or an ancestor: null, or `$patch: delete|replace`."""
    for depth in range(len(path), 0, -1):
        node = align(patch, subject.manifest.data, path[:depth])
        if node is not None and node.is_null:
            return node
    for depth in range(len(path), -1, -1):
        node = align(patch, subject.manifest.data, path[:depth])
        if node is None:
            continue
        directive = node.at(("$patch",))
        if directive is not None and directive.text in ("delete", "replace"):
            return directive
    return None


def _json6902(operations: SourceNode, subject: Subject, path: FieldPath, removing: bool) -> SourceNode | None:
    """The last operation that set the field (or an ancestor), or removed it."""
    for operation in reversed(operations.entries()):
        name, pointer = operation.scalar("op"), operation.scalar("path")
        if name is None or pointer is None:
            continue
        target = parse_json_pointer(pointer, subject.manifest.data)
        if removing:
            if name in ("remove", "move", "replace") and path[: len(target)] == target:
                return operation.at(("path",)) or operation
        elif name in ("add", "replace", "copy", "move") and path[: len(target)] == target:
            value = operation.at(("value",))
            inner = align(value, dig(subject.manifest.data, target), path[len(target) :])
            if inner is not None:
                return inner
            if value is None or len(target) == len(path):
                return operation.at(("path",)) or operation
    return None
