"""Finds the source line that set a field of a rendered object.

The last transformation that set the field, or removed it, has the line that a person would edit. If there is
none, it is in the manifest or generator entry that the object comes from. A field that does not exist is
located at its nearest existing ancestor, unless a patch removed it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from kustodian.model.finding import Location
from kustodian.model.json_value import FieldPath, dig, steps_in
from kustodian.model.manifest import Inside, Manifest, Step
from kustodian.repository.source_map import SourceMaps, SourceNode
from kustodian.review.locate import transformers
from kustodian.review.locate.inline_yaml import place_in_text
from kustodian.review.locate.patches import patch_that_sets
from kustodian.review.locate.replacements import replaced_value
from kustodian.review.locate.source_path import Place, Subject, align

#: kustomize transformer kinds that are patches, in whatever field they were written.
PATCH_KINDS = frozenset({"PatchTransformer", "PatchJson6902Transformer", "PatchStrategicMergeTransformer"})


#: The number of objects whose locations are kept, about those of a few overlays.
_KEPT_OBJECTS = 1000


@dataclass(slots=True)
class _ObjectSources:
    """The origin of an object, the steps that changed it, and the locations of its fields found so far.

    It holds the object, so that the object's id is not reused.
    """

    manifest: Manifest
    origin: Place | None
    steps: list[tuple[Step, SourceNode]] | None = None
    locations: dict[FieldPath, Location | None] = field(default_factory=dict)

    @property
    def is_patched(self) -> bool:
        """Whether a patch changed it, which could have removed a field."""
        return any(step.kind in PATCH_KINDS for step in self.manifest.provenance.transformations)

    def subject(self, files: Collection[str]) -> Subject:
        """The object as patches and transformers are matched with it."""
        return Subject(self.manifest, self.origin.node if self.origin else None, files)


class Locator:
    """Finds source lines; each file is read once."""

    def __init__(self, maps: SourceMaps) -> None:
        """`maps` are the files of the repository."""
        self.maps = maps
        self._sources_by_id: dict[int, _ObjectSources] = {}
        self._by_kind: dict[tuple[str, str], list[Candidate]] = {}

    def locate(self, manifest: Manifest, path: FieldPath, files: Collection[str] = ()) -> Location:
        """The line that set the field at `path`, or the nearest ancestor's.

        `files` are those that rendering the overlay read: a replacement's source is among them.
        """
        if manifest.inside is not None:
            return self._locate_inside(manifest, path, files)
        sources = self._sources_of(manifest)
        existing = steps_in(manifest.data, path)
        if existing < len(path) and sources.is_patched:
            removed = self._last_setter(sources.subject(files), path, removing=True)
            if removed is not None:
                return removed.location()
        for depth in range(existing, -1, -1):
            ancestor = path[:depth]
            # Findings of one object often share an ancestor, because they report missing fields.
            if ancestor not in sources.locations:
                place = self._setter(sources.subject(files), ancestor, sources.origin)
                sources.locations[ancestor] = place.location() if place is not None else None
            location = sources.locations[ancestor]
            if location is not None:
                return location
        return self._file_of(manifest)

    def writable(
        self, manifest: Manifest, path: FieldPath, files: Collection[str]
    ) -> tuple[Place, int] | None:
        """The place to write a field at, and the number of steps of `path` that exist there.

        It is the place that set the field or its nearest ancestor; None if no file has any of the object.
        """
        if manifest.inside is not None:
            return self._writable_inside(manifest.inside, path, files)
        sources = self._sources_of(manifest)
        for depth in range(steps_in(manifest.data, path), -1, -1):
            place = self._setter(sources.subject(files), path[:depth], sources.origin)
            if place is not None:
                return place, depth
        return None

    def _locate_inside(self, manifest: Manifest, path: FieldPath, files: Collection[str]) -> Location:
        """The line of a field of an object inside another one."""
        inside = manifest.inside
        if inside is None:
            return self.locate(manifest, path, files)
        if inside.document is None:
            return self.locate(inside.carrier, (*inside.path, *path), files)
        text = self.writable(inside.carrier, inside.path, files)
        if text is None or text[1] < len(inside.path):
            return self.locate(inside.carrier, inside.path, files)
        return place_in_text(self.maps, text[0], inside, path).location()

    def _writable_inside(
        self, inside: Inside, path: FieldPath, files: Collection[str]
    ) -> tuple[Place, int] | None:
        """As `writable`, for an object inside another one; None for one in a text."""
        if inside.document is not None:
            return None
        found = self.writable(inside.carrier, (*inside.path, *path), files)
        if found is None or found[1] < len(inside.path):
            return None
        return found[0], found[1] - len(inside.path)

    def in_file(self, file: str, path: FieldPath, document: int = 0) -> Location:
        """The location of a path in a file, or of its nearest ancestor; line 1 if the document is missing."""
        root = self.maps.document(file, document)
        if root is None:
            return Location(file)
        node, _ = root.nearest(path)
        return Place(file, node).location()

    def _setter(self, subject: Subject, path: FieldPath, origin: Place | None) -> Place | None:
        """The place that set an existing field; for a mapping or list, the place that created it."""
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
        sources = self._sources_of(manifest)
        if sources.steps is None:
            sources.steps = list(self._find_steps(manifest))
        return sources.steps

    def _find_steps(self, manifest: Manifest) -> Iterator[tuple[Step, SourceNode]]:
        """The transformations from last to first, one for each kustomization and kind."""
        seen: set[tuple[str, str]] = set()
        for step in reversed(manifest.provenance.transformations):
            key = (step.configured_in, "patch" if step.kind in PATCH_KINDS else step.kind)
            if key in seen:
                continue
            seen.add(key)
            kustomization = self.maps.document(step.configured_in)
            if kustomization is not None:
                yield step, kustomization

    def _in_origin(self, subject: Subject, path: FieldPath, origin: Place | None) -> Place | None:
        if origin is None:
            return None
        generator = subject.manifest.provenance.generator
        if subject.manifest.provenance.file is None and generator is not None:
            return transformers.generated_field(origin, generator, path)
        node = align(origin.node, subject.manifest.data, path)
        return Place(origin.file, node) if node is not None else None

    def _sources_of(self, manifest: Manifest) -> _ObjectSources:
        """The sources of an object, cached because findings come object by object."""
        sources = self._sources_by_id.get(id(manifest))
        if sources is None:
            if len(self._sources_by_id) >= _KEPT_OBJECTS:
                self._sources_by_id.clear()
            sources = _ObjectSources(manifest, self._find_origin(manifest))
            self._sources_by_id[id(manifest)] = sources
        return sources

    def _find_origin(self, manifest: Manifest) -> Place | None:
        """The document the object was read from, or the generator entry that made it."""
        provenance = manifest.provenance
        if provenance.file is not None:
            return self._document(manifest, provenance.file)
        if provenance.generator is None:
            return None
        file = provenance.generator.path or provenance.generator.configured_in
        document = self.maps.document(file)
        if document is None:
            return None
        entry = transformers.generator_entry(document, provenance.generator, manifest)
        return Place(file, entry or document)

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

    def _file_of(self, manifest: Manifest) -> Location:
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
    candidates = []
    queue = documents[::-1]
    while queue:
        node = queue.pop()
        items = node.at(("items",)) if (node.scalar("kind") or "").endswith("List") else None
        if items is not None:
            queue += reversed(items.entries())
        elif node.scalar("kind") == kind:
            name = node.scalar("metadata", "name") or ""
            candidates.append(Candidate(node, name, node.scalar("metadata", "namespace")))
    return candidates


def best_document(candidates: list[Candidate], manifest: Manifest) -> SourceNode | None:
    """The candidate that the object was read from.

    Its name is the rendered name, or the rendered name without prefix and suffix. The longest such name wins;
    between equals, the one in the same namespace.
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
