"""`kustodian diff` as text, markdown and JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping

from kustodian.model.difference import ABSENT, Difference, Kind, ObjectChange, OverlayDifference
from kustodian.model.json_value import JsonObject
from kustodian.model.manifest import ObjectRef
from kustodian.report.counts import plural
from kustodian.report.field_text import field_lines

_SIGNS = {Kind.ADDED: "+", Kind.REMOVED: "-", Kind.CHANGED: "~"}
#: What GitHub takes as one comment, in characters, less what surrounds the list.
_COMMENT_LIMIT = 60_000
#: So many names stand in one heading or note; a list of all follows where there are more.
_NAMED = 4
SCHEMA = "kustodian/diff/v1"

#: Overlays in which the same happens, but for their namespaces.
Group = list[OverlayDifference]


def as_text(difference: Difference) -> str:
    """Overlay by overlay, a line for each object and field."""
    lines = []
    for group in _groups(difference):
        lines += [_heading(group), *_lines(group), ""]
    return "\n".join([*lines, _summary(difference), ""])


def as_markdown(difference: Difference) -> str:
    """A comment for a pull request; cut at what a forge takes, and it says so."""
    parts = [f"<!-- kustodian diff -->\n### What changes in the cluster\n\n{_summary(difference)}\n"]
    size = len(parts[0])
    groups = _groups(difference)
    for index, group in enumerate(groups):
        part = _details(group, with_body=True)
        if size + len(part) > _COMMENT_LIMIT:  # what to look at twice fits where the fields do not
            part = _details(group, with_body=False)
        if size + len(part) > _COMMENT_LIMIT:
            left = sum(map(len, groups[index:]))
            parts.append(
                f"\n{plural(left, 'more overlay')} found no room here: `kustodian diff` shows all.\n"
            )
            break
        parts.append(part)
        size += len(part)
    return "".join(parts)


def as_json(difference: Difference) -> str:
    """The contract `kustodian/diff/v1`."""
    data = {
        "schema": SCHEMA,
        "commit": difference.commit,
        "unchangedOverlays": difference.unchanged,
        "overlays": [
            {
                "path": overlay.path,
                "before": overlay.before,
                "environment": overlay.environment,
                "change": overlay.kind,
                "error": overlay.error,
                "notes": list(overlay.notes),
                "changes": [_change(change) for change in overlay.changes],
            }
            for overlay in difference.overlays
        ],
    }
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"


DIFF_FORMATS: Mapping[str, Callable[[Difference], str]] = {
    "text": as_text,
    "markdown": as_markdown,
    "json": as_json,
}


def _change(change: ObjectChange) -> JsonObject:
    ref = change.object
    return {
        "object": {
            "apiVersion": ref.api_version,
            "kind": ref.kind,
            "namespace": ref.namespace,
            "name": ref.name,
        },
        "change": change.kind,
        "fields": [
            {"path": field.path}
            | ({} if field.before is ABSENT else {"before": field.before})
            | ({} if field.after is ABSENT else {"after": field.after})
            for field in change.fields
        ],
        "risks": list(change.risks),
    }


def _groups(difference: Difference) -> list[Group]:
    """Overlays with the same changes together, in the order of the first of each."""
    groups: dict[object, Group] = {}
    for overlay in difference.overlays:
        same: object = overlay.path
        if overlay.kind is Kind.CHANGED and not (overlay.error or overlay.before):
            same = repr([(c.kind, c.object.kind, c.object.name, c.fields, c.risks) for c in overlay.changes])
        groups.setdefault(same, []).append(overlay)
    return list(groups.values())


def _heading(group: Group) -> str:
    overlay = group[0]
    paths = _some([one.path for one in group])
    if overlay.before is not None:
        paths += f" (was {overlay.before})"
    if overlay.error:
        return f"{paths}: {overlay.error}"
    counts = {kind: sum(change.kind is kind for change in overlay.changes) for kind in Kind}
    said = ", ".join(f"{number} {kind}" for kind, number in counts.items() if number)
    whole = {Kind.ADDED: "a new overlay, ", Kind.REMOVED: "the overlay is gone, "}.get(overlay.kind, "")
    return f"{paths}: {whole}{said or 'the same objects'}{' in each' if len(group) > 1 else ''}"


def _lines(group: Group) -> Iterator[str]:
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
    if whole:  # the same of many objects is said once
        for risk, names in _by_risk(overlay).items():
            yield f"!   {risk}: {_some(names)}"


def _details(group: Group, *, with_body: bool) -> str:
    overlay = group[0]
    notes = "".join(f"- **{_escaped(note)}**\n" for note in overlay.notes)
    for risk, names in _by_risk(overlay).items():
        notes += f"- **{_escaped(risk)}**: {_escaped(_some(names))}\n"
    body = "\n".join(_lines(group)) if with_body else ""
    fence = "`" * max(3, 1 + max((len(run) for run in body.split() if set(run) == {"`"}), default=0))
    fields = (
        f"{fence}diff\n{body}\n{fence}" if body else "The fields found no room: `kustodian diff` shows them."
    )
    if overlay.error:
        fields = ""
    return f"\n<details><summary>{_escaped(_heading(group))}</summary>\n\n{notes}\n{fields}\n</details>\n"


def _by_risk(overlay: OverlayDifference) -> dict[str, list[str]]:
    """The objects of each risk, what concerns most of them last: it is the least surprising."""
    risks: dict[str, list[str]] = {}
    for change in overlay.changes:
        for risk in change.risks:
            risks.setdefault(risk, []).append(f"{change.object.kind} {change.object.name}")
    return dict(sorted(risks.items(), key=lambda entry: (len(entry[1]), entry[0])))


def _shown(refs: list[ObjectRef]) -> str:
    first = refs[0]
    if all(ref.namespace == first.namespace for ref in refs):
        return str(first)
    return f"{first.kind} */{first.name}"


def _some(names: list[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more


def _escaped(text: str) -> str:
    """Text of a manifest that can neither write markup nor mention anybody."""
    for character, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("@", "&#64;"), ("*", "&#42;")):
        text = text.replace(character, entity)
    return text.replace("`", "&#96;").replace("_", "&#95;").replace("[", "&#91;")


def _summary(difference: Difference) -> str:
    compared = [overlay for overlay in difference.overlays if overlay.error is None]
    failed = len(difference.overlays) - len(compared)
    objects = sum(len(overlay.changes) for overlay in compared)
    since, total = difference.commit[:12], len(difference.overlays) + difference.unchanged
    overlays = plural(total, "overlay")
    text = f"no rendered object differs from {since} ({overlays})"
    if objects:
        text = f"{plural(objects, 'object')} in {len(compared)} of {overlays} differ from {since}"
    return f"{text}, {plural(failed, 'overlay')} NOT COMPARED" if failed else text
