"""The entry of a kustomization (or of a transformer's or generator's own file) that set a value.

The engine names the entry; which of its fields to show depends on the value. Source: kustomize API types
v0.21 (api/types/kustomization.go, image.go, replica.go, labels.go, generatorargs.go), and its plugins.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from kustodian.kubernetes.syntax.image_reference import split_as_kustomize
from kustodian.model.json_value import FieldPath
from kustodian.model.places import Written
from kustodian.repository.source_map import SourceFile, SourceMaps, SourceNode
from kustodian.review.locate.source_place import Place, inline_text

#: A step of an entry's path: a key or index, then `#` for the text in it, then `@` for a document of it.
_STEP = re.compile(r"(?P<key>[^#@]*)(?P<text>#?)(?:@(?P<line>\d+))?")


def place_of(maps: SourceMaps, written: Written, path: FieldPath, value: Any) -> Place | None:
    """The place of a value in its file; None if the file cannot be read or does not have it there."""
    source = written.source
    file = maps.file(source.file)
    if file is None or not file.documents:
        return None
    if not source.field:
        node = file.documents.starting_at(written.line, written.column)
        return Place(source.file, node) if node is not None else None
    place = _entry(file, Place(source.file, file.documents[0]), source.field, written)
    if place is None or place.node.text is not None or source.field.endswith("#"):
        return place
    node = _FIELDS.get(source.by, _whole)(place.node, path, value)
    return place._replace(node=node if node is not None else place.node)


def is_env_line(written: Written) -> bool:
    """Whether a generator read the value from a line of an `.env` file."""
    named_by = written.named_by
    return named_by is not None and "/envs/" in f"/{named_by.source.field}/"


def tag_of(written: Written) -> Written:
    """Where the tag of an image was written, if the entry that set the image sets only its name."""
    while written.source.by == "ImageTagTransformer" and written.before is not None:
        written = written.before[0]
    return written


def _entry(file: SourceFile, place: Place, field: str, written: Written) -> Place | None:
    """Follow the path of an entry, into texts and other documents."""
    documents: Sequence[SourceNode] = file.documents
    ends_in_text = False
    for word in field.split("/"):
        match = _STEP.fullmatch(word)
        if match is None:
            return None
        if match["key"]:
            child = place.node.at((int(match["key"]) if place.node.is_list else match["key"],))
            if child is None:
                return None
            place = place._replace(node=child)
        ends_in_text = bool(match["text"])
        if match["text"]:
            documents, inline = inline_text(file, place)
            if not documents:
                return place
            place = Place(place.file, documents[0], inline)
        if match["line"]:
            line = int(match["line"])
            place = place._replace(node=_document_at(documents, line))
            ends_in_text = False
    if ends_in_text and written.line:
        root = _document_at(documents, written.line)
        return place._replace(node=root.starting_at(written.line, written.column) or root)
    return place


def _document_at(documents: Sequence[SourceNode], line: int) -> SourceNode:
    """The last document that begins at or before a line."""
    best = documents[0]
    for document in documents:
        if document.span.line <= line:
            best = document
    return best


def _whole(entry: SourceNode, path: FieldPath, value: Any) -> SourceNode | None:
    del path, value
    return entry


def _image(entry: SourceNode, path: FieldPath, value: Any) -> SourceNode | None:
    """What decides which image it is: the digest, else the tag, else the name."""
    del path
    entry = entry.at(("imageTag",)) or entry
    _, tag, digest = split_as_kustomize(value if isinstance(value, str) else "")
    if digest and entry.scalar("digest") == digest:
        return entry.at(("digest",))
    if tag and entry.scalar("newTag") == tag:
        return entry.at(("newTag",))
    return entry.at(("newName",)) or entry.at(("newTag",)) or entry.at(("tagSuffix",))


def _replicas(entry: SourceNode, path: FieldPath, value: Any) -> SourceNode | None:
    del path, value
    return entry.at(("count",)) or entry.at(("replica", "count"))


def _of_key(*fields: str) -> Callable[[SourceNode, FieldPath, Any], SourceNode | None]:
    """The value of the entry under the last step of the path."""

    def find(entry: SourceNode, path: FieldPath, value: Any) -> SourceNode | None:
        del value
        candidates = (entry.at((field, path[-1])) if field else entry.at(path[-1:]) for field in fields)
        return next(filter(None, candidates), None) if path else None

    return find


def _field(*path: str) -> Callable[[SourceNode, FieldPath, Any], SourceNode | None]:
    def find(entry: SourceNode, _: FieldPath, value: Any) -> SourceNode | None:
        del value
        return entry.at(path)

    return find


def _generated(entry: SourceNode, path: FieldPath, value: Any) -> SourceNode | None:
    """The option of a generator that set a field of the object that it made."""
    del value
    if path == ("metadata", "name"):
        return entry.at(("name",)) or entry.at(("metadata", "name"))
    if path == ("metadata", "namespace"):
        return entry.at(("namespace",)) or entry.at(("metadata", "namespace"))
    if path[:2] in (("metadata", "labels"), ("metadata", "annotations")):
        return entry.at(("options", *path[1:])) or entry.at(("options",))
    if path == ("immutable",):
        return entry.at(("options", "immutable"))
    return entry.at(("type",)) if path == ("type",) else None


_FIELDS: dict[str, Callable[[SourceNode, FieldPath, Any], SourceNode | None]] = {
    "AnnotationsTransformer": _of_key("", "annotations"),
    "ConfigMapGenerator": _generated,
    "ImageTagTransformer": _image,
    "LabelTransformer": _of_key("pairs", "", "labels"),
    "NamespaceTransformer": _field("metadata", "namespace"),
    "PrefixTransformer": _field("prefix"),
    "ReplicaCountTransformer": _replicas,
    "SecretGenerator": _generated,
    "SuffixTransformer": _field("suffix"),
}
