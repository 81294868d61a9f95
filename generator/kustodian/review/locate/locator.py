"""From a field of a rendered object to the line of the source that set it.

The object's transformations are walked from last to first: the last one that set the field (or took it
away) is the line a person edits. Where none did, the origin manifest or generator entry is. A field that
does not exist is located at the nearest ancestor that does, unless something removed it.
"""

from __future__ import annotations

import posixpath
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from kustodian.model.finding import Location
from kustodian.model.json_value import FieldPath, dig, steps_in
from kustodian.model.manifest import Manifest, Step
from kustodian.repository.source_map import SourceMaps, SourceNode
from kustodian.review.locate import transformers
from kustodian.review.locate.patches import patch_that_sets
from kustodian.review.locate.replacements import replaced_value
from kustodian.review.locate.source_path import Place, Subject, align

#: kustomize transformer kinds that are patches, in whatever field they were written.
PATCH_KINDS = frozenset({"PatchTransformer", "PatchJson6902Transformer", "PatchStrategicMergeTransformer"})


class Target(NamedTuple):
    """What is to be located: an object and the path of a field in it as rendered."""

    manifest: Manifest
    path: FieldPath


#: Objects of which a locator remembers what it found: a few overlays'.
_REMEMBERED = 1000


@dataclass(slots=True)
class _Known:
    """Of an object: where it comes from, the steps that changed it, and where its fields were set.

    The object itself is kept so that its id stays its own.
    """

    manifest: Manifest
    origin: Place | None
    steps: list[tuple[Step, SourceNode]] | None = None
    locations: dict[FieldPath, Location | None] = field(default_factory=dict)

    @property
    def is_patched(self) -> bool:
        """Whether anything that changed it could have taken a field away."""
        return any(step.kind in PATCH_KINDS for step in self.manifest.provenance.transformations)

    def subject(self, files: Collection[str]) -> Subject:
        """The object as transformers and patches look at it."""
        return Subject(self.manifest, self.origin.node if self.origin else None, files)


class Locator:
    """Finds source lines; reads each file once."""

    def __init__(self, maps: SourceMaps) -> None:
        """`maps` gives the files of the repository."""
        self.maps = maps
        self._known: dict[int, _Known] = {}
        self._by_kind: dict[tuple[str, str], list[Candidate]] = {}

    def locate(self, manifest: Manifest, path: FieldPath, files: Collection[str] = ()) -> Location:
        """The line that set the field at `path`, or the nearest ancestor's.

        `files` are those that rendering the overlay read: a replacement's source is among them.
        """
        known = self._of(manifest)
        existing = steps_in(manifest.data, path)
        if existing < len(path) and known.is_patched:
            removed = self._last_setter(known.subject(files), path, removing=True)
            if removed is not None:
                return removed.location()
        for depth in range(existing, -1, -1):
            ancestor = path[:depth]
            # Most findings of an object are about fields that are missing in the same few places.
            if ancestor not in known.locations:
                place = self._setter(known.subject(files), ancestor, known.origin)
                known.locations[ancestor] = place.location() if place is not None else None
            found = known.locations[ancestor]
            if found is not None:
                return found
        return self._anything(manifest)

    def writable(
        self, manifest: Manifest, path: FieldPath, files: Collection[str]
    ) -> tuple[Place, int] | None:
        """Where a person would write a field: the place of what sets it or of its nearest ancestor.

        With it comes the number of steps of `path` that exist there; None where nothing of the object is in
        a file.
        """
        known = self._of(manifest)
        for depth in range(steps_in(manifest.data, path), -1, -1):
            found = self._setter(known.subject(files), path[:depth], known.origin)
            if found is not None:
                return found, depth
        return None

    def in_file(self, file: str, path: FieldPath, document: int = 0) -> Location:
        """The place of a path in a file, or of its nearest ancestor; line 1 where the file has no YAML."""
        source = self.maps.file(file)
        if source is None or document >= len(source.documents):
            return Location(file)
        node, _ = source.documents[document].nearest(path)
        return Place(file, node).location()

    def _setter(self, subject: Subject, path: FieldPath, origin: Place | None) -> Place | None:
        """What set an existing field. A mapping or list belongs to whoever first wrote it."""
        value = dig(subject.manifest.data, path)
        if not path or (isinstance(value, dict | list) and value):
            node = self._in_origin(subject, path, origin)
            if node is not None:
                return node
        return self._last_setter(subject, path) or self._in_origin(subject, path, origin)

    def _last_setter(self, subject: Subject, path: FieldPath, removing: bool = False) -> Place | None:
        for step, kustomization in self._steps(subject.manifest):
            if step.kind in PATCH_KINDS:
                place = patch_that_sets(self.maps, kustomization, step.configured_in, subject, path, removing)
            elif removing:
                place = None
            elif step.kind == "ReplacementTransformer":
                place = replaced_value(self.maps, kustomization, step.configured_in, subject, path)
            else:
                place = transformers.entry_that_sets(kustomization, step, subject, path)
            if place is not None:
                return place
        return None

    def _steps(self, manifest: Manifest) -> list[tuple[Step, SourceNode]]:
        known = self._of(manifest)
        if known.steps is None:
            known.steps = list(self._find_steps(manifest))
        return known.steps

    def _find_steps(self, manifest: Manifest) -> Iterator[tuple[Step, SourceNode]]:
        """The transformations from last to first, each kustomization and kind once in a row."""
        seen: set[tuple[str, str]] = set()
        for step in reversed(manifest.provenance.transformations):
            key = (step.configured_in, "patch" if step.kind in PATCH_KINDS else step.kind)
            if key in seen:
                continue
            seen.add(key)
            source = self.maps.file(step.configured_in)
            if source is not None and source.documents:
                yield step, source.documents[0]

    def _in_origin(self, subject: Subject, path: FieldPath, origin: Place | None) -> Place | None:
        if origin is None:
            return None
        generator = subject.manifest.provenance.generator
        if subject.manifest.provenance.file is None and generator is not None:
            return transformers.generated_field(origin, generator, path)
        node = align(origin.node, subject.manifest.data, path)
        return Place(origin.file, node) if node is not None else None

    def _of(self, manifest: Manifest) -> _Known:
        """What was found out about an object before; findings come object by object."""
        known = self._known.get(id(manifest))
        if known is None:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            known = self._known[id(manifest)] = _Known(manifest, self._find_origin(manifest))
        return known

    def _find_origin(self, manifest: Manifest) -> Place | None:
        """The document the object was read from, or the generator entry that made it."""
        provenance = manifest.provenance
        if provenance.file is not None:
            return self._document(manifest, provenance.file)
        if provenance.generator is None:
            return None
        source = self.maps.file(provenance.generator.path or provenance.generator.configured_in)
        if source is None or not source.documents:
            return None
        file = provenance.generator.path or provenance.generator.configured_in
        entry = transformers.generator_entry(source.documents[0], provenance.generator, manifest)
        return Place(file, entry or source.documents[0])

    def _document(self, manifest: Manifest, file: str) -> Place | None:
        source = self.maps.file(file)
        if source is None or not source.documents:
            return None
        index = manifest.provenance.document
        if index is not None and index < len(source.documents):
            node = source.documents[index]
            item = manifest.provenance.item
            inside = node.at(("items", item)) if item is not None else None
            return Place(file, inside or node)
        key = (file, manifest.kind)
        if key not in self._by_kind:
            self._by_kind[key] = candidates_of(source.documents.with_kind(manifest.kind), manifest.kind)
        best = best_document(self._by_kind[key], manifest)
        return Place(file, best) if best is not None else None

    def _anything(self, manifest: Manifest) -> Location:
        provenance = manifest.provenance
        generator = provenance.generator
        file = provenance.file or (generator.path or generator.configured_in if generator else None)
        if file is None and provenance.transformations:
            file = provenance.transformations[0].configured_in
        return Location(file or ".")


class Candidate(NamedTuple):
    """A document (or List item) of a file that an object may have been read from."""

    node: SourceNode
    name: str
    namespace: str | None


def candidates_of(documents: list[SourceNode], kind: str) -> list[Candidate]:
    """The documents and List items of one kind."""
    found = []
    for document in documents:
        items = document.at(("items",)) if (document.scalar("kind") or "").endswith("List") else None
        for node in items.children.values() if items else (document,):
            if node.scalar("kind") == kind:
                name = node.scalar("metadata", "name") or ""
                found.append(Candidate(node, name, node.scalar("metadata", "namespace")))
    return found


def best_document(candidates: list[Candidate], manifest: Manifest) -> SourceNode | None:
    """The candidate that the object was read from.

    Its name is the rendered name, or what is left of it without prefix and suffix; where two names fit, the
    longest wins, and the same namespace decides between equals.
    """
    rendered, best, node = manifest.name, -1, None
    for candidate in candidates:
        name = candidate.name
        part = 2 * len(name) if name and name in rendered else 0
        score = 20_000 if name == rendered else part
        if score + 1 > best:
            score += candidate.namespace == manifest.namespace
            if score > best:
                best, node = score, candidate.node
    return node


def relative(kustomization_file: str, reference: str) -> str:
    """A path written in a kustomization, relative to the repository root."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(kustomization_file), reference))
