"""Overlays grouped by their changes, in the words that text and markdown share."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

from kustodian.model.manifest import ObjectRef
from kustodian.model.results.difference import Difference, Kind, OverlayDifference
from kustodian.report.counts import plural
from kustodian.report.diff.fields import field_lines

_SIGNS = {Kind.ADDED: "+", Kind.REMOVED: "-", Kind.CHANGED: "~"}
#: The most names in a heading or note; a complete list follows a heading that leaves some out.
_NAMED = 4

#: Overlays with the same changes, apart from their namespaces.
Group: TypeAlias = list[OverlayDifference]


def groups(difference: Difference) -> list[Group]:
    """The overlays grouped by their changes, in the order of the first of each group."""
    found: dict[object, Group] = {}
    for overlay in difference.overlays:
        same: object = overlay.path
        if overlay.kind is Kind.CHANGED and not (overlay.error or overlay.before):
            same = repr([(c.kind, c.object.kind, c.object.name, c.fields, c.risks) for c in overlay.changes])
        found.setdefault(same, []).append(overlay)
    return list(found.values())


def heading(group: Group) -> str:
    """`overlays/prod: 2 changed`, or why the overlay could not be compared."""
    overlay = group[0]
    paths = some([one.path for one in group])
    if overlay.before is not None:
        paths += f" (was {overlay.before})"
    if overlay.error:
        return f"{paths}: {overlay.error}"
    counts = {kind: sum(change.kind is kind for change in overlay.changes) for kind in Kind}
    said = ", ".join(f"{number} {kind}" for kind, number in counts.items() if number)
    whole = {Kind.ADDED: "a new overlay, ", Kind.REMOVED: "the overlay is gone, "}.get(overlay.kind, "")
    return f"{paths}: {whole}{said or 'the same objects'}{' in each' if len(group) > 1 else ''}"


def lines(group: Group) -> Iterator[str]:
    """The notes, objects, fields and risks of a group."""
    overlay = group[0]
    if len(group) > _NAMED:
        yield f"  in {', '.join(one.path for one in group)}"
    for note in overlay.notes:
        yield f"!   {note}"
    whole = overlay.kind is not Kind.CHANGED
    for number, change in enumerate(overlay.changes):
        yield f"{_SIGNS[change.kind]} {_shown([one.changes[number].object for one in group])}"
        if whole:
            continue
        for field in change.fields if change.kind is not Kind.REMOVED else ():
            yield from field_lines(field)
        for risk in change.risks:
            yield f"!   {risk}"
    if whole:
        for risk, names in by_risk(overlay).items():
            yield f"!   {risk}: {some(names)}"


def by_risk(overlay: OverlayDifference) -> dict[str, list[str]]:
    """The objects of each risk. A risk of many objects comes last: it is the least surprising."""
    risks: dict[str, list[str]] = {}
    for change in overlay.changes:
        for risk in change.risks:
            risks.setdefault(risk, []).append(f"{change.object.kind} {change.object.name}")
    return dict(sorted(risks.items(), key=lambda entry: (len(entry[1]), entry[0])))


def some(names: list[str]) -> str:
    """The first few names and the number of the others."""
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more


def summary(difference: Difference) -> str:
    """`3 objects in 2 of 9 overlays differ from 1a2b3c4d5e6f`."""
    compared = [overlay for overlay in difference.overlays if overlay.error is None]
    failed = len(difference.overlays) - len(compared)
    objects = sum(len(overlay.changes) for overlay in compared)
    since, total = difference.commit[:12], len(difference.overlays) + difference.unchanged
    overlays = plural(total, "overlay")
    text = f"no rendered object differs from {since} ({overlays})"
    if objects:
        text = f"{plural(objects, 'object')} in {len(compared)} of {overlays} differ from {since}"
    return f"{text}, {plural(failed, 'overlay')} NOT COMPARED" if failed else text


def _shown(refs: list[ObjectRef]) -> str:
    first = refs[0]
    if all(ref.namespace == first.namespace for ref in refs):
        return str(first)
    return f"{first.kind} */{first.name}"
