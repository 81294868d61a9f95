"""`kustodian diff`: compares the rendered objects of two revisions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from kustodian.model.manifest import Manifest
from kustodian.model.overlay import NotChecked, RenderedOverlay
from kustodian.model.repository.view import RepositoryView
from kustodian.model.results.difference import (
    ABSENT,
    Difference,
    FieldChange,
    Kind,
    ObjectChange,
    OverlayDifference,
)
from kustodian.render.engine import Engine
from kustodian.review.check.findings import stable_name
from kustodian.review.check.options import CheckOptions
from kustodian.review.check.rendering import render_overlays
from kustodian.review.check.run import Run
from kustodian.review.check.view import view_of
from kustodian.review.compare.revisions import open_revisions, touched
from kustodian.review.diff.fields import field_changes, without_secrets
from kustodian.review.diff.pruning import Pruning
from kustodian.review.diff.risks import risks_of


class _Identity(NamedTuple):
    """The identity of an object in both revisions, which may have it in different versions of its group."""

    kind: str
    group: str
    namespace: str
    name: str


def difference(
    targets: Sequence[Path], options: CheckOptions, engine: Engine, revision: str, *, staged: bool = False
) -> Difference:
    """Compare the work tree (or the index) with the merge base of HEAD and a revision.

    Raises UserError if git does not know the revision or a configuration cannot be read.
    """
    with open_revisions(targets, options, engine, revision, staged=staged, trust_head=True) as revisions:
        head, sides = revisions.head, revisions.sides()
        if sides is not None:
            base: Run | None = sides[0].run
            views = sides[0].view, sides[1].view
            paths = set(touched(revisions.changes, *sides).overlays)
            sides[0].lay_out({name for path in paths for name in sides[0].reads.of(path)})
        else:
            base = revisions.whole_base()
            views = _view(base), _view(head)
            paths = _paths(base) | _paths(head)
        before, after = _rendered(base, paths), _rendered(head, paths)
        pruning = Pruning(*views)
        renamed = _renamed(before, after)
        overlays = [
            _overlay(path, before.get(renamed.get(path, path)), after.get(path), pruning)
            for path in sorted({*before, *after} - set(renamed.values()))
        ]
        every = (_paths(base) | _paths(head)) - set(renamed.values())
    changed = tuple(overlay for overlay in overlays if overlay.changes or overlay.error or overlay.before)
    return Difference(revisions.commit, changed, len(every) - len(changed))


def _view(run: Run | None) -> RepositoryView:
    return view_of(run.plan, [], run.engine) if run is not None else RepositoryView()


def _paths(run: Run | None) -> set[str]:
    if run is None:
        return set()
    broken = (overlay for overlay, _ in run.plan.not_checkable)
    return {overlay.path for overlay in (*run.plan.overlays, *broken)}


def _rendered(run: Run | None, paths: set[str]) -> dict[str, RenderedOverlay]:
    """The rendered overlays by path, including those that do not render."""
    if run is None:
        return {}
    overlays = [overlay for overlay in run.plan.overlays if overlay.path in paths]
    rendered = render_overlays(run.plan, run.options, run.engine, overlays)
    broken = [
        RenderedOverlay(overlay, error=error)
        for overlay, error in run.plan.not_checkable
        if overlay.path in paths
    ]
    found = {one.overlay.path: one for one in (*rendered, *broken)}
    for one in found.values():
        run.inspect(one)
    return found


def _renamed(before: dict[str, RenderedOverlay], after: dict[str, RenderedOverlay]) -> dict[str, str]:
    """For overlays that only the head has, the one that only the base has with most of its objects."""
    gone = {path: set(_by_identity(one)) for path, one in sorted(before.items()) if path not in after}
    pairs: dict[str, str] = {}
    for path, one in sorted(after.items()):
        new = set(_by_identity(one)) if path not in before else set()
        shared = {old: len(new & keys) for old, keys in gone.items() if 2 * len(new & keys) > len(new | keys)}
        if shared:
            pairs[path] = max(shared, key=lambda old: (shared[old], old))
            del gone[pairs[path]]
    return pairs


def _overlay(
    path: str, before: RenderedOverlay | None, after: RenderedOverlay | None, pruning: Pruning
) -> OverlayDifference:
    present = after or before
    assert present is not None
    old_path = before.overlay.path if before is not None and before.overlay.path != path else None
    kind = Kind.ADDED if before is None else Kind.REMOVED if after is None else Kind.CHANGED
    notes = pruning.moved(old_path, path) if old_path is not None else ()
    outcome = OverlayDifference(
        path, present.overlay.environment.name, kind=kind, before=old_path, notes=notes
    )
    error = _error(before, after)
    if error is not None:
        return replace(outcome, error=error)
    old, new = _by_identity(before), _by_identity(after)
    changes = []
    for key in sorted({*old, *new}):
        one = old.get(key)
        gone = one is not None and key not in new
        fate = pruning.fate(one, path, overlay_is_gone=after is None) if gone and one is not None else ""
        change = _object(one, new.get(key), fate)
        if change is not None:
            changes.append(change)
    return replace(outcome, changes=tuple(changes))


def _error(before: RenderedOverlay | None, after: RenderedOverlay | None) -> str | None:
    old, new = (one.error if one is not None else None for one in (before, after))
    if old and new:
        return f"does not render, neither at the base nor now: {_message(new)}"
    if new:
        return f"does not render now: {_message(new)}"
    return f"did not render at the base: {_message(old)}" if old else None


def _message(error: NotChecked) -> str:
    place = f"{error.file}:{error.line}" if error.file and error.line else error.file
    return error.message if place is None or place in error.message else f"{error.message} ({place})"


def _by_identity(rendered: RenderedOverlay | None) -> dict[_Identity, Manifest]:
    """Objects by identity, in which a generated name has no hash, so that its versions are paired."""
    objects: dict[_Identity, Manifest] = {}
    for manifest in rendered.objects if rendered is not None else ():
        key = _Identity(manifest.kind, manifest.group, manifest.namespace or "", stable_name(manifest))
        objects[key if key not in objects else key._replace(name=manifest.name)] = manifest
    return objects


def _object(before: Manifest | None, after: Manifest | None, fate: str) -> ObjectChange | None:
    present = after or before
    assert present is not None
    old, new = (one.data if one is not None else ABSENT for one in (before, after))
    fields = tuple(field_changes(old, new))
    if not fields:
        return None
    kind = Kind.ADDED if before is None else Kind.REMOVED if after is None else Kind.CHANGED
    risks = risks_of(before, after, fields, fate)
    shown: tuple[FieldChange, ...] = fields
    if present.is_a("", "Secret"):
        shown = tuple(without_secrets(change) for change in fields)
    return ObjectChange(present.ref, kind, shown, risks)
