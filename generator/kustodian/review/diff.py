"""`kustodian diff`: the rendered objects now, beside those of the revision that a change started from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from kustodian.model.difference import ABSENT, Difference, FieldChange, Kind, ObjectChange, OverlayDifference
from kustodian.model.manifest import Manifest
from kustodian.model.overlay import RenderedOverlay
from kustodian.render.engine import Engine
from kustodian.repository.source_map import MERGE_KEYS
from kustodian.review.check import CheckOptions, Run
from kustodian.review.diff_risks import risks_of
from kustodian.review.findings import stable_name
from kustodian.review.revisions import opened, overlays_touched

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
            wanted = set(overlays_touched(revisions.changes, *sides))
            sides[0].lay_out({name for path in wanted for name in sides[0].reads.of(path)})
        else:
            base = revisions.whole_base()
            wanted = {overlay.path for run in (base, head) if run for overlay in run.plan.overlays}
        before = _rendered(base, wanted) if base is not None else {}
        after = _rendered(head, wanted)
        every = {overlay.path for run in (base, head) if run for overlay in run.plan.overlays}
    found = [_overlay(name, before.get(name), after.get(name)) for name in sorted({*before, *after})]
    changed = tuple(overlay for overlay in found if overlay.changes or overlay.error)
    return Difference(revisions.commit, changed, len(every) - len(changed))


def _rendered(run: Run, wanted: set[str]) -> dict[str, RenderedOverlay]:
    overlays = [o for o in run.plan.overlays if o.is_kustomization and o.path in wanted]
    rendered = run.engine.render(run.plan.root, overlays, run.options.render) if overlays else ()
    return {one.overlay.path: one for one in rendered}


def _overlay(path: str, before: RenderedOverlay | None, after: RenderedOverlay | None) -> OverlayDifference:
    known = after or before
    assert known is not None
    environment = known.overlay.environment.name
    for side, one in (("at the base", before), ("now", after)):
        if one is not None and one.error is not None:
            return OverlayDifference(path, environment, error=f"does not render {side}: {one.error.message}")
    old, new = _by_key(before), _by_key(after)
    changes = []
    for key in sorted({*old, *new}):
        change = _object(old.get(key), new.get(key))
        if change is not None:
            changes.append(change)
    return OverlayDifference(path, environment, tuple(changes))


def _by_key(rendered: RenderedOverlay | None) -> dict[Key, Manifest]:
    """Objects by identity; a generated name counts without its hash, so that its two versions are paired."""
    objects = rendered.objects if rendered is not None else []
    return {(m.kind, m.group, m.namespace or "", stable_name(m)): m for m in objects}


def _object(before: Manifest | None, after: Manifest | None) -> ObjectChange | None:
    if before is None:
        assert after is not None
        return ObjectChange(after.ref, Kind.ADDED, risks=risks_of(None, after, ()))
    if after is None:
        return ObjectChange(before.ref, Kind.REMOVED, risks=risks_of(before, None, ()))
    fields = tuple(field_changes(before.data, after.data))
    if not fields:
        return None
    return ObjectChange(after.ref, Kind.CHANGED, fields, risks_of(before, after, fields))


def field_changes(before: Any, after: Any, path: str = "") -> Iterator[FieldChange]:
    """The smallest parts that differ; list items are matched by their merge key, where they have one."""
    if isinstance(before, dict) and isinstance(after, dict):
        for key in [*before, *(key for key in after if key not in before)]:
            yield from field_changes(before.get(key, ABSENT), after.get(key, ABSENT), _joined(path, str(key)))
    elif isinstance(before, list) and isinstance(after, list):
        yield from _list_changes(before, after, path)
    elif before != after:
        yield FieldChange(path, before, after)


def _list_changes(before: list[Any], after: list[Any], path: str) -> Iterator[FieldChange]:
    key = next((key for key in MERGE_KEYS if _identifies(key, before) and _identifies(key, after)), None)
    if key is None:
        if len(before) == len(after) and all(isinstance(item, dict) for item in (*before, *after)):
            for index, (one, other) in enumerate(zip(before, after, strict=True)):
                yield from field_changes(one, other, f"{path}[{index}]")
        elif before != after:
            yield FieldChange(path, before, after)
        return
    old, new = ({item[key]: item for item in items} for items in (before, after))
    for name in [*old, *(name for name in new if name not in old)]:
        yield from field_changes(old.get(name, ABSENT), new.get(name, ABSENT), f"{path}[{key}={name}]")
    if list(old) != list(new) and old.keys() == new.keys():
        yield FieldChange(f"{path} (order)", list(old), list(new))


def _identifies(key: str, items: list[Any]) -> bool:
    names = [item.get(key) if isinstance(item, dict) else None for item in items]
    return all(isinstance(name, str | int) for name in names) and len(set(names)) == len(names)


def _joined(path: str, key: str) -> str:
    shown = key if key.replace("-", "").replace("_", "").isalnum() else f'["{key}"]'
    return f"{path}.{shown}" if path and not shown.startswith("[") else f"{path}{shown}"
