"""`kustodian diff`: the rendered objects now, beside those of the revision that a change started from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from kustodian.model.manifest import Manifest
from kustodian.model.overlay import NotChecked, RenderedOverlay
from kustodian.model.repository_view import RepositoryView
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
from kustodian.review.compare.revisions import opened, touched
from kustodian.review.diff.fields import field_changes, without_secrets
from kustodian.review.diff.pruning import Pruning
from kustodian.review.diff.risks import risks_of

Key = tuple[str, str, str, str]


def difference(
    targets: Sequence[Path], options: CheckOptions, engine: Engine, revision: str, *, staged: bool = False
) -> Difference:
    """Compare the work tree (or the index) with the merge base of HEAD and a revision.

    Raises UserError where git has no such revision or a configuration cannot be read.
    """
    with opened(targets, options, engine, revision, staged=staged) as revisions:
        head, sides = revisions.head, revisions.sides()
        if sides is not None:
            base: Run | None = sides[0].run
            views = sides[0].view, sides[1].view
            wanted = set(touched(revisions.changes, *sides).overlays)
            sides[0].lay_out({name for path in wanted for name in sides[0].reads.of(path)})
        else:
            base = revisions.whole_base()
            views = _view(base), _view(head)
            wanted = _paths(base) | _paths(head)
        before, after = _rendered(base, wanted), _rendered(head, wanted)
        pruning = Pruning(*views)
        renamed = _renamed(before, after)
        found = [
            _overlay(path, before.get(renamed.get(path, path)), after.get(path), pruning)
            for path in sorted({*before, *after} - set(renamed.values()))
        ]
        every = (_paths(base) | _paths(head)) - set(renamed.values())
    changed = tuple(one for one in found if one.changes or one.error or one.before)
    return Difference(revisions.commit, changed, len(every) - len(changed))


def _view(run: Run | None) -> RepositoryView:
    return view_of(run.plan, [], run.engine) if run is not None else RepositoryView()


def _paths(run: Run | None) -> set[str]:
    if run is None:
        return set()
    broken = (overlay for overlay, _ in run.plan.not_checkable)
    return {overlay.path for overlay in (*run.plan.overlays, *broken)}


def _rendered(run: Run | None, wanted: set[str]) -> dict[str, RenderedOverlay]:
    """By path; an overlay whose kustomization cannot even be read is one that does not render."""
    if run is None:
        return {}
    overlays = [overlay for overlay in run.plan.overlays if overlay.path in wanted]
    rendered = render_overlays(run.plan, run.options, run.engine, overlays)
    broken = [
        RenderedOverlay(overlay, error=why)
        for overlay, why in run.plan.not_checkable
        if overlay.path in wanted
    ]
    found = {one.overlay.path: one for one in (*rendered, *broken)}
    for one in found.values():
        run.inspect(one)
    return found


def _renamed(before: dict[str, RenderedOverlay], after: dict[str, RenderedOverlay]) -> dict[str, str]:
    """For overlays that only the head has, the one that only the base has and that holds the same objects."""
    gone = {path: set(_by_key(one)) for path, one in sorted(before.items()) if path not in after}
    pairs: dict[str, str] = {}
    for path, one in sorted(after.items()):
        new = set(_by_key(one)) if path not in before else set()
        shared = {old: len(new & keys) for old, keys in gone.items() if 2 * len(new & keys) > len(new | keys)}
        if shared:
            pairs[path] = max(shared, key=lambda old: (shared[old], old))
            del gone[pairs[path]]
    return pairs


def _overlay(
    path: str, before: RenderedOverlay | None, after: RenderedOverlay | None, pruning: Pruning
) -> OverlayDifference:
    known = after or before
    assert known is not None
    old_path = before.overlay.path if before is not None and before.overlay.path != path else None
    kind = Kind.ADDED if before is None else Kind.REMOVED if after is None else Kind.CHANGED
    notes = pruning.moved(old_path, path) if old_path is not None else ()
    outcome = OverlayDifference(path, known.overlay.environment.name, kind=kind, before=old_path, notes=notes)
    error = _error(before, after)
    if error is not None:
        return replace(outcome, error=error)
    old, new = _by_key(before), _by_key(after)
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
        return f"does not render, neither at the base nor now: {_said(new)}"
    if new:
        return f"does not render now: {_said(new)}"
    return f"did not render at the base: {_said(old)}" if old else None


def _said(error: NotChecked) -> str:
    place = f"{error.file}:{error.line}" if error.file and error.line else error.file
    return error.message if place is None or place in error.message else f"{error.message} ({place})"


def _by_key(rendered: RenderedOverlay | None) -> dict[Key, Manifest]:
    """Objects by identity; a generated name counts without its hash, so that its two versions are paired."""
    found: dict[Key, Manifest] = {}
    for one in rendered.objects if rendered is not None else ():
        key = (one.kind, one.group, one.namespace or "", stable_name(one))
        found[key if key not in found else (*key[:3], one.name)] = one
    return found


def _object(before: Manifest | None, after: Manifest | None, fate: str) -> ObjectChange | None:
    known = after or before
    assert known is not None
    old, new = (one.data if one is not None else ABSENT for one in (before, after))
    fields = tuple(field_changes(old, new))
    if not fields:
        return None
    kind = Kind.ADDED if before is None else Kind.REMOVED if after is None else Kind.CHANGED
    risks = risks_of(before, after, fields, fate)
    shown: tuple[FieldChange, ...] = fields
    if known.is_a("", "Secret"):
        shown = tuple(without_secrets(change) for change in fields)
    return ObjectChange(known.ref, kind, shown, risks)
