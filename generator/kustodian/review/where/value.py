"""One value of a rendered object: the text that it comes from, what put it there, and what it replaced."""

from __future__ import annotations

from typing import Any

from kustodian.model.finding import Location
from kustodian.model.json_value import FieldPath, dig
from kustodian.model.manifest import Manifest
from kustodian.model.places import Written
from kustodian.model.results.value_origins import Earlier, ValueOrigin
from kustodian.repository.source_map import SourceFile, SourceMaps
from kustodian.review.locate.entries import is_env_line, place_of
from kustodian.review.locate.locator import Locator
from kustodian.review.locate.source_place import Place

#: What put a value there, by the kind of kustomize's transformer or generator.
_BY = {
    "": "origin",
    "AnnotationsTransformer": "annotation",
    "ConfigMapGenerator": "generator",
    "HelmChartInflationGenerator": "helm",
    "ImageTagTransformer": "image",
    "LabelTransformer": "label",
    "NamespaceTransformer": "namespace",
    "PatchJson6902Transformer": "patch",
    "PatchStrategicMergeTransformer": "patch",
    "PatchTransformer": "patch",
    "PrefixTransformer": "prefix",
    "ReplacementTransformer": "replacement",
    "ReplicaCountTransformer": "replica",
    "SecretGenerator": "generator",
    "SuffixTransformer": "suffix",
}
_REASONS = {
    "helm": "a chart renders it",
    "image": "the entry sets a part of it",
    "prefix": "the prefix is a part of it",
    "suffix": "the suffix is a part of it",
}


def origin_of(locator: Locator, manifest: Manifest, path: FieldPath) -> ValueOrigin:
    """Where an existing value of an object is written."""
    value = dig(manifest.data, path)
    written = locator.written(manifest, path)
    if written is None:
        place = locator.place(manifest, path)
        by = "origin"
    else:
        is_yaml = written.named_by is None
        place = place_of(locator.maps, written, path, value) if is_yaml else None
        by = _by(written)
    reason = _why_not_exact(locator.maps, written, place, value, by)
    if not reason and by == "generator" and _has_hash(locator, manifest):
        reason = "the object's name has a hash of it, and changes as well"
    location = _location(locator.maps, place, written)
    return ValueOrigin(
        manifest.ref, path, value, location, by, not reason, reason,
        tuple(_chain(locator.maps, written, path)), line=_line(locator.maps, location),
    )  # fmt: skip


def _has_hash(locator: Locator, manifest: Manifest) -> bool:
    name = locator.written(manifest, ("metadata", "name"))
    return name is not None and name.computed


def _by(written: Written) -> str:
    kind = written.source.by
    return _BY.get(kind, kind)


def _chain(maps: SourceMaps, written: Written | None, path: FieldPath) -> list[Earlier]:
    chain = []
    while written is not None and written.before is not None:
        written, text = written.before
        place = place_of(maps, written, path, text)
        chain.append(Earlier(text, _location(maps, place, written), _by(written)))
    return chain


def _location(maps: SourceMaps, place: Place | None, written: Written | None) -> Location | None:
    """The location of a value at its place; without one, in the file where the engine says it was written."""
    return _node_location(maps, place) if place is not None else _file_line(maps, written)


def _node_location(maps: SourceMaps, place: Place) -> Location:
    """The location of a value in YAML; that of a block scalar begins at its first line of text."""
    location = place.value_location()
    file = maps.file(place.file)
    if file is None or place.node.text is None or place.inline.pinned is not None:
        return location
    opening = _text_at(file, location)
    if not opening.startswith(("|", ">")):
        return location
    indent = len(text := _text_at(file, Location(location.file, location.line + 1))) - len(text.lstrip(" "))
    return location._replace(line=location.line + 1, column=indent + 1)


def _file_line(maps: SourceMaps, written: Written | None) -> Location | None:
    """The place of a value in a file that is not YAML: a line of an `.env` file, or a whole file."""
    if written is None or not written.source.file or not written.line:
        return None
    file = maps.file(written.source.file)
    if file is None:
        return Location(written.source.file, written.line)
    if written.column or not is_env_line(written):
        return Location(written.source.file, written.line, max(written.column, 1))
    text = _text_at(file, Location(written.source.file, written.line))
    return Location(written.source.file, written.line, text.find("=") + 2, written.line, len(text) + 1)


def _why_not_exact(
    maps: SourceMaps, written: Written | None, place: Place | None, value: Any, by: str
) -> str:
    """Why no single text has the value; empty if the text at the place is the value."""
    if written is not None and written.computed:
        return "it follows from other values"
    if place is None:
        return _why_not_in_file(maps, written, value)
    if place.inline.pinned is not None:
        return "it is inside the text of another scalar"
    text = place.node.text
    if text is None:
        return _REASONS.get(by, "no text of a file has it")
    if place.node.key_span is not None and place.node.span[:2] < place.node.key_span[:2]:
        return "it is an alias"
    if not isinstance(value, str):
        return ""
    if text == value or (by == "generator" and _unquoted(text.partition("=")[2]) == value):
        return ""
    return _REASONS.get(by, "the text there is another")


def _why_not_in_file(maps: SourceMaps, written: Written | None, value: Any) -> str:
    file = maps.file(written.source.file) if written is not None else None
    if file is None or written is None:
        return "no file has it"
    if written.named_by is None:
        return "the text there is another"
    text = file.text
    if is_env_line(written):
        text = _text_at(file, Location(written.source.file, written.line)).partition("=")[2]
    return "" if text == value else "it is encoded"


def _unquoted(text: str) -> str:
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"" else text


def _line(maps: SourceMaps, location: Location | None) -> str:
    file = maps.file(location.file) if location is not None else None
    return _text_at(file, location._replace(column=1)) if file is not None and location is not None else ""


def _text_at(file: SourceFile, location: Location) -> str:
    """The rest of the line from a place on."""
    if not 0 < location.line <= len(file.lines):
        return ""
    return file.lines[location.line - 1][location.column - 1 :]
