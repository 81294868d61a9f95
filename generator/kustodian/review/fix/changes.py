"""The changes of files that fix a finding, at the places that a person would edit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from kustodian.model.edit import Action, Edit
from kustodian.model.json_value import FieldPath, has
from kustodian.model.manifest import Manifest
from kustodian.model.overlay import RenderedOverlay
from kustodian.policy.evaluate import Hit, SourceHit
from kustodian.repository.edit import CannotEdit, move_to_end, remove, set_value
from kustodian.repository.files import read_inside
from kustodian.repository.modernize import modernize
from kustodian.repository.source_map import SourceNode
from kustodian.review.check.run import Fixable, Run
from kustodian.review.locate.source_place import AS_IS

#: Fields of a kustomization whose entries are removed as a whole.
_WHOLE_ENTRIES = frozenset({"replicas"})


@dataclass(frozen=True, slots=True)
class Change:
    """An edit of a field of a file; `value` is JSON, so that equal changes compare as equal."""

    file: str
    document: int
    action: Action
    path: FieldPath
    value: str

    def apply(self, text: str) -> str:
        """The text after the edit. Raises CannotEdit."""
        mark = text[:1] if text.startswith("\ufeff") else ""  # columns do not count a byte order mark
        return mark + self._apply(text[len(mark) :])

    def _apply(self, text: str) -> str:
        import json

        if self.action is Action.REMOVE:
            return remove(text, self.document, self.path)
        if self.action is Action.MOVE_TO_END:
            return move_to_end(text, self.document, self.path)
        if self.action is Action.MODERNIZE:
            return modernize(text, self.path)
        return set_value(text, self.document, self.path, json.loads(self.value))


def changes_of(run: Run, fixable: Fixable) -> Iterator[Change]:
    """The changes that fix one finding. Raises CannotEdit if they have to be made by hand."""
    hit = fixable.hit
    for edit in hit.violation.edits:
        if isinstance(hit, SourceHit) and hit.manifest is None:
            yield _change(run, hit.violation.file, hit.violation.document, edit, edit.path)
        else:
            manifest, rendered = hit.manifest, hit.overlay
            assert manifest is not None and rendered is not None
            place = _place(run, rendered, manifest, edit.path)
            if edit.action is Action.REMOVE and isinstance(hit, Hit):
                _refuse_if_others_need_it(run, hit, edit, place)
            yield _change(run, *place[:2], edit, place[2])


def _change(run: Run, file: str, document: int, edit: Edit, path: FieldPath) -> Change:
    import json

    root = run.plan.root
    real = (root / file).resolve()
    if not real.is_relative_to(root):
        raise CannotEdit("the file is outside the repository")
    return Change(real.relative_to(root).as_posix(), document, edit.action, path, json.dumps(edit.value))


def _place(
    run: Run, rendered: RenderedOverlay, manifest: Manifest, path: FieldPath
) -> tuple[str, int, FieldPath]:
    """The file, document and path at which the field is, or is to be written."""
    writable = run.locator.writable(manifest, path)
    if writable is None:
        raise CannotEdit("the object is not in a file")
    place, depth = writable
    if place.inline != AS_IS:
        raise CannotEdit("it is set in an inline patch")
    for index, root in enumerate(run.maps.documents(place.file)):
        inside = _path_to(root, place.node)
        if inside is None:
            continue
        is_entry = place.file.rpartition("/")[2].lower().startswith("kustomization")
        if is_entry and inside[:1] and inside[0] in _WHOLE_ENTRIES:
            return place.file, index, inside[:2]
        if is_entry or root.is_list:
            raise CannotEdit("it is set by an entry of a kustomization or a JSON patch")
        return place.file, index, (*inside, *path[depth:])
    raise CannotEdit("it is written in an unusual form")


def _path_to(root: SourceNode, node: SourceNode) -> FieldPath | None:
    if root is node:
        return ()
    for key, child in root.children.items():
        if (below := _path_to(child, node)) is not None:
            return (key, *below)
    return None


def _refuse_if_others_need_it(run: Run, hit: Hit, edit: Edit, place: tuple[str, int, FieldPath]) -> None:
    """A line of a base may be removed only if all overlays that use it have the same finding."""
    affected = {id(fixable.hit.manifest) for fixable in run.fixable if fixable.hit.rule.id == hit.rule.id}
    for rendered in run.rendered:
        for manifest in rendered.objects if place[0] in rendered.files else ():
            if id(manifest) in affected or not has(manifest.data, edit.path):
                continue
            try:
                same = _place(run, rendered, manifest, edit.path) == place
            except CannotEdit:
                same = False
            if same:
                raise CannotEdit(f"{rendered.overlay.path} needs the line and has no such finding")


def read_text(root: Path, file: str) -> str:
    """The text with its line ends unchanged. Raises CannotEdit if it cannot be read."""
    try:
        return read_inside(root / file, root).decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CannotEdit(f"{file.rpartition('/')[2]} cannot be read: {error}") from None
