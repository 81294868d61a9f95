"""Finds the source line that set a field of a rendered object.

The engine knows it: kustomize moves the nodes of the files that it reads, and each node says where it was
written (`model/places.py`). Here such a place becomes a node of the file. A field that does not exist is
located at its nearest existing ancestor, unless a patch removed it.
"""

from __future__ import annotations

from kustodian.model.finding import Location
from kustodian.model.json_value import FieldPath, dig, steps_in
from kustodian.model.manifest import Inside, Manifest
from kustodian.model.places import Written
from kustodian.repository.source_map import SourceMaps
from kustodian.review.locate.entries import is_env_line, place_of, tag_of
from kustodian.review.locate.source_place import AS_IS, Place, inline_text


class Locator:
    """Finds source lines; each file is read once."""

    def __init__(self, maps: SourceMaps) -> None:
        """`maps` are the files of the repository."""
        self.maps = maps

    def locate(self, manifest: Manifest, path: FieldPath, part: str = "") -> Location:
        """The line that set the field at `path`, or its nearest ancestor's; `part` is a `Violation`'s."""
        if manifest.inside is not None:
            return self._locate_inside(manifest.inside, path)
        if (removed := self.removal(manifest, path)) is not None:
            return removed
        for depth in range(steps_in(manifest.data, path), -1, -1):
            written = self.written(manifest, path[:depth])
            if written is not None and part == "tag":
                written = tag_of(written)
            if written is not None and is_env_line(written):
                return self._location(written, path[:depth], None)
            place = self._place(manifest, path[:depth], written)
            if place is not None:
                return place.location()
            if written is not None and written.source.file and written.line:
                return self._location(written, path[:depth], dig(manifest.data, path[:depth]))
        return self._file_of(manifest)

    def removal(self, manifest: Manifest, path: FieldPath) -> Location | None:
        """Where a patch removed a field, or what it is in; None if no patch did."""
        existing = steps_in(manifest.data, path)
        written = self.written(manifest, path[:existing]) if existing < len(path) else None
        for key, removal in written.removed if written is not None else ():
            if key == path[existing]:
                return self._location(removal, path[: existing + 1], None)
        return None

    def written(self, manifest: Manifest, path: FieldPath) -> Written | None:
        """Where the engine says that an existing field was written; None for an object not rendered."""
        places = manifest.provenance.places
        return places.at(manifest.data, path) if places is not None else None

    def writable(self, manifest: Manifest, path: FieldPath) -> tuple[Place, int] | None:
        """The place to write a field at, and the number of steps of `path` that exist there.

        It is the place that set the field or its nearest ancestor; None if no file has any of the object.
        """
        if manifest.inside is not None:
            return self._writable_inside(manifest.inside, path)
        for depth in range(steps_in(manifest.data, path), -1, -1):
            place = self.place(manifest, path[:depth])
            if place is not None:
                return place, depth
        return None

    def place(self, manifest: Manifest, path: FieldPath) -> Place | None:
        """The place that set an existing field; for a mapping or list, the place that created it."""
        return self._place(manifest, path, self.written(manifest, path))

    def _locate_inside(self, inside: Inside, path: FieldPath) -> Location:
        """The line of a field of an object inside another one."""
        if inside.document is None:
            return self.locate(inside.carrier, (*inside.path, *path))
        text = self.writable(inside.carrier, inside.path)
        if text is None or text[1] < len(inside.path):
            return self.locate(inside.carrier, inside.path)
        return self._in_text(text[0], inside, path).location()

    def _writable_inside(self, inside: Inside, path: FieldPath) -> tuple[Place, int] | None:
        """As `writable`, for an object inside another one; None for one in a text."""
        if inside.document is not None:
            return None
        found = self.writable(inside.carrier, (*inside.path, *path))
        if found is None or found[1] < len(inside.path):
            return None
        return found[0], found[1] - len(inside.path)

    def _in_text(self, scalar: Place, inside: Inside, path: FieldPath) -> Place:
        """The place of a field, or its nearest ancestor, of an object in a text; else that of the text."""
        file = self.maps.file(scalar.file)
        if file is None or scalar.inline != AS_IS or scalar.node.text is None:
            return scalar
        documents, inline = inline_text(file, scalar)
        if inside.document is None or inside.document >= len(documents):
            return scalar
        document = documents[inside.document]
        item = document if inside.item is None else document.at(("items", inside.item))
        node, _ = (item or document).nearest(path)
        return Place(scalar.file, node, inline)

    def in_file(self, file: str, path: FieldPath, document: int = 0) -> Location:
        """The location of a path in a file, or of its nearest ancestor; line 1 if the document is missing."""
        root = self.maps.document(file, document)
        if root is None:
            return Location(file)
        node, _ = root.nearest(path)
        return Place(file, node).location()

    def _place(self, manifest: Manifest, path: FieldPath, written: Written | None) -> Place | None:
        if written is not None and written.named_by is not None:
            written = written.named_by
        if written is not None:
            return place_of(self.maps, written, path, dig(manifest.data, path))
        provenance = manifest.provenance
        if provenance.file is None or provenance.places is not None:
            return None
        root = self.maps.document(provenance.file, provenance.document or 0)
        inside: FieldPath = () if provenance.item is None else ("items", provenance.item)
        node = root.at((*inside, *path)) if root is not None else None
        return Place(provenance.file, node) if node is not None else None

    def _location(self, written: Written, path: FieldPath, value: object) -> Location:
        """The location of a place, although the file may not have a node there."""
        place = place_of(self.maps, written, path, value) if not is_env_line(written) else None
        if place is not None:
            return place.location()
        return Location(written.source.file, max(written.line, 1), max(written.column, 1))

    def _file_of(self, manifest: Manifest) -> Location:
        provenance = manifest.provenance
        generator = provenance.generator
        file = provenance.file or (generator.path or generator.configured_in if generator else None)
        return Location(file or ".")
