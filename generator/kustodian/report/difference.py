"""`kustodian diff` as text, markdown and JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from kustodian.model.difference import ABSENT, Difference, FieldChange, Kind, ObjectChange, OverlayDifference
from kustodian.model.json_value import JsonObject

_SIGNS = {Kind.ADDED: "+", Kind.REMOVED: "-", Kind.CHANGED: "~"}
#: What GitHub takes as one comment, in characters, less what surrounds the list.
_COMMENT_LIMIT = 60_000
_LONGEST_VALUE = 160
SCHEMA = "kustodian/diff/v1"


def as_text(difference: Difference) -> str:
    """Overlay by overlay, a line for each object and field."""
    lines = []
    for overlay in difference.overlays:
        lines += [_heading(overlay), *_overlay_lines(overlay), ""]
    return "\n".join([*lines, _summary(difference), ""])


def as_markdown(difference: Difference) -> str:
    """A comment for a pull request; cut at what a forge takes, and it says so."""
    parts = [f"<!-- kustodian diff -->\n### What changes in the cluster\n\n{_summary(difference)}\n"]
    size = len(parts[0])
    for index, overlay in enumerate(difference.overlays):
        risks = sorted({risk for change in overlay.changes for risk in change.risks})
        notes = "".join(f"- **{risk}**\n" for risk in risks)
        body = "\n".join(_overlay_lines(overlay))
        fence = "````" if "```" in body else "```"
        head = f"\n<details><summary>{_heading(overlay)}</summary>\n\n{notes}\n"
        part = f"{head}{fence}diff\n{body}\n{fence}\n</details>\n"
        if size + len(part) > _COMMENT_LIMIT:
            left = len(difference.overlays) - index
            parts.append(f"\n{left} more overlays do not fit here: `kustodian diff` shows them.\n")
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
                "environment": overlay.environment,
                "error": overlay.error,
                "changes": [_change(change) for change in overlay.changes],
            }
            for overlay in difference.overlays
        ],
    }
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"


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


def _heading(overlay: OverlayDifference) -> str:
    if overlay.error:
        return f"{overlay.path}: {overlay.error}"
    counts = {kind: sum(change.kind is kind for change in overlay.changes) for kind in Kind}
    return f"{overlay.path}: " + ", ".join(f"{number} {kind}" for kind, number in counts.items() if number)


def _overlay_lines(overlay: OverlayDifference) -> Iterator[str]:
    for change in overlay.changes:
        yield f"{_SIGNS[change.kind]} {change.object}"
        for field in change.fields:
            yield from _field_lines(field)
        for risk in change.risks:
            yield f"!   {risk}"


def _field_lines(field: FieldChange) -> Iterator[str]:
    yield f"    {field.path}"
    if field.before is not ABSENT:
        yield f"-     {_value(field.before)}"
    if field.after is not ABSENT:
        yield f"+     {_value(field.after)}"


def _value(value: Any) -> str:
    text = value if isinstance(value, str) and "\n" not in value else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}… ({len(text)} characters)"


def _summary(difference: Difference) -> str:
    changed = len(difference.overlays)
    objects = sum(len(overlay.changes) for overlay in difference.overlays)
    if not changed:
        return f"no rendered object differs from {difference.commit[:12]} ({difference.unchanged} overlays)"
    of = f"{changed} of {changed + difference.unchanged} overlays"
    return f"{objects} object{'s' * (objects != 1)} in {of} differ from {difference.commit[:12]}"
